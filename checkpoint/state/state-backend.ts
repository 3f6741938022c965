/**
 * What an operator sees of its state: the states that its user declared, and the parts that it keeps itself.
 *
 * One backend per operator of a subtask, used by the slot's thread only. All access is synchronous. A snapshot is cut
 * by key group, so that it can be restored at another parallelism; see `snapshot.ts` for its form.
 */
import type { CanonicalKey } from '../canonical-key.ts'
import type { KeyedStateDescriptor, OperatorStateDescriptor, StateOf } from './state-descriptors.ts'
import type { DeletedEntry } from './deleted-entries.ts'
import type { SnapshotCut } from './snapshot-cut.ts'
import type { OperatorSnapshot } from './snapshot.ts'

/** What distinguishes several values of one state under one key, e.g. the window they belong to. */
export type Namespace = string | number

/** The states of one operator of one subtask. */
export interface StateBackend {
  /** Says whose values the keyed states show from now on. An operator calls it before it calls its user. */
  setCurrentKey(key: CanonicalKey): void
  /** The same for a tuple of two 32-bit integers (`isIntegerPair`), whose canonical form need not be spelled for it. */
  setCurrentPair(first: number, second: number): void
  /** The key that was set last; undefined before the first. */
  readonly currentKey: CanonicalKey | undefined
  /** The same for states that were made with `namespaced`. */
  setNamespace(namespace: Namespace): void
  /**
   * The handle of a keyed state, with what was restored of it. Calling it again with an equal descriptor returns the same handle.
   * Errors: `DUPLICATE_STATE` for a name that another kind of state has, `INCOMPATIBLE_STATE` when what was restored cannot be
   * read or migrated.
   */
  keyedState<D extends KeyedStateDescriptor>(
    name: string,
    descriptor: D,
    options?: { readonly namespaced?: boolean },
  ): StateOf<D>
  /** The keys that have something in a keyed state (not one made with `namespaced`), in any order; not to be changed meanwhile. */
  keys(stateName: string): Iterable<CanonicalKey>
  /** The same as `keyedState` for state of the operator, without a key. */
  operatorState<D extends OperatorStateDescriptor>(name: string, descriptor: D): StateOf<D>
  /** Adds data per key that the operator keeps in a form of its own, and hands it at once what was restored of it. */
  registerKeyed(part: KeyedPart): void
  /** Adds data without a key that the operator keeps in a form of its own, and hands it at once what was restored of it. */
  registerOperator(part: OperatorPart): void
  /** Whether some of what was restored is still to be made. It is made when its key needs it, and by and by with `restoreStep`. */
  readonly restoring: boolean
  /** Makes some more of it: about a millisecond's work. Returns how many entries. Errors: `DAMAGED_SNAPSHOT`. */
  restoreStep(): number
  /** All states and parts as they are now, as bytes: later changes do not show in it. At once: takes as long as there is state. */
  snapshot(): OperatorSnapshot
  /**
   * The same, but only the cut is made now; what was there is packed by the steps of the cut, while the states are used. A cut that is
   * still being packed is given up. `since`: the number of an earlier cut, of which it needs to have only the changes where its parts can tell
   * them; no cut that was not asked for as a base, and none from before a full one. Errors: `UNSENDABLE_VALUE`, as far as it is found now.
   */
  cut(options?: CutOptions): SnapshotCut
}

/** What a snapshot is to contain, and what it may be used for. */
export interface CutOptions {
  /** The number of the cut on which it builds. Default: none, all is in it. */
  readonly since?: number | undefined
  /** Whether others may build on it. Default: false. */
  readonly isBase?: boolean
}

/** A cut and the one on which it builds. */
export interface CutSpan {
  /** Of this operator's cuts, ascending from 1. */
  readonly number: number
  /** Undefined: all is to be in it. */
  readonly since: number | undefined
  /** Whether others may build on it. */
  readonly isBase: boolean
}

/** Data per key, kept by an operator: timers, windows, buffers. Names are unique in an operator, over states and parts. */
export interface KeyedPart {
  readonly name: string
  /** What it is, e.g. `timers`: restored into a part of another kind it is refused with `INCOMPATIBLE_STATE`. */
  readonly kind: string
  /** Raised when the payload changes its form. */
  readonly version: number
  /**
   * Calls `write` for all it holds, any number of times per key. `payload` is plain data; it is packed when all have been written,
   * so each must be an object of its own. What it refers to may be the operator's own data: nothing else runs meanwhile.
   */
  snapshot(write: (key: CanonicalKey, payload: unknown) => void): void
  /**
   * For a part that is packed bit by bit while it is used; one without it is packed as a whole, at the barrier, and must be small.
   * A snapshot of what is there now begins. Before an entry of it that has not been taken is changed or handed out, the part calls `keep`
   * with its payload, which is copied at once. Parts with `cut` are restored in any order. One that knows what has changed since an earlier cut
   * says so with `PartCut.changes`.
   */
  cut?(keep: KeepEntry, span: CutSpan): PartCut
  /** Takes back one payload; without `cut` in the order in which they were written. `version` is that of the writer, at most its own. */
  restore(key: CanonicalKey, payload: unknown, version: number): void
}

/** Takes the payload of an entry as it was at the cut. It may refer to data that changes afterwards. */
export type KeepEntry = (key: CanonicalKey, payload: unknown) => void

/** What a cut has that builds on an earlier one: entries that are new or have changed, and what is gone. */
export interface PartChanges {
  /** What makes entries different ones: one that has changed takes the place of the one with the same key, or key and namespace. */
  readonly by: 'key' | 'namespace'
  /** Whether `walk` finds nothing in most of its places. */
  readonly rare: boolean
  /** What is gone. May have come again: what is there counts. */
  readonly deleted: Iterable<DeletedEntry>
}

/** The payload of an entry that was there at an earlier cut, and has expired since. */
export class ExpiredEntry {
  readonly namespace: Namespace | undefined

  constructor(namespace: Namespace | undefined) {
    this.namespace = namespace
  }
}

/** A part between the cut and the end of its snapshot. */
export interface PartCut {
  /** Only what has changed since the earlier cut is in it. Undefined: everything. */
  readonly changes?: PartChanges | undefined
  /**
   * Calls `found` for the entries that were there at the cut, with whatever `take` needs to know, for about `limit` with each call. Those
   * that were kept, or are new, may be among them. False: there are no more.
   */
  walk(limit: number, found: FoundEntry): boolean
  /** The payload of an entry that was found, which is packed at once; undefined: it was kept, is new, or is expired. */
  take(namespace: Namespace | undefined, entry: unknown, key: CanonicalKey): unknown
  /** The snapshot is packed or given up: nothing is to be kept any more. */
  end(): void
}

/** Takes an entry that was found by `PartCut.walk`. */
export type FoundEntry = (
  key: CanonicalKey,
  namespace: Namespace | undefined,
  entry: unknown,
) => void

/**
 * How data without a key gets to the subtasks of a restored operator. `split`: where the number of subtasks has changed, the items of all are
 * dealt out evenly. `union`: every subtask gets the items of all. `broadcast`: every subtask gets those of one (they are equal).
 */
export type Redistribution = 'split' | 'union' | 'broadcast'

/** Data without a key, kept by an operator. */
export interface OperatorPart {
  readonly name: string
  readonly kind: string
  readonly version: number
  readonly redistribution: Redistribution
  /** The items: plain data, packed before the next record. */
  snapshot(): readonly unknown[]
  /** Takes the items that fall to this subtask. Called once, also with none, only where there is something to restore. */
  restore(items: readonly unknown[], version: number): void
}
