/**
 * Splits that are ranges of indexes. Pure.
 */

/** Indexes `start`, `start + step` … below `end`; `end` is `Infinity` where nothing ends. */
export interface IndexRange {
  readonly start: number
  readonly end: number
  readonly step: number
}

/** From what the ranges of a source follow. */
export interface RangeFacts {
  readonly count: number
  readonly parts: number
}

/**
 * `count` indexes in `parts` splits. A finite number is cut into ranges that follow each other, so that one
 * reader that takes several sees indexes go up; endless indexes are dealt out in turn. No split is empty.
 */
export function indexRanges(count: number, parts: number): IndexRange[] {
  if (count === Number.POSITIVE_INFINITY) {
    return Array.from({ length: parts }, (_, part) => ({ start: part, end: count, step: parts }))
  }
  const used = Math.min(parts, count)
  return Array.from({ length: used }, (_, part) => ({
    start: Math.floor((part * count) / used),
    end: Math.floor(((part + 1) * count) / used),
    step: 1,
  }))
}
