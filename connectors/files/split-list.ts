/**
 * The simplest enumerator: splits known from the start, given out in order to whoever asks. Runs on the coordinator.
 */
import type { SplitEnumerator } from '../../operators/source.ts'

/**
 * Gives out the splits of a list, one at a time, in order.
 *
 * @param recordsExpected records of all splits together, where that is known and finite
 */
export function listEnumerator<Split>(
  splits: readonly Split[],
  recordsExpected?: number,
): SplitEnumerator<Split> {
  let next = 0
  return {
    recordsExpected: Number.isFinite(recordsExpected) ? recordsExpected : undefined,
    next: () => (next < splits.length ? splits[next++] : undefined),
  }
}
