/**
 * Packs the lists of a snapshot of one operator: entries of key groups, and items of states without keys.
 *
 * Lists go into blocks that belong to the snapshot alone: they can be handed to another thread without a copy, those that are full also before
 * the rest is packed.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { packListForNow } from '../../mailbox/msgpack.ts'
import { showPath, UnsendableValueError } from '../../mailbox/sendable.ts'
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { PackedBlocks } from './packed-blocks.ts'
import { INCREMENT_FORMAT, SNAPSHOT_FORMAT } from './snapshot.ts'
import type {
  KeyedStateInfo,
  KeyGroupSnapshot,
  OperatorSnapshot,
  OperatorStateSnapshot,
} from './snapshot.ts'
import type { Redistribution } from './state-backend.ts'
import type { StatePart } from './state-part.ts'

/** An entry in the list of a key group; of one that is gone see `KeyGroupSnapshot.entries`. */
export type PackedEntry = readonly [state: number, key: CanonicalKey, payload: unknown]

/** Whose snapshot it is. */
export interface SnapshotOwner {
  readonly uid: string
  readonly operatorName: string
  readonly maxParallelism: number
}

/** A state without keys and its items. */
export interface OperatorItems {
  readonly name: string
  readonly kind: string
  readonly version: number
  readonly redistribution: Redistribution
  readonly items: readonly unknown[]
}

/** See the head of this file. All errors: `UNSENDABLE_VALUE` with operator, state, key and path. */
export class SnapshotPacker {
  readonly #owner: SnapshotOwner
  readonly #keyed: KeyedStateInfo[] = []
  /** By the numbers of the states. */
  readonly #parts: Partial<StatePart>[] = []
  readonly #groups: KeyGroupSnapshot[] = []
  readonly #operator: OperatorStateSnapshot[] = []
  readonly #keyedBlocks = new PackedBlocks()
  /** Of their own: what is in `#operator` stays to the end. */
  readonly #operatorBlocks = new PackedBlocks()
  /** So many of `#groups` lie in blocks that are full. */
  #full = 0

  constructor(owner: SnapshotOwner) {
    this.#owner = owner
  }

  /** Gives a keyed state or part its number in the lists. */
  addState(info: KeyedStateInfo, part: Partial<StatePart> = {}): number {
    const { name, kind, version, changes, layout } = info
    this.#parts.push(part)
    const plain = { name, kind, version }
    const common = layout === undefined ? plain : { ...plain, layout }
    return this.#keyed.push(changes === undefined ? common : { ...common, changes }) - 1
  }

  /** Whether it builds on an earlier snapshot. */
  get isIncrement(): boolean {
    return this.#keyed.some(({ changes }) => changes !== undefined)
  }

  /** Packs entries of a key group. Returns the number of bytes. */
  addEntries(keyGroup: number, list: readonly PackedEntry[]): number {
    const packed = this.#pack(list, (index, path) => this.#describe(list, index, path))
    if (!this.#keyedBlocks.hasRoom(packed.length)) this.#full = this.#groups.length
    const bytes = this.#keyedBlocks.place(packed)
    this.#groups.push({ keyGroup, entries: list.length, bytes })
    return bytes.length
  }

  /** Packs a state without keys. */
  addOperator(state: OperatorItems, part: Partial<StatePart> = {}): void {
    const { items, name, kind, version, redistribution } = state
    const packed = this.#pack(items, (index, path) => ({
      where: `state '${name}', item ${index}`,
      path: showIn(part, path),
    }))
    const bytes = this.#operatorBlocks.place(packed)
    this.#operator.push({ name, kind, version, redistribution, items: items.length, bytes })
  }

  /** What lies in blocks that are full, and belongs to whoever takes it from now on. In the order in which it was packed. */
  takeFull(): readonly KeyGroupSnapshot[] {
    const full = this.#groups.splice(0, this.#full)
    this.#full = 0
    return full
  }

  /** All that was packed and not taken. */
  finish(): OperatorSnapshot {
    const { uid, maxParallelism } = this.#owner
    return {
      format: this.isIncrement ? INCREMENT_FORMAT : SNAPSHOT_FORMAT,
      uid,
      maxParallelism,
      keyed: this.#keyed,
      groups: this.#groups.toSorted((a, b) => a.keyGroup - b.keyGroup),
      operator: this.#operator,
    }
  }

  #pack(
    list: readonly unknown[],
    describe: (index: number, path: Path) => { readonly where: string; readonly path: string },
  ): Uint8Array {
    try {
      return packListForNow(list, list.length)
    } catch (cause) {
      if (!(cause instanceof UnsendableValueError)) throw cause
      const { recordIndex, path: way, found, backTo } = cause
      const { where, path } = describe(recordIndex, way)
      // What it leads back to is called as the value is called here, not as an entry of a list.
      const got =
        backTo === undefined ? found : `a cycle back to ${describe(recordIndex, backTo).path}`
      throw new MillraceError(
        'UNSENDABLE_VALUE',
        `operator '${this.#owner.operatorName}', ${where}: only plain data can be kept in state, got ${got} at ${path}`,
        { cause },
      )
    }
  }

  #describe(
    list: readonly PackedEntry[],
    index: number,
    path: Path,
  ): { readonly where: string; readonly path: string } {
    const [number, key] = list[index] as PackedEntry
    return {
      where: `state '${this.#keyed[number]?.name}', key ${showKey(originalKey(key))}`,
      // Without the place of the payload in the entry.
      path: showIn(this.#parts[number] ?? {}, path.slice(1)),
    }
  }
}

type Path = readonly (string | number)[]

function showIn(part: Partial<StatePart>, path: Path): string {
  return part.pathInValue === undefined
    ? showPath(path, 'payload')
    : showPath(part.pathInValue(path), 'value')
}

function showKey(key: unknown): string {
  return JSON.stringify(key, (_name, value: unknown) => {
    return typeof value === 'bigint' ? `${value}n` : value
  })
}
