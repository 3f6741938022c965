/**
 * Windows, and what belongs to their times.
 */

/** The span `[start, end)` in ms since 1970. Infinite for the global window. */
export interface TimeWindow {
  readonly start: number
  readonly end: number
}

/** Which time windows are cut by: that of the records, or the clock of the host when they come. */
export type WindowTime = 'event' | 'processing'

/** The last moment that belongs to a window: the time of its results, in ms. */
export function maxTimestamp({ end }: TimeWindow): number {
  return end - 1
}

/**
 * When a window is complete. Event time: once the watermark has reached its last millisecond. Processing time: once the clock has
 * reached its end, for until then records may still come (as in Flink, which delays its clock by one millisecond to the same end).
 */
export function closingTime(window: TimeWindow, time: WindowTime): number {
  return time === 'event' ? maxTimestamp(window) : window.end
}

/** Whether two windows overlap or touch. */
export function intersects(a: TimeWindow, b: TimeWindow): boolean {
  return a.start <= b.end && b.start <= a.end
}

/** The smallest window that holds both. */
export function cover(a: TimeWindow, b: TimeWindow): TimeWindow {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) }
}

/** Whether two windows are the same. */
export function isSame(a: TimeWindow, b: TimeWindow): boolean {
  return a.start === b.start && a.end === b.end
}
