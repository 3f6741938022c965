/**
 * The snapshot of a part that keeps its data in Maps by key, while it is packed bit by bit: what was in the Maps at the cut.
 *
 * The part says so before it accesses an entry (`touch`), which costs it a look into a small set, and nothing but a comparison while no
 * snapshot is packed. Values need no field of their own for that. Used by the slot's thread only.
 */
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { keyHash } from '../key-hash.ts'
import type { FoundEntry, KeepEntry, Namespace, PartCut } from './state-backend.ts'

/** Keys are noted in so many sets: a large one would stop everybody when it grows. */
const SETS = 256

/** A Map, and the payload of one of its entries. */
export interface CutMap<V> {
  readonly map: ReadonlyMap<CanonicalKey, V>
  readonly payload: (value: V) => unknown
}

interface Watched<V> extends CutMap<V> {
  /** The keys that were packed or accessed since the cut. */
  readonly done: (Set<CanonicalKey> | undefined)[]
}

/** What a part begins when it is cut. */
export interface MapsCutOptions<V> {
  /** All Maps of the part. Those that it makes later are not in the snapshot. */
  readonly maps: Iterable<CutMap<V>>
  readonly keep: KeepEntry
  /** The snapshot is packed or given up: nothing need be touched any more. */
  readonly onEnd: () => void
}

/** See the head of this file. */
export class MapsCut<V> implements PartCut {
  readonly #watched = new Map<ReadonlyMap<CanonicalKey, V>, Watched<V>>()
  readonly #keep: KeepEntry
  readonly #onEnd: () => void
  readonly #position: Iterator<[CanonicalKey, Watched<V>]>

  constructor({ maps, keep, onEnd }: MapsCutOptions<V>) {
    for (const { map, payload } of maps) this.#watched.set(map, { map, payload, done: [] })
    this.#keep = keep
    this.#onEnd = onEnd
    this.#position = keysOf([...this.#watched.values()])
  }

  /** To be called before an entry is added, changed, deleted or handed out. */
  touch(map: ReadonlyMap<CanonicalKey, V>, key: CanonicalKey): void {
    const watched = this.#watched.get(map)
    if (watched === undefined || isDone(watched.done, key)) return
    const value = map.get(key)
    if (value !== undefined || map.has(key)) this.#keep(key, watched.payload(value as V))
  }

  walk(limit: number, found: FoundEntry): boolean {
    for (let i = 0; i < limit; i++) {
      const { value, done } = this.#position.next()
      if (done === true) return false
      found(value[0], undefined, value[1])
    }
    return true
  }

  take(_namespace: Namespace | undefined, entry: unknown, key: CanonicalKey): unknown {
    const { map, payload, done } = entry as Watched<V>
    return isDone(done, key) ? undefined : payload(map.get(key) as V)
  }

  end(): void {
    this.#onEnd()
  }
}

/** Whether the key was noted before; it is from now on. */
function isDone(done: (Set<CanonicalKey> | undefined)[], key: CanonicalKey): boolean {
  const set = (done[keyHash(originalKey(key)) & (SETS - 1)] ??= new Set())
  const { size } = set
  return set.add(key).size === size
}

function* keysOf<V>(watched: readonly Watched<V>[]): Generator<[CanonicalKey, Watched<V>], void> {
  for (const each of watched) for (const key of each.map.keys()) yield [key, each]
}
