/**
 * What the first phase of a windowed aggregate holds, per window or slice (`local-aggregate`). Used by one thread.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { PackedLocalSlice } from './packed-local-slice.ts'

/** What has come of one window or slice since it was last sent. Times in ms of event time. */
export interface HeldSlice<Acc> {
  readonly start: number
  /** The watermark at which it must have been sent. */
  readonly deadline: number
  /** The event time of one of its records. */
  readonly timestamp: number
  readonly entries: Map<CanonicalKey, HeldEntry<Acc>>
  /** What is there of integer keys, unless it is among the entries. Undefined: it is not packed. */
  readonly packed: PackedLocalSlice | undefined
}

/** The accumulator of one key in it, and of how many records it is. */
export interface HeldEntry<Acc> {
  records: number
  readonly key: CanonicalKey
  accumulator: Acc
}

/** Whether most of its keys are integers of 32 bits, as far as can be told by one of them: keys are mostly of one kind. */
export function hasIntegerKeys({ packed, entries }: HeldSlice<unknown>): boolean {
  if (packed !== undefined) return packed.size > entries.size
  const [first] = entries.keys()
  return typeof first === 'number' && (first | 0) === first
}

/** All that are held. */
export class HeldSlices<Acc> {
  readonly #byStart = new Map<number, HeldSlice<Acc>>()
  /** In the order of their deadlines. */
  readonly #slices: HeldSlice<Acc>[] = []

  get size(): number {
    return this.#slices.length
  }

  /** The one with the earliest deadline. */
  get first(): HeldSlice<Acc> | undefined {
    return this.#slices[0]
  }

  get(start: number): HeldSlice<Acc> | undefined {
    return this.#byStart.get(start)
  }

  /** Returns it. Mostly it is the last one. */
  add(slice: HeldSlice<Acc>): HeldSlice<Acc> {
    const slices = this.#slices
    this.#byStart.set(slice.start, slice)
    let at = slices.length
    while (at > 0 && (slices[at - 1] as HeldSlice<Acc>).deadline > slice.deadline) at--
    slices.splice(at, 0, slice)
    return slice
  }

  dropFirst(): void {
    const first = this.#slices.shift()
    if (first !== undefined) this.#byStart.delete(first.start)
  }

  clear(): void {
    this.#byStart.clear()
    this.#slices.length = 0
  }
}
