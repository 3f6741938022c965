/**
 * Which windows a record belongs to: the contract of assigners, and the simplest of them.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { checkOptions } from '../../runtime/known-options.ts'
import type { TimeWindow, WindowTime } from './time-window.ts'
import type { AnyTrigger } from './trigger.ts'

/** What an assigner can know besides the record. */
export interface AssignerContext {
  /** The clock of the host, in ms since 1970. */
  readonly processingTime: number
}

/** Windows of one key that become one. */
export interface WindowMerge {
  readonly result: TimeWindow
  /** The windows that it replaces: at least one of those that `merge` was given. */
  readonly merged: readonly TimeWindow[]
}

/**
 * Puts records into windows (Flink's WindowAssigner and MergingWindowAssigner). Write your own as a plain object; it is shared by
 * all subtasks of a slot, so it must keep nothing between two calls.
 *
 * @example
 * // Each order in a window that its amount makes long.
 * const spans: WindowAssigner<Order> = {
 *   name: 'spans of orders',
 *   time: 'event',
 *   needsTimestamps: true,
 *   assignWindows: (order, timestamp) => [{ start: timestamp, end: timestamp + order.amount }],
 * }
 */
export interface WindowAssigner<in T = unknown> {
  /** Shown in plans, e.g. `tumbling(3600000 ms)`. */
  readonly name: string
  /** By which time windows close and are forgotten. */
  readonly time: WindowTime
  /** Whether records must have a timestamp: one without is refused with `NO_TIMESTAMP`. */
  readonly needsTimestamps: boolean
  /**
   * The windows of a record. Starts and ends are whole milliseconds, or infinite. Windows of equal start and end are the same window.
   */
  assignWindows(value: T, timestamp: number, context: AssignerContext): readonly TimeWindow[]
  /**
   * Whether windows of one key become one: `overlapping`, all that overlap or touch, as sessions do; or a function that gets the
   * windows of a key in the order of their starts, the new one among them. Default: windows stay apart.
   */
  readonly merge?: 'overlapping' | ((windows: readonly TimeWindow[]) => readonly WindowMerge[])
  /** The trigger where the user gives none. Default: one that fires when the window is complete, by `time`. */
  readonly defaultTrigger?: AnyTrigger
  /** Says that windows never end: then no record is late for them. */
  readonly endless?: boolean
  /** Says that all windows have one length and follow one another: what lets them be computed faster. */
  readonly spacing?: WindowSpacing
  /**
   * Says that each record makes one window, which begins with it and lasts so many ms, and that windows which overlap or touch become one: what
   * lets sessions be computed faster.
   */
  sessionGap?(this: void, value: T): number
}

/** How windows of one length lie: a window starts at every `offset + n * slide` and lasts `size` ms. */
export interface WindowSpacing {
  readonly size: number
  readonly slide: number
  readonly offset: number
}

/** Puts every record into exactly one window, known from its timestamp alone. */
export interface AlignedWindowAssigner extends WindowAssigner {
  /** Start of the window that holds `timestamp`. */
  windowStart(timestamp: number): number
  /** End (exclusive) of the window with this start. */
  windowEnd(start: number): number
}

/** Milliseconds. */
export interface TumblingOptions {
  /** Length of a window: an integer of at least 1. */
  readonly size: number
  /** Where windows start, relative to 1970-01-01T00:00:00Z: an integer with an absolute value below `size`. Default: 0. */
  readonly offset?: number
  /** Default: `event`. */
  readonly time?: WindowTime
}

/**
 * Windows of one length, side by side (Flink's TumblingEventTimeWindows and TumblingProcessingTimeWindows). A number is the size.
 * Errors: `INVALID_WINDOW`.
 *
 * @example tumbling({ size: 86_400_000, offset: -28_800_000 }) // days in UTC+8
 */
export function tumbling(options: TumblingOptions | number): AlignedWindowAssigner {
  const {
    size,
    offset = 0,
    time = 'event',
  } = windowOptions<TumblingOptions>(options, ['size', 'offset', 'time'], 'tumbling')
  requireSpan(size, 'A tumbling window expects a size')
  if (!Number.isSafeInteger(offset) || Math.abs(offset) >= size) {
    throw new MillraceError(
      'INVALID_WINDOW',
      `A tumbling window of ${size} ms expects an offset of whole milliseconds between -${size} and ${size}, ` +
        `both exclusive, got ${String(offset)}`,
    )
  }
  requireTime(time, 'A tumbling window')
  const shift = offset === 0 ? '' : `, offset ${offset} ms`
  const windowStart = (timestamp: number): number => windowStartWithOffset(timestamp, offset, size)
  return {
    name: `tumbling(${size} ms${shift}${timeInName(time)})`,
    time,
    needsTimestamps: time === 'event',
    spacing: { size, slide: size, offset },
    windowStart,
    windowEnd: (start) => start + size,
    assignWindows: (_value, timestamp, { processingTime }) => {
      const start = windowStart(time === 'event' ? timestamp : processingTime)
      return [{ start, end: start + size }]
    },
  }
}

/** The window of `endOfStream` and `globalWindow`. */
export const GLOBAL_WINDOW: TimeWindow = Object.freeze({
  start: MIN_TIMESTAMP,
  end: MAX_TIMESTAMP,
})

/**
 * One window for everything, which fires when bounded input has ended (Flink's GlobalWindows with its end-of-stream
 * trigger). Its start and end are infinite; records need no timestamp.
 */
export function endOfStream(): AlignedWindowAssigner {
  return {
    name: 'endOfStream',
    time: 'event',
    needsTimestamps: false,
    endless: true,
    windowStart: () => MIN_TIMESTAMP,
    windowEnd: () => MAX_TIMESTAMP,
    assignWindows: () => [GLOBAL_WINDOW],
  }
}

/** Start of the window of `size` ms that holds `timestamp`, negative ones too (Flink's TimeWindow.getWindowStartWithOffset). */
export function windowStartWithOffset(timestamp: number, offset: number, size: number): number {
  const remainder = (timestamp - offset) % size
  // `+ 0` because -0 would be a window start that prints and compares oddly.
  return timestamp - (remainder < 0 ? remainder + size : remainder) + 0
}

/** Options of an assigner of which the first may stand alone, as a number. Errors: `INVALID_WINDOW`. */
export function windowOptions<O extends object>(
  options: O | number,
  known: readonly [keyof O & string, ...(keyof O & string)[]],
  what: string,
): O {
  if (typeof options === 'number') return { [known[0]]: options } as unknown as O
  checkOptions(options, known, what, 'INVALID_WINDOW')
  return options
}

/** Throws `INVALID_WINDOW` unless `ms` is a whole number from 1. `what` reads like "A tumbling window expects a size". */
export function requireSpan(ms: unknown, what: string): void {
  if (Number.isSafeInteger(ms) && (ms as number) >= 1) return
  throw new MillraceError(
    'INVALID_WINDOW',
    `${what} of at least 1 whole millisecond, got ${String(ms)}`,
  )
}

/** Throws `INVALID_WINDOW` unless `time` is a `WindowTime`. */
export function requireTime(time: unknown, what: string): void {
  if (time === 'event' || time === 'processing') return
  throw new MillraceError(
    'INVALID_WINDOW',
    `${what} expects the time to be 'event' or 'processing', got ${String(time)}`,
  )
}

/** What an assigner's name says of its time: nothing for event time. */
export function timeInName(time: WindowTime): string {
  return time === 'event' ? '' : ', processing time'
}
