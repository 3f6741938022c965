/**
 * Entries by tuples of two 32-bit integers: a Map for these, without a text for each key.
 *
 * Keys and entries lie side by side in the order in which they came, an index of open addressing (linear probing, at most half full) says where. What
 * is deleted leaves a gap, which the next new key takes, so that nothing moves under somebody who goes over the places; only `compact` moves
 * entries. Used by the slot's thread only.
 */
import { mixPair } from '../integer-pair.ts'

const LEAST_PLACES = 32

/** See the head of this file. */
export class PairEntries<E> {
  /** Two numbers per place. */
  #keys = new Int32Array(2 * LEAST_PLACES)
  #entries: (E | undefined)[] = []
  /** Places of which the entry is gone. */
  #gaps: number[] = []
  /** Of each key its place + 1; 0: free. Its length is a power of two. */
  #index = new Int32Array(2 * LEAST_PLACES)

  get size(): number {
    return this.#entries.length - this.#gaps.length
  }

  /** One more than the last place that has or had an entry. */
  get places(): number {
    return this.#entries.length
  }

  get(first: number, second: number): E | undefined {
    const at = this.#index[this.#slotOf(first, second)] as number
    return at === 0 ? undefined : this.#entries[at - 1]
  }

  set(first: number, second: number, entry: E): void {
    const slot = this.#slotOf(first, second)
    const at = this.#index[slot] as number
    if (at === 0) this.#add(slot, first, second, entry)
    else this.#entries[at - 1] = entry
  }

  /** False: it was not there. */
  delete(first: number, second: number): boolean {
    const slot = this.#slotOf(first, second)
    const at = this.#index[slot] as number
    if (at === 0) return false
    this.#entries[at - 1] = undefined
    this.#gaps.push(at - 1)
    this.#free(slot)
    return true
  }

  /** The entry at a place; undefined for a gap. */
  entryAt(place: number): E | undefined {
    return this.#entries[place]
  }

  firstAt(place: number): number {
    return this.#keys[2 * place] as number
  }

  secondAt(place: number): number {
    return this.#keys[2 * place + 1] as number
  }

  /** Gives memory back where most places are gaps. Entries move to places further in front. */
  compact(): void {
    const { places } = this
    if (places <= LEAST_PLACES || this.size > places / 4) return
    const keys = this.#keys
    const entries = this.#entries
    this.#resize(Math.max(LEAST_PLACES, 2 ** Math.ceil(Math.log2(this.size + 1))))
    this.#entries = []
    this.#gaps = []
    for (let place = 0; place < places; place++) {
      const entry = entries[place]
      if (entry === undefined) continue
      this.set(keys[2 * place] as number, keys[2 * place + 1] as number, entry)
    }
  }

  #add(slot: number, first: number, second: number, entry: E): void {
    const place = this.#gaps.pop() ?? this.#entries.length
    if (2 * place === this.#keys.length) {
      this.#grow()
      slot = this.#slotOf(first, second)
    }
    this.#keys[2 * place] = first
    this.#keys[2 * place + 1] = second
    this.#entries[place] = entry
    this.#index[slot] = place + 1
  }

  /** All places are taken, without a gap. */
  #grow(): void {
    const keys = this.#keys
    this.#resize(keys.length)
    this.#keys.set(keys)
    for (let place = 0; 2 * place < keys.length; place++) {
      const slot = this.#slotOf(keys[2 * place] as number, keys[2 * place + 1] as number)
      this.#index[slot] = place + 1
    }
  }

  #resize(places: number): void {
    this.#keys = new Int32Array(2 * places)
    this.#index = new Int32Array(2 * places)
  }

  /** Where the index has a key, or has room for it. */
  #slotOf(first: number, second: number): number {
    const index = this.#index
    const keys = this.#keys
    const mask = index.length - 1
    let slot = mixPair(first, second) & mask
    for (;;) {
      const at = index[slot] as number
      if (at === 0 || (keys[2 * at - 2] === first && keys[2 * at - 1] === second)) return slot
      slot = (slot + 1) & mask
    }
  }

  /** Takes a key out of the index, and closes the gap: those behind it that would be looked for at it or before it move up. */
  #free(slot: number): void {
    const index = this.#index
    const keys = this.#keys
    const mask = index.length - 1
    let free = slot
    for (let next = (slot + 1) & mask; index[next] !== 0; next = (next + 1) & mask) {
      const at = index[next] as number
      const home = mixPair(keys[2 * at - 2] as number, keys[2 * at - 1] as number) & mask
      if (((next - home) & mask) < ((next - free) & mask)) continue
      index[free] = at
      free = next
    }
    index[free] = 0
  }
}
