/**
 * The simplest enumerator: splits known from the start, given out in order to whoever asks. Runs on the coordinator.
 */
import type { SplitEnumerator } from '../../operators/source.ts'

/** Gives out the splits of a list, one at a time, in order. */
export function listEnumerator<Split>(splits: readonly Split[]): SplitEnumerator<Split> {
  let next = 0
  return {
    next: () => (next < splits.length ? splits[next++] : undefined),
  }
}
