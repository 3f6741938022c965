/**
 * Who reads which events.
 *
 * As fast as they are taken, readers fetch one short range after the other, so that whoever is quicker reads more, and all are at about the same
 * event time. At a rate each reader has a share of its own: blocks in turn, of which every event is due at a moment that is known beforehand.
 */
import type { SplitEnumerator } from '../../../operators/source.ts'

/** Events that a share takes before it is the turn of the next. */
export const BLOCK = 1_000
/** Some milliseconds of work: much more than it takes to fetch the next, and little for others to wait at the end. */
const RANGE = 20 * BLOCK

/** Events from `from` to before `to`: all of them, or of so many shares one, that is a block of every `step`. */
export interface NexmarkSplit {
  readonly from: number
  readonly to: number
  readonly step: number
}

/** The events that are shared out, from `from` to before `to`. */
export interface EventRange {
  readonly from: number
  readonly to: number
}

/** Gives out ranges in order, to whoever asks. Its snapshot is where the next one begins. */
export function ranges({ from, to }: EventRange, restored: unknown): SplitEnumerator<NexmarkSplit> {
  let next = (restored as number | undefined) ?? from
  return {
    recordsExpected: to - from,
    next() {
      if (next >= to) return undefined
      const split = { from: next, to: Math.min(next + RANGE, to), step: 1 }
      next = split.to
      return split
    },
    snapshot: () => next,
  }
}

/** What the enumerator of shares had not given out. */
interface SharesLeft {
  readonly shares: number
  readonly left: readonly number[]
}

/** Gives each reader a share of its own: one that asks early must not get them all. */
export function shares(
  { from, to }: EventRange,
  { parallelism, restored }: { readonly parallelism: number; readonly restored?: unknown },
): SplitEnumerator<NexmarkSplit> {
  const before = restored as SharesLeft | undefined
  const count = before?.shares ?? parallelism
  const left = new Set(before?.left ?? Array.from({ length: count }, (_, share) => share))
  return {
    recordsExpected: to - from,
    next(subtaskIndex) {
      for (const share of left) {
        if (share % parallelism !== subtaskIndex) continue
        left.delete(share)
        return { from: from + share * BLOCK, to, step: count }
      }
      return undefined
    },
    snapshot: (): SharesLeft => ({ shares: count, left: [...left] }),
  }
}
