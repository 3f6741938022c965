/**
 * How long `millrace run` takes for an empty job, from the start of the process until it has ended; and Node.js itself, which is in it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate } from './measure.ts'

const COMMAND = fileURLToPath(new URL('../cli/main.js', import.meta.url))
const JOB = fileURLToPath(new URL('./start/empty-job.js', import.meta.url))
const ROUNDS = 15

/** Measures, see the head of this file. */
export async function run({ rounds = ROUNDS }: BenchmarkOptions): Promise<readonly Figure[]> {
  const runs = await alternate(
    {
      job: () => millisecondsOf([COMMAND, 'run', JOB]),
      inline: () => millisecondsOf([COMMAND, 'run', JOB, '--host', 'inline']),
      node: () => millisecondsOf(['--eval', '0']),
    },
    { rounds, warmups: 2 },
  )
  return [
    figure('start', 'millrace run of an empty job, ms', runs.job, { reach: 400, aim: 200 }),
    figure('start', 'the same in the main thread, ms', runs.inline),
    figure('start', 'Node.js alone, ms', runs.node),
  ]
}

async function millisecondsOf(args: readonly string[]): Promise<number> {
  const start = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  if (exitCode !== 0) throw new Error(`start: ${args.join(' ')} ended with exit code ${exitCode}`)
  return performance.now() - start
}
