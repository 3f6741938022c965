/**
 * The simplest enumerator: splits known from the start, given out in order to whoever asks. Runs on the coordinator.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { SplitEnumerator } from '../../operators/source.ts'

/**
 * Where a list of splits stands: plain data, part of checkpoints. It names what the list was made from instead of what is left of it,
 * because it is asked for before each split and there may be many.
 */
export interface ListProgress<Facts> {
  /** What made it: facts of one kind of source are nothing to another. */
  readonly kind: string
  /** From these the same list follows every time, whatever has become of the files and the parallelism since. */
  readonly facts: Facts
  /** Number of splits given out. */
  readonly given: number
}

/** What is known of a list besides its splits. */
export interface ListOptions<Facts> {
  /** Records of all splits together, where that is known and finite. */
  readonly recordsExpected?: number
  /** From where it goes on, and what its snapshots say. Default: no snapshots, for lists that are always the same. */
  readonly progress?: ListProgress<Facts>
}

/** Gives out the splits of a list, one at a time, in order. */
export function listEnumerator<Split, Facts = unknown>(
  splits: readonly Split[],
  { recordsExpected, progress }: ListOptions<Facts> = {},
): SplitEnumerator<Split> {
  let next = progress?.given ?? 0
  const enumerator: SplitEnumerator<Split> = {
    recordsExpected: Number.isFinite(recordsExpected) ? recordsExpected : undefined,
    next: () => (next < splits.length ? splits[next++] : undefined),
  }
  if (progress === undefined) return enumerator
  return { ...enumerator, snapshot: () => ({ ...progress, given: next }) }
}

/**
 * What an enumerator of the same kind had said; undefined when the job starts from nothing. Errors: `INCOMPATIBLE_STATE` when it was
 * another kind of source.
 */
export function restoredList<Facts>(
  restored: unknown,
  kind: string,
): ListProgress<Facts> | undefined {
  if (restored === undefined) return undefined
  const found = restored as Partial<ListProgress<Facts>> | null
  if (found?.kind === kind && found.facts !== undefined && Number.isSafeInteger(found.given)) {
    return found as ListProgress<Facts>
  }
  throw new MillraceError(
    'INCOMPATIBLE_STATE',
    `${kind}: the checkpoint holds the splits of another kind of source, ${JSON.stringify(found?.kind)}; ` +
      'a source that has been replaced needs another uid',
  )
}
