/**
 * What the first phase of a windowed aggregate holds of a slice with many keys, where keys are integers of 32 bits and accumulators are numbers
 * (`numbers-form`): a table in typed arrays, with a place per key.
 *
 *      key ──hash──► place ──►  keys[place]   records[place]   values[place * width …]
 *      order: the places in the order in which their keys came
 *
 * A Map that has grown to some thousand entries counts as old for V8 at the first collection that finds it, and all accumulators with it, although its slice is
 * sent some milliseconds later; where slices come fifty times a second, the whole heap was collected once in each. This leaves nothing to the collector,
 * and the table of a slice that was sent serves another one. Used by one thread.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { withOwnCode } from '../chain/own-code.ts'
import { numbersForm } from './numbers-form.ts'
import type { NumbersForm } from './numbers-form.ts'

/** A power of two. */
const FIRST_PLACES = 2_048
/** Slices that are kept for later ones. */
const MAX_SPARE = 4

/** See the head of this file. */
export interface PackedLocalSlice {
  /** Keys in it. At most half of the places are taken. */
  size: number
  order: Int32Array
  keys: Int32Array
  /** How many records a key has. 0: the place is free; -1: the key's accumulator is elsewhere, because it is not made of numbers. */
  records: Int32Array
  values: Float64Array
}

/** What became of a record. */
export const ADDED = 0
/** It was the first of its key. */
export const ADDED_FIRST = 1
/** Nothing: its accumulator would not be made of numbers, or is elsewhere already. From then on all records of its key are answered so. */
export const NOT_ADDED = 2

/** The slices of one operator. */
export interface PackedLocalSlices<In, Acc> {
  /** Numbers per accumulator. */
  readonly width: number
  /** An empty one. */
  open(): PackedLocalSlice
  /** Adds a record. */
  add(
    slice: PackedLocalSlice,
    key: number,
    value: In,
  ): typeof ADDED | typeof ADDED_FIRST | typeof NOT_ADDED
  /** A new accumulator of what is at a place. */
  accumulatorAt(slice: PackedLocalSlice, place: number): Acc
  /** Takes the accumulator of a key, and how many records it is of, out; undefined: there are none. */
  takeOut(slice: PackedLocalSlice, key: number): { records: number; accumulator: Acc } | undefined
  /** For one that nobody will use any more. */
  release(slice: PackedLocalSlice): void
}

/** Makes them; undefined where accumulators are never made of numbers, as far as we know. */
export function packedLocalSlices<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
): PackedLocalSlices<In, Acc> | undefined {
  const form = numbersForm(aggregate as AggregateFunction<never, Acc, unknown>)
  if (form === undefined) return undefined
  const create = withOwnCode(createSlices<In, Acc>)
  return create(aggregate, { form, FIRST_PLACES, MAX_SPARE, ADDED, ADDED_FIRST, NOT_ADDED })
}

interface Imports<Acc> {
  readonly form: NumbersForm<Acc>
  readonly FIRST_PLACES: number
  readonly MAX_SPARE: number
  readonly ADDED: typeof ADDED
  readonly ADDED_FIRST: typeof ADDED_FIRST
  readonly NOT_ADDED: typeof NOT_ADDED
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createSlices<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
  imports: Imports<Acc>,
): PackedLocalSlices<In, Acc> {
  const { form, FIRST_PLACES, MAX_SPARE, ADDED, ADDED_FIRST, NOT_ADDED } = imports
  const { width } = form
  const spare: PackedLocalSlice[] = []

  /** The place of a key, or the free one where it would be. */
  function placeOf(slice: PackedLocalSlice, key: number): number {
    const { keys, records } = slice
    const last = keys.length - 1
    // The upper bits of the product: neighbours among the keys lie apart.
    let place = Math.imul(key, -1640531535) >>> Math.clz32(last)
    while (records[place] !== 0 && keys[place] !== key) place = (place + 1) & last
    return place
  }

  function grow(slice: PackedLocalSlice): void {
    const { size, order, keys, records, values } = slice
    const places = 2 * keys.length
    slice.order = new Int32Array(places / 2)
    slice.keys = new Int32Array(places)
    slice.records = new Int32Array(places)
    slice.values = new Float64Array(places * width)
    for (let i = 0; i < size; i++) {
      const before = order[i] as number
      const key = keys[before] as number
      const place = placeOf(slice, key)
      slice.order[i] = place
      slice.keys[place] = key
      slice.records[place] = records[before] as number
      for (let w = 0; w < width; w++)
        slice.values[place * width + w] = values[before * width + w] as number
    }
  }

  function addFirst(slice: PackedLocalSlice, key: number, value: In): boolean {
    const first = aggregate.add(aggregate.createAccumulator(), value)
    if (slice.size === slice.order.length) grow(slice)
    const place = placeOf(slice, key)
    const isPut = form.put(slice.values, place * width, first)
    slice.order[slice.size++] = place
    slice.keys[place] = key
    slice.records[place] = isPut ? 1 : -1
    return isPut
  }

  return {
    width,
    open() {
      const places = FIRST_PLACES
      return (
        spare.pop() ?? {
          size: 0,
          order: new Int32Array(places / 2),
          keys: new Int32Array(places),
          records: new Int32Array(places),
          values: new Float64Array(places * width),
        }
      )
    },
    add(slice, key, value) {
      const place = placeOf(slice, key)
      const { records, values } = slice
      const before = records[place] as number
      if (before === 0) return addFirst(slice, key, value) ? ADDED_FIRST : NOT_ADDED
      if (before < 0) return NOT_ADDED
      const at = place * width
      if (!form.put(values, at, aggregate.add(form.take(values, at), value))) return NOT_ADDED
      records[place] = before + 1
      return ADDED
    },
    accumulatorAt(slice, place) {
      return form.take(slice.values, place * width)
    },
    takeOut(slice, key) {
      const place = placeOf(slice, key)
      const records = slice.records[place] as number
      if (records <= 0) return undefined
      slice.records[place] = -1
      return { records, accumulator: form.take(slice.values, place * width) }
    },
    release(slice) {
      const { order, records } = slice
      for (let i = 0; i < slice.size; i++) records[order[i] as number] = 0
      slice.size = 0
      if (spare.length < MAX_SPARE) spare.push(slice)
    },
  }
}
