/**
 * Writes the snapshot of one operator: collects the keyed data by key group, and packs each group at once, because the fields of
 * objects are spelled out once per packed list.
 *
 * All in one synchronous call, so nothing that was collected can change before it is packed.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { packList } from '../../mailbox/msgpack.ts'
import { showPath, UnsendableValueError } from '../../mailbox/sendable.ts'
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { keyGroupOf } from '../key-groups.ts'
import { keyHash } from '../key-hash.ts'
import { SNAPSHOT_FORMAT } from './snapshot.ts'
import type {
  KeyedStateInfo,
  KeyGroupSnapshot,
  OperatorSnapshot,
  OperatorStateSnapshot,
} from './snapshot.ts'
import type { Redistribution } from './state-backend.ts'
import type { AnyKeyedPart, StatePart } from './state-part.ts'

/** Values of the list of a key group that make one entry. */
export const VALUES_PER_ENTRY = 3

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

/** Takes everything, then `finish` makes the snapshot of it. */
export class SnapshotWriter {
  readonly #owner: SnapshotOwner
  readonly #keyed: KeyedStateInfo[] = []
  /** By the numbers of the states. */
  readonly #parts: Partial<StatePart>[] = []
  readonly #groups = new Map<number, unknown[]>()
  readonly #operator: OperatorStateSnapshot[] = []

  constructor(owner: SnapshotOwner) {
    this.#owner = owner
  }

  /** Adds what a keyed state or part holds. */
  addKeyed(part: AnyKeyedPart): void {
    const write = this.#writerOf(part, part)
    part.snapshot(write)
  }

  /** Adds stored entries that nobody has asked for: pairs of key and payload. */
  addStored(info: KeyedStateInfo, entries: Iterable<readonly [CanonicalKey, unknown]>): void {
    const write = this.#writerOf(info, {})
    for (const [key, payload] of entries) write(key, payload)
  }

  /** Adds a state without keys. */
  addOperator(state: OperatorItems, part: Partial<StatePart> = {}): void {
    const { items, name, kind, version, redistribution } = state
    const bytes = this.#pack(items, (index, path) => ({
      where: `state '${name}', item ${index}`,
      path: showIn(part, path),
    }))
    this.#operator.push({ name, kind, version, redistribution, items: items.length, bytes })
  }

  /** Errors: `UNSENDABLE_VALUE` with operator, state, key and path. */
  finish(): OperatorSnapshot {
    const { uid, maxParallelism } = this.#owner
    const groups = [...this.#groups]
      .sort(([a], [b]) => a - b)
      .map(([keyGroup, list]): KeyGroupSnapshot => {
        const bytes = this.#pack(list, (index, path) => this.#describe(list, index, path))
        return { keyGroup, entries: list.length / VALUES_PER_ENTRY, bytes }
      })
    return {
      format: SNAPSHOT_FORMAT,
      uid,
      maxParallelism,
      keyed: this.#keyed,
      groups,
      operator: this.#operator,
    }
  }

  #writerOf(
    { name, kind, version }: KeyedStateInfo,
    part: Partial<StatePart>,
  ): (key: CanonicalKey, payload: unknown) => void {
    const number = this.#keyed.push({ name, kind, version }) - 1
    this.#parts.push(part)
    const { maxParallelism } = this.#owner
    return (key, payload) => {
      const group = keyGroupOf(keyHash(originalKey(key)), maxParallelism)
      const list = this.#groups.get(group)
      if (list === undefined) this.#groups.set(group, [number, key, payload])
      else list.push(number, key, payload)
    }
  }

  #pack(
    list: readonly unknown[],
    describe: (index: number, path: Path) => { readonly where: string; readonly path: string },
  ): Uint8Array {
    try {
      return packList(list, list.length)
    } catch (cause) {
      if (!(cause instanceof UnsendableValueError)) throw cause
      const { where, path } = describe(cause.recordIndex, cause.path)
      throw new MillraceError(
        'UNSENDABLE_VALUE',
        `operator '${this.#owner.operatorName}', ${where}: only plain data can be kept in state, got ${cause.found} at ${path}`,
        { cause },
      )
    }
  }

  #describe(
    list: readonly unknown[],
    index: number,
    path: Path,
  ): { readonly where: string; readonly path: string } {
    const start = index - (index % VALUES_PER_ENTRY)
    const number = list[start] as number
    const key = showKey(originalKey(list[start + 1] as CanonicalKey))
    return {
      where: `state '${this.#keyed[number]?.name}', key ${key}`,
      path: showIn(this.#parts[number] ?? {}, path),
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
