/**
 * Sessions: windows that last as long as records of a key follow one another closely.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { WindowTime } from './time-window.ts'
import { requireSpan, requireTime, timeInName, windowOptions } from './window-assigner.ts'
import type { WindowAssigner } from './window-assigner.ts'

/** Options of `session`. */
export interface SessionOptions<T> {
  /**
   * A session ends when no record has come for so many ms: a whole number from 1, or a function that gives it for each record.
   * Two sessions of which one ends where the other starts are one (as in Flink), unless the first has fired when the other begins.
   */
  readonly gapMs: number | ((value: T) => number)
  /** Default: `event`. */
  readonly time?: WindowTime
}

/**
 * Sessions per key (Flink's EventTimeSessionWindows, ProcessingTimeSessionWindows and their dynamic twins). A number is the gap.
 * Errors: `INVALID_WINDOW`, also for a record whose gap is no whole number from 1.
 *
 * @example
 * session(30 * 60_000)
 * session({ gapMs: (order: Order) => (order.amount > 100 ? 3_600_000 : 600_000) })
 */
export function session<T = unknown>(options: SessionOptions<T> | number): WindowAssigner<T> {
  const { gapMs, time = 'event' } = windowOptions<SessionOptions<T>>(
    options,
    ['gapMs', 'time'],
    'session',
  )
  if (typeof gapMs !== 'function') requireSpan(gapMs, 'A session expects a gap')
  requireTime(time, 'A session')
  const gapOf = typeof gapMs === 'function' ? (value: T) => checkedGap(gapMs(value)) : () => gapMs
  const gapName = typeof gapMs === 'function' ? 'gap from the record' : `${gapMs} ms`
  return {
    name: `session(${gapName}${timeInName(time)})`,
    time,
    needsTimestamps: time === 'event',
    merge: 'overlapping',
    sessionGap: gapOf,
    assignWindows: (value, timestamp, { processingTime }) => {
      const start = time === 'event' ? timestamp : processingTime
      return [{ start, end: start + gapOf(value) }]
    },
  }
}

function checkedGap(gap: number): number {
  if (Number.isSafeInteger(gap) && gap >= 1) return gap
  throw new MillraceError(
    'INVALID_WINDOW',
    `A session expects from its gap function at least 1 whole millisecond for every record, got ${String(gap)}`,
  )
}
