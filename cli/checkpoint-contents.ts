/**
 * What is in a checkpoint, per operator: counted, not shown, as state is in forms of its own.
 */
import type { CheckpointCatalog, CheckpointMetadata } from '../checkpoint/store/snapshot-store.ts'
import { readSubtasks } from '../checkpoint/coordinator/subtask-chain.ts'
import { chainOf } from '../checkpoint/state/newer-entries.ts'
import { parseSubtaskPartName } from '../checkpoint/store/subtask-part.ts'
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts'

/** What all subtasks of an operator have in a checkpoint. */
export interface OperatorContents {
  readonly uid: string
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** Names of its keyed and other states. */
  readonly states: readonly string[]
  /** Entries of keyed state and items of the rest. Where some have changed since the parts before, both are counted. */
  readonly entries: number
  /** Bytes of its state. */
  readonly bytes: number
  /** Splits that a source had not read to their end. */
  readonly openSplits: number
  /** What a sink has prepared but not committed. */
  readonly committables: number
}

/** What a checkpoint contains. */
export interface CheckpointContents {
  readonly operators: readonly OperatorContents[]
  /** Records between subtasks, where barriers were not aligned. */
  readonly recordsInFlight: number
  /** Parts that are not those of a subtask: by name. */
  readonly otherParts: readonly string[]
}

type Sums = { states: Set<string>; entries: number; bytes: number; splits: number; sinks: number }

/** Reads all parts. Errors: those of the catalog and of `readSubtasks`. */
export async function contentsOf(
  catalog: CheckpointCatalog,
  metadata: CheckpointMetadata,
): Promise<CheckpointContents> {
  const { operators, parts } = metadata
  const sums = new Map<string, Sums>()
  const names = parts.map(({ name }) => name)
  const otherParts = names.filter((name) => parseSubtaskPartName(name) === undefined)
  let recordsInFlight = 0
  for (const { snapshot } of await readSubtasks(catalog, metadata)) {
    addSubtask(sums, snapshot)
    for (const { batches } of snapshot.channels) {
      for (const { length } of batches) recordsInFlight += length
    }
  }
  return {
    operators: operators.map(({ uid, name, parallelism, maxParallelism }) => {
      const { states, entries, bytes, splits, sinks } = sumsOf(sums, uid)
      const counts = { entries, bytes, openSplits: splits, committables: sinks }
      return { uid, name, parallelism, maxParallelism, states: [...states], ...counts }
    }),
    recordsInFlight,
    otherParts,
  }
}

function addSubtask(all: Map<string, Sums>, { operators, source, sinks }: SubtaskSnapshot): void {
  for (const newest of operators) {
    const { uid, keyed, operator } = newest
    const sums = sumsOf(all, uid)
    for (const { name } of [...keyed, ...operator]) sums.states.add(name)
    for (const { groups } of chainOf(newest)) {
      for (const { entries, bytes } of groups) {
        sums.entries += entries
        sums.bytes += bytes.length
      }
    }
    for (const { items, bytes } of operator) {
      sums.entries += items
      sums.bytes += bytes.length
    }
  }
  if (source !== undefined) sumsOf(all, source.uid).splits += source.open.length
  for (const { uid, committables } of sinks) sumsOf(all, uid).sinks += committables.length
}

function sumsOf(all: Map<string, Sums>, uid: string): Sums {
  const found = all.get(uid) ?? { states: new Set(), entries: 0, bytes: 0, splits: 0, sinks: 0 }
  all.set(uid, found)
  return found
}
