/**
 * Chooses how the slices of keys are kept: as totals in typed arrays where that is exact, else as queues of objects.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { SliceQueue } from './slice-queue.ts'
import type { SlicesOfKey } from './slice-queue.ts'
import { SliceTotals } from './slice-totals.ts'
import { totalsForm } from './totals-form.ts'
import { TotalsQueue } from './totals-queue.ts'

/** Multiples of it, taken modulo 1, lie far from each other, however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_895

/** Makes the queues of one operator, whose windows are `size` ms long. */
export function sliceQueues<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
  size: number,
): () => SlicesOfKey<In, Acc> {
  let made = 0
  const firstTurnMs = (): number => Math.floor(((made++ * GOLDEN_RATIO) % 1) * size)
  const plain = (): SlicesOfKey<In, Acc> => new SliceQueue<In, Acc>(aggregate, firstTurnMs())
  const form = totalsForm(aggregate as AggregateFunction<never, Acc, unknown>)
  if (form === undefined) return plain
  const shared = { aggregate, totals: new SliceTotals<Acc>(form), exact: true }
  return () => (shared.exact ? new TotalsQueue<In, Acc>(shared, firstTurnMs()) : plain())
}
