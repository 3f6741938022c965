/**
 * Chooses how the slices of keys are kept: as totals in typed arrays where that is exact, else as queues of objects.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { unshareFor } from '../aggregates/unshared.ts'
import { SliceQueue } from './slice-queue.ts'
import type { SlicesOfKey } from './slice-queue.ts'
import { SliceTotals } from './slice-totals.ts'
import { totalsForm } from './totals-form.ts'
import { TotalsQueue } from './totals-queue.ts'

/** Makes the queues of the keys of one operator. */
export function sliceQueues<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
): () => SlicesOfKey<In, Acc> {
  const unshare = unshareFor(aggregate as AggregateFunction<never, Acc, unknown>)
  const plain = (): SlicesOfKey<In, Acc> => new SliceQueue<In, Acc>(aggregate, unshare)
  const form = totalsForm(aggregate as AggregateFunction<never, Acc, unknown>)
  if (form === undefined) return plain
  const shared = { aggregate, totals: new SliceTotals<Acc>(form), exact: true }
  return () => (shared.exact ? new TotalsQueue<In, Acc>(shared) : plain())
}
