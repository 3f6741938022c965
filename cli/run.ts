/**
 * `millrace run`: runs a job to its end and shows how it went.
 */
import { resolveOptions } from '../api/execution/run-options.ts'
import type { ResolvedOptions, RunOptions } from '../api/execution/run-options.ts'
import { runJob } from '../api/execution/run-job.ts'
import type { JobHandle, JobResult } from '../api/execution/run-job.ts'
import { codeOf, EXIT, exitCodeOf, lacksDirectory, reportError } from './errors.ts'
import { runOptions } from './options.ts'
import type { JobCommandOptions } from './options.ts'
import { print, releaseStdout, reserveStdout } from './output.ts'
import type { ProgressLine } from './progress.ts'
import { recoveryRunOptions } from './recovery-options.ts'
import type { RecoveryCommandOptions } from './recovery-options.ts'
import { keptText, notResumedText, restartText, restoreText } from './recovery-report.ts'
import { jsonText, totalsText } from './report.ts'
import type { CollectedRows } from './report.ts'
import { stopWithSavepoint, watchSavepoints } from './savepoints.ts'
import { watchSignals } from './signals.ts'
import type { SignalWatch } from './signals.ts'
import { columnsOf, stylesFor } from './terminal.ts'

/** Options of `millrace run`. */
export interface RunCommandOptions extends JobCommandOptions, RecoveryCommandOptions {
  readonly codec?: 'columns' | 'msgpack'
  readonly host?: 'threads' | 'inline'
  readonly json?: boolean
  /** Rows that a table of a collected stream shows. */
  readonly rows: number
}

/** What ends a run from outside: the reader of the output has gone, or code of the user failed where nobody caught it. */
export interface RunInterruptions {
  /** Registers what to do then. */
  onInterrupt(stop: (reason: Interruption) => void): void
}

/** Why a run was interrupted, and the exit code. An error is shown, a broken pipe is not. */
export type Interruption =
  | { readonly kind: 'broken pipe' }
  | { readonly kind: 'error'; readonly error: unknown }

/** How a run ended, as far as the process is concerned. */
export interface RunOutcome {
  readonly exitCode: number
  /** To be shown on stderr. */
  readonly error?: unknown
  /** Behind the error: what is kept of the job, and how to go on. */
  readonly advice?: string
}

/** Runs the job of a module. Resolves when everything is printed; an error that is to be shown is part of the outcome. */
export async function runCommand(
  file: string,
  options: RunCommandOptions,
  interruptions: RunInterruptions,
): Promise<RunOutcome> {
  const { codec, host } = options
  const forEngine: RunOptions = {
    ...runOptions(options),
    ...(codec === undefined ? {} : { codec }),
    ...(host === undefined ? {} : { host }),
    ...recoveryRunOptions(options),
    onRestart: (notice) => void process.stderr.write(restartText(notice)),
    onRestore: (notice) => void process.stderr.write(restoreText(notice)),
  }
  releaseStdout()
  const printLine = options.json === true ? reserveStdout() : undefined
  const resolved = resolveOptions(forEngine, true)
  const { checkpoints, resume = false, from } = options
  if (checkpoints !== undefined && !resume && from === undefined)
    process.stderr.write(await notResumedText(checkpoints))
  const job = runJob(file, forEngine)
  const run = await watch(job, options, interruptions)
  if (printLine !== undefined) {
    await printLine(`${jsonText(factsOf(job, run, resolved))}\n`)
  } else if (run.result !== undefined) {
    await print(`${await reportText(run.result, run.collected)}\n`)
  }
  const outcome = { ...outcomeOf(run), ...(await wrongArgument(job, run, options)) }
  if (outcome.error === undefined || checkpoints === undefined || job.name === '') return outcome
  return { ...outcome, advice: await keptText(checkpoints) }
}

interface WatchedRun {
  readonly result: JobResult | undefined
  readonly error: unknown
  readonly collected: readonly CollectedRows[]
  readonly interruption: Interruption | undefined
  readonly signals: SignalWatch
}

