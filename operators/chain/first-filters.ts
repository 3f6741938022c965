/**
 * Filters whose results are promises: every promise is true, so that every record would stay without a word.
 *
 * Async functions are refused when the job is built; others can only be told by what they return. To look at each result would cost some
 * tenths of a nanosecond per record, so only the first batch of a chain runs through code that does: a second copy of its loop. Filters behind an
 * operator of the chain are called by that and not by the loop; nobody looks at theirs.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { describeRecord } from '../operator-error.ts'

type StepFunction = (value: never, timestamp: number) => unknown

/** What looks at the results of filters, and whether one of them was a promise. */
export interface FilterWatch {
  readonly sawPromise: boolean
  /** The filter, which throws `UNAWAITED_PROMISE` for a promise. */
  watched(filter: StepFunction): StepFunction
}

/** Watches the filters of one chain. */
export function watchFilters(): FilterWatch {
  let sawPromise = false
  return {
    get sawPromise() {
      return sawPromise
    },
    watched: (filter) => (value, timestamp) => {
      const result = filter(value, timestamp)
      if (typeof (result as { readonly then?: unknown } | null)?.then !== 'function') return result
      sawPromise = true
      // Nobody else hears of it, if it fails.
      Promise.resolve(result).catch(() => {})
      throw new MillraceError(
        'UNAWAITED_PROMISE',
        `A filter function must return whether the record stays, got ${describeRecord(result)}, for which nobody waits: ` +
          'use mapAsync before, or flatMapAsync in its place',
      )
    },
  }
}
