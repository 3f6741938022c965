/**
 * The whole flights job at parallelism 2, output file included, against one hand-written loop over the same reader that writes the same
 * file. First both on threads that stay from run to run, as in a service; then both on threads that are started for each run, as in a program
 * that is run once.
 */
import { join } from 'node:path'
import { runJob, startCluster } from '../api/index.ts'
import type { JobHost } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { keeping, KeptThread } from './kept-thread.ts'
import { alternate, ratios } from './measure.ts'
import { inTemporaryFolder } from './temporary-folder.ts'

const JOB = new URL('../examples/flights.js', import.meta.url)
const FLIGHTS = 3_000_000
const LOOP = new URL('./flights/loop.js', import.meta.url)
const ROUNDS = 5
const BOUNDS = { reach: 1.5, aim: 1.9 }

type Loop = (output: string) => Promise<number>

/** Runs the comparison: million flights per second, from the call to the end. */
export async function run({ log, rounds = ROUNDS }: BenchmarkOptions): Promise<readonly Figure[]> {
  return inTemporaryFolder('bench', async (folder) => {
    log(`${FLIGHTS} flights per run`)
    return [...(await kept(folder, rounds)), ...(await fresh(folder, rounds))]
  })
}

async function kept(folder: string, rounds: number): Promise<readonly Figure[]> {
  const [two, one] = [await startCluster({ slots: 2 }), await startCluster({ slots: 1 })]
  const threads = [new KeptThread<string, number>(LOOP), new KeptThread<string, number>(LOOP)]
  const [a, b] = threads.map(
    (thread): Loop =>
      (output) =>
        thread.ask(output),
  ) as [Loop, Loop]
  const runs = await keeping([two, one, ...threads], () =>
    alternate(competitors(folder, { two, one, a, b }), { rounds, warmups: 'steady' }),
  )
  return figuresOf('', runs)
}

async function fresh(folder: string, rounds: number): Promise<readonly Figure[]> {
  const once: Loop = (output) => {
    const thread = new KeptThread<string, number>(LOOP)
    return keeping([thread], () => thread.ask(output))
  }
  const parts = { two: 'threads', one: 'threads', a: once, b: once } as const
  return figuresOf(
    ', threads started for the run',
    await alternate(competitors(folder, parts), { rounds }),
  )
}

interface Parts {
  readonly two: JobHost
  readonly one: JobHost
  readonly a: Loop
  readonly b: Loop
}

function competitors(folder: string, { two, one, a, b }: Parts) {
  const file = (name: string): string => join(folder, `${name}.jsonl`)
  return {
    job: () => timed(() => job(two, 2, file('job'))),
    single: () => timed(() => job(one, 1, file('single'))),
    loop: () => timed(() => a(file('loop'))),
    twoLoops: async () => {
      const both = [timed(() => a(file('a'))), timed(() => b(file('b')))]
      return (await Promise.all(both)).reduce((sum, each) => sum + each, 0)
    },
  }
}

type Runs = Record<keyof ReturnType<typeof competitors>, number[]>

function figuresOf(how: string, { job, single, loop, twoLoops }: Runs): readonly Figure[] {
  return [
    figure('flights', `job at parallelism 2, million flights/s${how}`, job),
    figure('flights', `job at parallelism 1, million flights/s${how}`, single),
    figure('flights', `hand-written loop, million flights/s${how}`, loop),
    figure('flights', `job at parallelism 2 / loop${how}`, ratios(job, loop), BOUNDS),
    figure('flights', `job at parallelism 1 / loop${how}`, ratios(single, loop)),
    // What two threads of this machine can do at the most that have nothing to say to each other.
    figure('flights', `two loops at once / loop${how}`, ratios(twoLoops, loop)),
  ]
}

async function timed(work: () => Promise<number>): Promise<number> {
  const start = performance.now()
  const flights = await work()
  if (flights !== FLIGHTS) throw new Error(`expected ${FLIGHTS} flights, got ${flights}`)
  return FLIGHTS / (performance.now() - start) / 1000
}

async function job(host: JobHost, parallelism: number, output: string): Promise<number> {
  const handle = runJob(JOB, { host, parallelism, args: { output } })
  for await (const row of handle.collect('worst airport-hours')) void row
  return (await handle.result()).totals.recordsRead
}
