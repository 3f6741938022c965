/**
 * Entries of key groups that were restored and are not made yet: bytes, with an index by key.
 *
 *     bytes ──added: gone through──► raw ──its key is looked up──────────► made, alone
 *                                     └──the turn of its list (`step`)──► made, with the others of its list
 *
 * Going through the bytes takes a tenth of the time in which the entries are made, and looking up one that is raw some microseconds. An entry is made once:
 * what was made may have been changed or deleted since. Used by the slot's thread only.
 */
import { scalarHash, packedScalarHash } from '../../mailbox/packed-scalar.ts'
import { scanList, valueOf } from '../../mailbox/packed-list.ts'
import type { ScannedList } from '../../mailbox/packed-list.ts'
import { unpackList } from '../../mailbox/msgpack.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import type { PackedEntry } from './snapshot-packer.ts'

/** An entry is an array of three values, the key is the second. */
const ENTRY_HEADER = 0x93
/** States from this number on are told apart no more. */
const MOST_STATES = 31
/** No entry. */
const NONE = -1

/** A list of entries. `targets` says whose they are. */
export interface RawList<T> {
  readonly bytes: Buffer
  readonly entries: number
  readonly targets: T
}

/** Takes an entry that was made. */
export type TakeEntry<T> = (targets: T, entry: PackedEntry) => void

/** A list whose entries have numbers from `first` on in the index. */
interface IndexedList<T> {
  readonly scanned: ScannedList
  readonly targets: T
  readonly first: number
  /** A bit for each state of which it has something. */
  readonly states: number
}

/** See the head of this file. Errors of all methods: those of `take`. An entry that it refuses stays raw. */
export class RawEntries<T> {
  readonly #take: TakeEntry<T>
  /** Undefined: all of it is made. */
  readonly #lists: (IndexedList<T> | undefined)[] = []
  /** The numbers of their first entries. */
  readonly #firsts: number[] = []
  /** The list whose turn it is. */
  #turn = 0
  #count = 0
  /** Of each entry: where it begins in its list, the hash of its key, whether it is made, the next entry in the same chain of the index. */
  readonly #starts: Int32Array
  readonly #hashes: Int32Array
  readonly #made: Uint8Array
  readonly #next: Int32Array
  /** The first entry of each chain. */
  readonly #heads: Int32Array

  /** `entries`: how many can be added. */
  constructor(entries: number, take: TakeEntry<T>) {
    this.#take = take
    this.#starts = new Int32Array(entries)
    this.#hashes = new Int32Array(entries)
    this.#made = new Uint8Array(entries)
    this.#next = new Int32Array(entries)
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(entries + 1))).fill(NONE)
  }

  /** Whether all are made. */
  get isEmpty(): boolean {
    return this.#turn === this.#lists.length
  }

  /** Adds a list, with numbers of states below `states`. False: it cannot be indexed, and is not added. */
  add(list: RawList<T>, states: number): boolean {
    const { bytes, entries: length, targets } = list
    const first = this.#count
    const scanned = scanList(bytes, length, this.#starts, first)
    if (scanned === undefined) return false
    let found = 0
    for (let entry = first; entry < first + length; entry++) {
      const start = this.#starts[entry] ?? 0
      const state = bytes[start + 1] ?? 0
      if (bytes[start] !== ENTRY_HEADER || state >= states || state >= 0x40) return false
      const hash = packedScalarHash(bytes, start + 2)
      if (hash === undefined) return false
      this.#hashes[entry] = hash
      found |= bitOf(state)
    }
    for (let entry = first; entry < first + length; entry++) this.#link(entry)
    this.#count += length
    this.#lists.push({ scanned, targets, first, states: found })
    this.#firsts.push(first)
    return true
  }

  /** Makes all entries of a key that are raw, and of others with the same hash, if there are any. */
  bringIn(key: CanonicalKey): void {
    const hash = scalarHash(key)
    const chain = hash & (this.#heads.length - 1)
    let before = NONE
    let entry = this.#heads[chain] ?? NONE
    while (entry !== NONE) {
      const next = this.#next[entry] ?? NONE
      const isMade = this.#made[entry] === 1
      if (isMade || this.#hashes[entry] === hash) {
        if (!isMade) this.#make(entry)
        if (before === NONE) this.#heads[chain] = next
        else this.#next[before] = next
      } else before = entry
      entry = next
    }
  }

  /** Makes the entries of the next list. Returns how many it has. */
  step(): number {
    const list = this.#lists[this.#turn]
    if (list === undefined) return 0
    this.#makeAll(list, this.#turn)
    return list.scanned.length
  }

  /** Makes all lists that have something of certain states: `numbersOf` says of which, given the targets of a list. */
  makeStates(numbersOf: (targets: T) => readonly number[]): void {
    for (const [index, list] of this.#lists.entries()) {
      if (list === undefined) continue
      let wanted = 0
      for (const number of numbersOf(list.targets)) wanted |= bitOf(number)
      if ((list.states & wanted) !== 0) this.#makeAll(list, index)
    }
  }

  #link(entry: number): void {
    const chain = (this.#hashes[entry] ?? 0) & (this.#heads.length - 1)
    this.#next[entry] = this.#heads[chain] ?? NONE
    this.#heads[chain] = entry
  }

  #makeAll({ scanned, targets, first }: IndexedList<T>, index: number): void {
    const entries = unpackList(scanned.bytes, scanned.length)
    for (let i = 0; i < entries.length; i++) {
      if (this.#made[first + i] === 1) continue
      this.#take(targets, entries[i] as PackedEntry)
      this.#made[first + i] = 1
    }
    this.#lists[index] = undefined
    while (!this.isEmpty && this.#lists[this.#turn] === undefined) this.#turn++
  }

  #make(entry: number): void {
    const list = this.#listOf(entry)
    if (list === undefined) return
    const { scanned, targets, first } = list
    const value = entry - first
    const start = this.#starts[entry] ?? 0
    const next = value + 1 < scanned.length ? this.#starts[entry + 1] : undefined
    this.#take(targets, valueOf(scanned, value, start, next) as PackedEntry)
    this.#made[entry] = 1
  }

  #listOf(entry: number): IndexedList<T> | undefined {
    let low = 0
    let high = this.#firsts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#firsts[middle] ?? 0) <= entry) low = middle
      else high = middle
    }
    return this.#lists[low]
  }
}

function bitOf(state: number): number {
  return 1 << Math.min(state, MOST_STATES)
}
