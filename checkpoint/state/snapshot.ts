/**
 * The snapshot of one operator of one subtask: what goes into a checkpoint, and comes out of it.
 *
 * Plain data with bytes inside, so that it can travel and be stored as it is. The bytes are lists in the form of
 * `mailbox/msgpack`; a format number says how to read the rest.
 */
import type { Redistribution } from './state-backend.ts'

/**
 * Raised whenever the form below changes. A reader knows all earlier ones. In format 1 a key group had one list at most, with three
 * values for each entry.
 */
export const SNAPSHOT_FORMAT = 2

/** The format of a snapshot that builds on an earlier one: as 2, and with what only that can have. */
export const INCREMENT_FORMAT = 3

/** What one operator of one subtask had in its state. */
export interface OperatorSnapshot {
  readonly format: number
  /** The uid of the operator. */
  readonly uid: string
  /** Number of key groups: the upper bound of every later parallelism. */
  readonly maxParallelism: number
  /** The keyed states and parts, in the order of the numbers by which `groups` name them. */
  readonly keyed: readonly KeyedStateInfo[]
  /** Only key groups that hold something, ascending; one that holds much in several lists. */
  readonly groups: readonly KeyGroupSnapshot[]
  readonly operator: readonly OperatorStateSnapshot[]
  /** Of a snapshot that builds on an earlier one, once both were read: that one. It lies in a part of its own. */
  readonly base?: OperatorSnapshot | undefined
}

/** A keyed state or part. */
export interface KeyedStateInfo {
  readonly name: string
  readonly kind: string
  readonly version: number
  /**
   * Only what has changed since the base is there, and what is gone: `key`, an entry takes the place of the one with the same key; `namespace`, of
   * that with the same key and namespace (the first value of its payload). Format 3 only. Undefined: everything is there.
   */
  readonly changes?: 'key' | 'namespace' | undefined
  /** What payloads are made of, see `PayloadLayout`: plain data. Undefined: it is not said. */
  readonly layout?: unknown
}

/** Keyed data of one key group. */
export interface KeyGroupSnapshot {
  readonly keyGroup: number
  /**
   * Number of entries; an entry is a list in the list: number of the state, canonical key, payload. Of one that is gone: -1 - number of the state,
   * canonical key, namespace or null.
   */
  readonly entries: number
  readonly bytes: Uint8Array
}

/** One state without keys. */
export interface OperatorStateSnapshot {
  readonly name: string
  readonly kind: string
  readonly version: number
  readonly redistribution: Redistribution
  readonly items: number
  readonly bytes: Uint8Array
}

/** Some of the keyed data of an operator, handed over while the rest is still being packed. Plain data. */
export interface SnapshotPiece {
  /** Of the operator. */
  readonly uid: string
  /** Lists of its snapshot, which does not have them any more, in the order in which they were packed. */
  readonly groups: readonly KeyGroupSnapshot[]
}

/** The memory of snapshots and pieces that the state of this thread has written: nothing else lies in it. */
export function snapshotBuffers(
  snapshots: readonly (SnapshotPiece | OperatorSnapshot)[],
): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { groups, ...rest } of snapshots)
    for (const { bytes } of 'operator' in rest ? [...groups, ...rest.operator] : groups)
      buffers.add(bytes.buffer as ArrayBuffer)
  return [...buffers]
}
