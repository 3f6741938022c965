/**
 * Windows of one length that overlap, or leave gaps.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { TimeWindow, WindowTime } from './time-window.ts'
import type { WindowAssigner } from './window-assigner.ts'
import {
  requireSpan,
  requireTime,
  timeInName,
  windowOptions,
  windowStartWithOffset,
} from './window-assigner.ts'

/** Milliseconds. */
export interface SlidingOptions {
  /** Length of a window: an integer of at least 1. */
  readonly size: number
  /** A window starts every so often: an integer of at least 1. Above `size`, records between windows belong to none. */
  readonly slide: number
  /** Where windows start, relative to 1970-01-01T00:00:00Z: an integer with an absolute value below `slide`. Default: 0. */
  readonly offset?: number
  /** Default: `event`. */
  readonly time?: WindowTime
}

/**
 * A window of `size` ms every `slide` ms; a record belongs to size / slide of them (Flink's SlidingEventTimeWindows and
 * SlidingProcessingTimeWindows). Errors: `INVALID_WINDOW`.
 *
 * @example sliding({ size: 6 * 3_600_000, slide: 600_000 }) // the last six hours, every ten minutes
 */
export function sliding(options: SlidingOptions): WindowAssigner {
  const {
    size,
    slide,
    offset = 0,
    time = 'event',
  } = windowOptions(options, ['size', 'slide', 'offset', 'time'], 'sliding')
  requireSpan(size, 'A sliding window expects a size')
  requireSpan(slide, 'A sliding window expects a slide')
  if (!Number.isSafeInteger(offset) || Math.abs(offset) >= slide) {
    throw new MillraceError(
      'INVALID_WINDOW',
      `A sliding window with a slide of ${slide} ms expects an offset of whole milliseconds between -${slide} and ${slide}, ` +
        `both exclusive, got ${String(offset)}`,
    )
  }
  requireTime(time, 'A sliding window')
  const shift = offset === 0 ? '' : `, offset ${offset} ms`
  const spacing = { size, slide, offset }
  return {
    name: `sliding(${size} ms every ${slide} ms${shift}${timeInName(time)})`,
    time,
    needsTimestamps: time === 'event',
    spacing,
    assignWindows: (_value, timestamp, { processingTime }) => {
      const moment = time === 'event' ? timestamp : processingTime
      const windows: TimeWindow[] = []
      const last = windowStartWithOffset(moment, offset, slide)
      for (let start = last; start > moment - size; start -= slide)
        windows.push({ start, end: start + size })
      return windows.reverse()
    },
  }
}
