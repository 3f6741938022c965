/**
 * Runs one test file in a process of its own, in a process group of its own, and judges what comes back.
 * Nothing of that group outlives the file: a hung one is killed, and so is what a finished one started.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { suitesNotRun } from './discover.ts'
import type { Counts, FinishedReport, Report, SkippedTest } from './report.ts'
import { parseReport } from './report.ts'

/** What came of one file. */
export interface FileResult extends Counts {
  /** Why the file failed as a whole, besides failed tests: hung, died, no tests … */
  readonly problems: readonly string[]
  readonly skips: readonly SkippedTest[]
  /** Everything the process printed, stdout and stderr as they came; cut at the front when too long. */
  readonly output: string
  readonly durationMs: number
}

/** How long a file may take. */
export interface RunFileOptions {
  /** From start to end, unless the file exports a `deadlineMs` of its own. Default: 120,000. */
  readonly deadlineMs?: number
  /** From the end of the last test to the end of the process. Default: 10,000, or the deadline if shorter. */
  readonly lingerMs?: number
}

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))
const OUTPUT_LIMIT = 4 * 1024 * 1024
const running = new Set<ChildProcess>()

/** Kills the process groups of all files that still run; for a runner that is being stopped. */
export function killAll(): void {
  for (const child of running) killGroup(child)
}

/** Runs the compiled test file at `path`. Never rejects because of what the file does. */
export async function runFile(
  path: string,
  { deadlineMs = 120_000, lingerMs = Math.min(10_000, deadlineMs) }: RunFileOptions = {},
): Promise<FileResult> {
  const start = performance.now()
  const child = spawn(process.execPath, [CHILD, path], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  const output = collectOutput(child)
  const progress = new Progress(child, start, deadlineMs, lingerMs)
  const death = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`did not start: ${error.message}`))
    child.once('exit', (code, signal) => {
      // Grandchildren may hold the pipes open; without them `close` comes at once.
      killGroup(child)
      child.once('close', () => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
    })
  })
  progress.stop()
  running.delete(child)
  const lost = suitesNotRun(readFileSync(path, 'utf8'))
  return {
    ...judge(progress, death, lost),
    output: output(),
    durationMs: performance.now() - start,
  }
}

function judge(
  { finished, killedBecause, test }: Progress,
  death: string,
  lost: readonly string[],
): Omit<FileResult, 'output' | 'durationMs'> {
  const { passed = 0, failed = 0, skipped = 0, skips = [] } = finished ?? {}
  const problems: string[] = []
  const during = test === undefined ? 'while it was loaded' : `in or after the test "${test}"`
  if (killedBecause !== undefined) problems.push(killedBecause)
  else if (finished === undefined) problems.push(`died ${during}: ${death}`)
  else if (death !== (failed > 0 ? 'exit code 1' : 'exit code 0')) {
    problems.push(`died after its tests: ${death}`)
  }
  for (const name of lost) problems.push(`${name}.run() is missing after the last test of ${name}`)
  if (finished !== undefined) {
    if (passed + failed + skipped === 0) problems.push('reported no tests')
    const unexplained = skipped - skips.length
    if (unexplained > 0) {
      problems.push(
        `${unexplained} skipped without a reason: use skip(test, name, lacks), no .only`,
      )
    }
  }
  return { passed, failed: failed + (problems.length > 0 ? 1 : 0), skipped, problems, skips }
}

/** Follows the reports of one test process, and kills it when it takes too long. */
class Progress {
  finished: FinishedReport | undefined
  killedBecause: string | undefined
  /** The test that began last. */
  test: string | undefined
  readonly #child: ChildProcess
  readonly #start: number
  readonly #lingerMs: number
  #timer: NodeJS.Timeout

  constructor(child: ChildProcess, start: number, deadlineMs: number, lingerMs: number) {
    this.#child = child
    this.#start = start
    this.#lingerMs = lingerMs
    this.#timer = this.#killAfter(deadlineMs)
    let rest = ''
    const reports = child.stdio[3]
    if (reports === null || reports === undefined || !('setEncoding' in reports)) {
      throw new TypeError('expected a readable pipe for the reports')
    }
    reports.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#take(parseReport(line))
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #take(report: Report): void {
    switch (report.kind) {
      case 'loaded':
        if (report.deadlineMs !== undefined) this.#restart(report.deadlineMs)
        break
      case 'started':
        this.test = report.test
        break
      case 'finished':
        this.finished = report
        this.#restart(performance.now() - this.#start + this.#lingerMs)
        break
    }
  }

  #restart(deadlineMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = this.#killAfter(deadlineMs)
  }

  #killAfter(deadlineMs: number): NodeJS.Timeout {
    const leftMs = Math.max(0, this.#start + deadlineMs - performance.now())
    return setTimeout(() => {
      const seconds = `${(deadlineMs / 1000).toFixed(1)} s`
      if (this.finished !== undefined) {
        this.killedBecause = `hung after its last test, killed after ${seconds}`
      } else {
        const where = this.test === undefined ? 'while it was loaded' : `in the test "${this.test}"`
        this.killedBecause = `hung ${where}, killed after ${seconds}`
      }
      killGroup(this.#child)
    }, leftMs)
  }
}

function collectOutput(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  let size = 0
  let cut = false
  const add = (chunk: Buffer): void => {
    chunks.push(chunk)
    size += chunk.length
    while (size > OUTPUT_LIMIT && chunks.length > 1) {
      size -= chunks.shift()?.length ?? 0
      cut = true
    }
  }
  child.stdout?.on('data', add)
  child.stderr?.on('data', add)
  return () => (cut ? '(the beginning is cut)\n' : '') + Buffer.concat(chunks).toString('utf8')
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: nothing of the group is left, which is what we want.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