/** Waits for the end of the job, with signals and the progress line in place as long as it runs. */
async function watch(
  job: JobHandle,
  options: RunCommandOptions,
  interruptions: RunInterruptions,
): Promise<WatchedRun> {
  let interruption: Interruption | undefined
  const stop = (): void => {
    void job.cancel()
  }
  interruptions.onInterrupt((reason) => {
    interruption ??= reason
    stop()
  })
  const { savepoint } = options
  const signals =
    savepoint === undefined
      ? watchSignals(stop)
      : watchSignals(() => {
          stopWithSavepoint(job, savepoint, stop)
        }, Number.POSITIVE_INFINITY)
  const savepoints = savepoint === undefined ? undefined : watchSavepoints(job, savepoint)
  const keep = options.json === true ? Number.POSITIVE_INFINITY : options.rows
  const ended = Promise.allSettled([job.result(), collectAll(job, keep)])
  let progress: ProgressLine | undefined
  try {
    if (process.stderr.isTTY) {
      // Loaded while the job starts, and only where somebody looks.
      const { showProgress } = await import('./progress.ts')
      progress = showProgress(job, stylesFor(process.stderr, process.env))
    }
    const [result, collected] = await ended
    return {
      result: result.status === 'fulfilled' ? result.value : undefined,
      error: result.status === 'rejected' ? result.reason : undefined,
      collected: collected.status === 'fulfilled' ? collected.value : [],
      get interruption() {
        return interruption
      },
      signals,
    }
  } finally {
    progress?.stop()
    savepoints?.release()
    signals.release()
  }
}

/** Reads all collected streams at once: a stream that nobody reads would hold the job up. */
async function collectAll(job: JobHandle, keep: number): Promise<CollectedRows[]> {
  const names = await job.collected()
  return Promise.all(names.map((name) => collectOne(job, name, keep)))
}

async function collectOne(job: JobHandle, name: string, keep: number): Promise<CollectedRows> {
  const rows: unknown[] = []
  let count = 0
  for await (const row of job.collect(name)) {
    count++
    if (rows.length < keep) rows.push(row)
  }
  return { name, rows, count }
}

async function reportText(result: JobResult, collected: readonly CollectedRows[]): Promise<string> {
  const totals = totalsText(result)
  if (collected.length === 0) return totals
  const { collectedText } = await import('./collected.ts')
  const styles = stylesFor(process.stdout, process.env)
  const columns = columnsOf(process.stdout)
  const tables = collected.map((stream) => collectedText(stream, { columns, styles }))
  return [totals, ...tables].join('\n\n')
}

function factsOf(job: JobHandle, run: WatchedRun, { parallelism, slots }: ResolvedOptions) {
  const { error, result, collected } = run
  return {
    job: job.name,
    state: job.state,
    parallelism,
    slots,
    metrics: result,
    collected,
    ...(error === undefined ? {} : { error: reportError(error) }),
  }
}

/** What `--from` names is not there: that was wrong before the job began. */
async function wrongArgument(
  job: JobHandle,
  { error }: WatchedRun,
  { from }: RunCommandOptions,
): Promise<Partial<RunOutcome>> {
  if (from === undefined || !lacksDirectory(error)) return {}
  const { durationMs } = await job.metrics()
  return durationMs === 0 ? { exitCode: EXIT.usage } : {}
}

function outcomeOf({ result, error, interruption, signals }: WatchedRun): RunOutcome {
  if (interruption?.kind === 'broken pipe') return { exitCode: EXIT.brokenPipe }
  if (interruption !== undefined) return { exitCode: EXIT.failed, error: interruption.error }
  if (result !== undefined) return { exitCode: EXIT.success }
  // The reader of something that the job itself prints to: the end of the job, but nothing to complain about.
  if (codeOf(error) === 'OUTPUT_CLOSED') return { exitCode: EXIT.brokenPipe }
  const byCode = codeOf(error) === 'JOB_CANCELLED' ? signals.exitCode : undefined
  return { exitCode: byCode ?? exitCodeOf(error), error }
}
