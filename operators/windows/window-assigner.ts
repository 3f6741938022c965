/**
 * Which window a record belongs to. Windows are `[start, end)` in milliseconds of event time.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'

/** Puts every record into exactly one window, known from its timestamp alone. */
export interface WindowAssigner {
  /** Shown in plans, e.g. `tumbling(3600000 ms)`. */
  readonly name: string
  /** Whether records must have a timestamp. */
  readonly needsTimestamps: boolean
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
}

/**
 * Windows of one length, side by side (Flink's TumblingEventTimeWindows). A number is the size.
 * Errors: `INVALID_WINDOW`.
 *
 * @example tumbling({ size: 86_400_000, offset: -28_800_000 }) // days in UTC+8
 */
export function tumbling(options: TumblingOptions | number): WindowAssigner {
  const { size, offset = 0 } = typeof options === 'number' ? { size: options } : options
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new MillraceError(
      'INVALID_WINDOW',
      `A tumbling window expects a size of at least 1 whole millisecond, got ${String(size)}`,
    )
  }
  if (!Number.isSafeInteger(offset) || Math.abs(offset) >= size) {
    throw new MillraceError(
      'INVALID_WINDOW',
      `A tumbling window of ${size} ms expects an offset of whole milliseconds between -${size} and ${size}, ` +
        `both exclusive, got ${String(offset)}`,
    )
  }
  const shift = offset === 0 ? '' : `, offset ${offset} ms`
  return {
    name: `tumbling(${size} ms${shift})`,
    needsTimestamps: true,
    windowStart: (timestamp) => windowStartWithOffset(timestamp, offset, size),
    windowEnd: (start) => start + size,
  }
}

/**
 * One window for everything, which fires when bounded input has ended (Flink's GlobalWindows with its end-of-stream
 * trigger). Its start and end are infinite; records need no timestamp.
 */
export function endOfStream(): WindowAssigner {
  return {
    name: 'endOfStream',
    needsTimestamps: false,
    windowStart: () => MIN_TIMESTAMP,
    windowEnd: () => MAX_TIMESTAMP,
  }
}

/** Start of the window of `size` ms that holds `timestamp`, negative ones too (Flink's TimeWindow.getWindowStartWithOffset). */
export function windowStartWithOffset(timestamp: number, offset: number, size: number): number {
  const remainder = (timestamp - offset) % size
  // `+ 0` because -0 would be a window start that prints and compares oddly.
  return timestamp - (remainder < 0 ? remainder + size : remainder) + 0
}
