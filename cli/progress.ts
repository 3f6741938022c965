/**
 * The progress line on a terminal: how much was read, and how fast.
 *
 * Asks the job for its metrics a few times a second, on a timer that does not keep the process alive. Whatever the job itself
 * prints goes above the line.
 */
import cliProgress from 'cli-progress'
import type { JobMetrics } from '../api/execution/job-metrics.ts'
import { grouped } from './cell-text.ts'
import { columnsOf, oneLine } from './terminal.ts'
import type { Styles } from './terminal.ts'

const INTERVAL_MS = 200
/** The speed shown is that of the last samples: two seconds. */
const SAMPLES = 10
const LONGEST_BAR = 30
const RATE_WIDTH = '1,000,000/s'.length
const ERASE_LINE = '\r\u001b[K'

/** What is watched. */
export interface ProgressSource {
  readonly name: string
  metrics(): Promise<JobMetrics>
}

/** A line that is being shown. */
export interface ProgressLine {
  /** Removes it. */
  stop(): void
}

interface Sample {
  readonly atMs: number
  readonly records: number
}

/** Shows the progress of a job on stderr. Call it only when stderr is a terminal. */
export function showProgress(job: ProgressSource, styles: Styles): ProgressLine {
  const samples: Sample[] = []
  let state: ProgressState = { read: 0, expected: undefined, perSecond: 0 }
  let shown = false
  const { lineStream, undo } = keepOutputAbove(() => shown)
  const bar = new cliProgress.SingleBar({
    format: () => progressText(oneLine(job.name), state, columnsOf(process.stderr), styles),
    stream: lineStream,
    clearOnComplete: true,
    // It would add listeners for signals of its own.
    gracefulExit: false,
    hideCursor: null,
    forceRedraw: true,
    fps: 1000 / INTERVAL_MS,
  })
  let stopped = false

  async function poll(): Promise<void> {
    const metrics = await job.metrics()
    if (stopped) return
    const { recordsRead, recordsExpected } = metrics.totals
    samples.push({ atMs: metrics.durationMs, records: recordsRead })
    if (samples.length > SAMPLES) samples.shift()
    const { checkpoints, restarts } = metrics
    const perSecond = speed(samples)
    const completed = checkpoints.completed
    state = { read: recordsRead, expected: recordsExpected, perSecond, completed, restarts }
    if (shown) {
      bar.update(recordsRead)
    } else if (recordsRead > 0) {
      shown = true
      bar.start(recordsExpected ?? 0, recordsRead)
    }
  }

  let asking = false
  const timer = setInterval(() => {
    if (asking) return
    asking = true
    // A job that has just ended may have nothing to say any more.
    poll()
      .catch(() => {})
      .finally(() => {
        asking = false
      })
  }, INTERVAL_MS)
  timer.unref()
  return {
    stop: () => {
      stopped = true
      clearInterval(timer)
      if (shown) bar.stop()
      undo()
    },
  }
}

/** What a progress line says at one moment. */
export interface ProgressState {
  readonly read: number
  readonly expected: number | undefined
  readonly perSecond: number
  /** Completed checkpoints; without any, the line says nothing of them. */
  readonly completed?: number
  /** How often the job has been started again; 0 is not shown. */
  readonly restarts?: number
}

/** The text of the line, at most `columns - 1` wide as long as the job's name is not longer than a few words. */
export function progressText(
  name: string,
  state: ProgressState,
  columns: number,
  styles: Styles,
): string {
  const { read, expected, perSecond } = state
  // Of one width, so that the bar does not jump.
  const rate = `${grouped(Math.round(perSecond))}/s`.padStart(RATE_WIDTH)
  const title = name.length > 20 ? `${name.slice(0, 19)}…` : name
  if (expected === undefined || expected === 0) {
    const line = `${title}  ${grouped(read)} records  `
    const recovery = recoveryText(state, columns - 1 - line.length - rate.length)
    return `${line}${styles.dim(`${rate}${recovery}`)}`
  }
  const share = Math.min(1, read / expected)
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  const all = grouped(expected)
  const facts = `${percent}  ${grouped(read).padStart(all.length)} of ${all} records`
  const room = columns - 1 - title.length - facts.length - rate.length - 5
  const recovery = recoveryText(state, room)
  const width = Math.max(0, Math.min(LONGEST_BAR, room - recovery.length))
  const filled = Math.round(width * share)
  const drawn = styles.cyan('█'.repeat(filled)) + styles.dim('░'.repeat(width - filled))
  return `${title} ${drawn} ${facts}  ${styles.dim(`${rate}${recovery}`)}`
}

/** As much of it as fits, restarts first. */
function recoveryText({ completed = 0, restarts = 0 }: ProgressState, room: number): string {
  const made = completed === 0 ? '' : `  ${grouped(completed)} checkpoint${plural(completed)}`
  const again = restarts === 0 ? '' : `  ${grouped(restarts)} restart${plural(restarts)}`
  return [`${made}${again}`, again].find((text) => text.length <= room) ?? ''
}

function plural(count: number): string {
  return count === 1 ? '' : 's'
}

function speed(samples: readonly Sample[]): number {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined) return 0
  // The very first sample has no predecessor: its speed is that since the start.
  const from = samples.length < SAMPLES ? { atMs: 0, records: 0 } : first
  const elapsedMs = last.atMs - from.atMs
  return elapsedMs > 0 ? ((last.records - from.records) * 1000) / elapsedMs : 0
}

/**
 * While the line is shown, whatever else reaches the terminal clears it first; the next update draws it again.
 * Returns the stream that the line itself is written to, and how to undo it.
 */
function keepOutputAbove(isShown: () => boolean): {
  readonly lineStream: NodeJS.WriteStream
  readonly undo: () => void
} {
  const writeLine = process.stderr.write.bind(process.stderr)
  const lineStream = Object.create(process.stderr, {
    write: { value: writeLine },
  }) as NodeJS.WriteStream
  const undo = [process.stdout, process.stderr]
    .filter(({ isTTY }) => isTTY)
    .map((stream) => {
      const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
      stream.write = (...args: unknown[]): boolean => {
        if (isShown()) writeLine(ERASE_LINE)
        return write(...args)
      }
      return () => {
        stream.write = write
      }
    })
  return { lineStream, undo: () => undo.forEach((one) => one()) }
}
