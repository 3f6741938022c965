/**
 * The slices of `slidingAggregate` where accumulators are totals of integers (`totals-form`), in typed arrays.
 *
 *      key ──► index ──► `slice-totals`: what was taken in, and what it adds up to
 *      open slice: index ──► place in a table ──► entry
 *
 * There is one Map for all slices: a record costs one look into it, what is taken in or leaves one loop over numbers, and a firing goes over an array of
 * indexes. The table is probed from the place that the index is hashed to. The garbage collector goes over none of this but the keys. Whether numbers are
 * integers is looked at when they are taken in: what is open may hold any. Used by one thread.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import { CHUNK_BITS } from './entry-chunks.ts'
import type { KeptSlices, MovableSlices, SlicePayload } from './kept-slices.ts'
import { OpenSlices } from './open-slices.ts'
import { PackedKeys } from './packed-keys.ts'
import { PackedSlice } from './packed-slice.ts'
import { PackedSlicesCut } from './packed-slices-cut.ts'
import type { PackedSlicesCutOptions } from './packed-slices-cut.ts'
import { ownSlices } from './slice-queue.ts'
import { SliceTotals } from './slice-totals.ts'
import { totalsForm } from './totals-form.ts'
import type { TotalsForm } from './totals-form.ts'

/** So many records for entries that were there, one behind the other in one slice, and those that follow make their keys hot. */
const MANY_REPEATED = 32
/** Behind a slice where most keys became hot, so many are taken to be like it before one is looked at again. */
const SLICES_ALIKE = 15

/** Makes them, empty; undefined where accumulators are not known to be totals. `sliceLength` is that of every slice, in ms. */
export function packedSlices<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
  sliceLength: number,
): MovableSlices<In, Acc> | undefined {
  const form = totalsForm(aggregate as AggregateFunction<never, Acc, unknown>)
  if (form === undefined) return undefined
  return withOwnCode(createSlices<In, Acc>)(aggregate, sliceLength, {
    form,
    newTotals: () => new SliceTotals(form),
    known: new PackedKeys(),
    open: new OpenSlices(),
    ownSlices,
    newCut: (cut) => new PackedSlicesCut(cut),
    NO_SLICE: new PackedSlice(MAX_TIMESTAMP, 0),
    MAX_TIMESTAMP,
    MIN_TIMESTAMP,
    CHUNK_BITS,
    MANY_REPEATED,
    SLICES_ALIKE,
  })
}

interface Imports<Acc> {
  readonly form: TotalsForm<Acc>
  readonly newTotals: () => SliceTotals<Acc>
  readonly known: PackedKeys
  readonly open: OpenSlices
  readonly ownSlices: typeof ownSlices
  readonly newCut: (options: PackedSlicesCutOptions<Acc>) => PackedSlicesCut<Acc>
  /** None that is open. */
  readonly NO_SLICE: PackedSlice
  readonly MAX_TIMESTAMP: number
  readonly MIN_TIMESTAMP: number
  readonly CHUNK_BITS: number
  readonly MANY_REPEATED: number
  readonly SLICES_ALIKE: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createSlices<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
  sliceLength: number,
  imports: Imports<Acc>,
): MovableSlices<In, Acc> {
  const { form, newTotals, known, open, ownSlices, newCut } = imports
  const { NO_SLICE, MAX_TIMESTAMP, MIN_TIMESTAMP, CHUNK_BITS, MANY_REPEATED, SLICES_ALIKE } =
    imports
  const { width } = form
  const mask = 2 ** CHUNK_BITS - 1
  let totals = newTotals()
  let { chunks } = totals
  const { stride, head } = totals
  const { indexes, keys } = known
  /** The one that was entered last. */
  let current = NO_SLICE
  /** By index: the number of the slice in which a key was seen last, and its entry. */
  let recent = new Int32Array(128)
  /**
   * By index: what a key has in the current slice, as an object, where keys have turned out to come again and again in one slice: adding to an object is twice as
   * fast. `repeated`: how many records of this slice were for entries that were there.
   */
  const hot: (Acc | undefined)[] = []
  const hotIndexes: number[] = []
  let repeated = 0
  /** For so many slices all keys are hot from their first record on. */
  let eager = 0
  /** The window that fires; how many keys were looked at, and how many of these stay in the order. */
  let firingEnd = MIN_TIMESTAMP
  let oldestStart = MIN_TIMESTAMP
  let looked = 0
  let stayed = 0
  /** For restored keys, by index: the end of the newest window that has fired. Empty when windows are beyond that. */
  const firedEnds = new Map<number, number>()
  /** While a snapshot is packed. */
  let cut: PackedSlicesCut<Acc> | undefined

  const mergeTwo = (a: Acc, b: Acc): Acc => aggregate.merge(a, b)

  function addKey(key: CanonicalKey): number {
    const index = known.add(key)
    totals.addKey(index)
    if (2 * index === recent.length) growRecent()
    recent[2 * index] = 0
    hot[index] = undefined
    return index
  }

  function growRecent(): void {
    const before = recent
    recent = new Int32Array(2 * before.length)
    recent.set(before)
  }

  /** The place of a key in the table of a slice. */
  function placeIn(table: Int32Array, index: number): number {
    const last = table.length - 1
    let place = Math.imul(index, -1640531535) >>> Math.clz32(last)
    for (;;) {
      const entry = (table[place] as number) - 1
      if (entry < 0) return place
      const chunk = chunks[entry >> CHUNK_BITS] as Float64Array
      if (chunk[(entry & mask) * stride] === index) return place
      place = (place + 1) & last
    }
  }

  /** The entry of a key in the current slice, which is going to change; -1: it has none. */
  function entryOf(index: number): number {
    const { table, number } = current
    const entry =
      recent[2 * index] === number
        ? (recent[2 * index + 1] as number)
        : (table[placeIn(table, index)] as number) - 1
    if (cut !== undefined && entry >= 0) cut.touchEntry(entry)
    return entry
  }

  function remember(index: number, entry: number): void {
    recent[2 * index] = current.number
    recent[2 * index + 1] = entry
  }

  /** For a key that has no entry in this slice. */
  function addEntry(slice: PackedSlice, key: CanonicalKey, accumulator: Acc): void {
    const index = indexes.get(key) ?? addKey(key)
    const entry = totals.newEntry(slice, index, accumulator)
    if (2 * slice.size > slice.table.length) growTable(slice)
    else slice.table[placeIn(slice.table, index)] = entry + 1
    if (slice === current) {
      remember(index, entry)
      if (eager > 0) warm(index, entry)
    }
    if (cut !== undefined) cut.added(entry)
  }

  /** From now on records of this key are added to an object. */
  function warm(index: number, entry: number): void {
    if (cut !== undefined) return
    remember(index, entry)
    hot[index] = totals.read(entry)
    hotIndexes.push(index)
  }

  /** Puts back what was added to objects. */
  function cool(): void {
    repeated = 0
    if (hotIndexes.length > 0) coolAll()
  }

  function coolAll(): void {
    if (eager > 0) eager--
    else if (2 * hotIndexes.length > current.size) eager = SLICES_ALIKE
    for (const index of hotIndexes) {
      totals.put(recent[2 * index + 1] as number, hot[index] as Acc)
      hot[index] = undefined
    }
    hotIndexes.length = 0
  }

  function growTable(slice: PackedSlice): void {
    const table = new Int32Array(2 * slice.table.length)
    slice.forEach((entry) => {
      table[placeIn(table, totals.keyOf(entry))] = entry + 1
    })
    slice.table = table
  }

  /** What is in an open slice is going to leave it, and what is taken in to change. */
  function touchAll(slice: PackedSlice, watched: PackedSlicesCut<Acc>): void {
    slice.forEach((entry) => {
      watched.touchEntry(entry)
    })
    watched.touchKeys()
  }

  function mergeLate(key: CanonicalKey, start: number, accumulator: Acc): boolean {
    // The window that fires has dropped it.
    if (start < oldestStart) return true
    const index = indexes.get(key) ?? addKey(key)
    if (cut !== undefined) cut.touchKey(index)
    const added = totals.merge(index, start, accumulator, mergeTwo)
    // It may lie behind those that its slice had when it was open.
    if (cut !== undefined && added >= 0) cut.added(added)
    return totals.isExact
  }

  function payloadOf(index: number, passedEnd: number): SlicePayload<Acc> | undefined {
    if (totals.counts[index] === 0) return undefined
    const firedEnd = firedEnds.get(index) ?? MIN_TIMESTAMP
    const contents = { front: [], back: totals.slicesOf(index) }
    return { taken: contents, firedEnd: Math.max(firedEnd, passedEnd) }
  }

  function openPayload(entry: number): SlicePayload<Acc> {
    return { open: [totals.startOf(entry), totals.read(entry)] }
  }

  function keyOfEntry(entry: number): CanonicalKey {
    return keys[totals.keyOf(entry)] as CanonicalKey
  }

  function restore(key: CanonicalKey, payload: SlicePayload<Acc>): boolean {
    if ('open' in payload) {
      const [start, accumulator] = payload.open
      addEntry(open.at(start), key, accumulator)
      return true
    }
    const slices = ownSlices(payload.taken, form.minus)
    if (!slices.every(([, accumulator]) => form.areExact(accumulator))) return false
    if (slices.length === 0) return true
    const index = indexes.get(key) ?? addKey(key)
    for (const [start, accumulator] of slices) totals.merge(index, start, accumulator, mergeTwo)
    firedEnds.set(index, payload.firedEnd)
    return true
  }

  /** A key with nothing in the window. */
  function leaveOut(index: number): void {
    firedEnds.delete(index)
    totals.leaveOut(index)
    if (totals.pending[index] === 0) known.remove(index)
  }

  function endFiring(): true {
    for (const [index, end] of firedEnds) if (end <= firingEnd) firedEnds.delete(index)
    totals.ordered = stayed
    looked = 0
    stayed = 0
    return true
  }

  function clear(): void {
    totals = newTotals()
    ;({ chunks } = totals)
    known.clear()
    hot.length = 0
    hotIndexes.length = 0
    repeated = 0
    open.clear()
    current = NO_SLICE
    firedEnds.clear()
    looked = 0
    stayed = 0
  }

  return {
    firstOpen() {
      return open.list[0]?.start
    },
    hasTaken() {
      return totals.ordered > 0
    },
    leastFiredEnd() {
      let least = MAX_TIMESTAMP
      for (const end of firedEnds.values()) if (end < least) least = end
      return least
    },
    enter(start) {
      cool()
      current = open.at(start)
      // Numbers have begun again, or it is the first of all.
      if (current.number === 1) recent.fill(0)
    },
    add(key, value) {
      const index = indexes.get(key)
      if (index === undefined) {
        addEntry(current, key, aggregate.add(aggregate.createAccumulator(), value))
        return
      }
      const accumulator = hot[index]
      if (accumulator !== undefined) {
        const next = aggregate.add(accumulator, value)
        if (!Object.is(next, accumulator)) hot[index] = next
        return
      }
      const entry = entryOf(index)
      if (entry < 0) {
        addEntry(current, key, aggregate.add(aggregate.createAccumulator(), value))
        return
      }
      const chunk = chunks[entry >> CHUNK_BITS] as Float64Array
      const at = (entry & mask) * stride + head
      form.put(chunk, at, aggregate.add(form.take(chunk, at), value))
      if (++repeated > MANY_REPEATED) warm(index, entry)
    },
    merge(key, accumulator) {
      cool()
      const index = indexes.get(key)
      const entry = index === undefined ? -1 : entryOf(index)
      if (entry < 0) {
        addEntry(current, key, accumulator)
        return
      }
      const chunk = chunks[entry >> CHUNK_BITS] as Float64Array
      const at = (entry & mask) * stride + head
      form.put(chunk, at, aggregate.merge(form.take(chunk, at), accumulator))
    },
    addLate(key, start, value) {
      return mergeLate(key, start, aggregate.add(aggregate.createAccumulator(), value))
    },
    mergeLate,
    take(end) {
      cool()
      const { list } = open
      for (;;) {
        const slice = list[0]
        if (slice === undefined || slice.start + sliceLength > end) break
        if (cut !== undefined) touchAll(slice, cut)
        totals.take(open.shift())
      }
      return totals.isExact
    },
    beginFiring(end, oldest) {
      // What leaves does so for all keys at once.
      if (cut !== undefined) cut.touchKeys()
      if (oldest > oldestStart) oldestStart = oldest
      totals.dropBefore(oldestStart)
      firingEnd = end
      looked = 0
      stayed = 0
    },
    fire(output, emit) {
      const { order, counts, totals: values } = totals
      let at = looked
      while (!output.full) {
        if (at === totals.ordered) return endFiring()
        const index = order[at] as number
        looked = ++at
        if (counts[index] === 0) {
          leaveOut(index)
          continue
        }
        order[stayed++] = index
        if (firedEnds.size > 0 && (firedEnds.get(index) ?? MIN_TIMESTAMP) >= firingEnd) continue
        emit(keys[index] as CanonicalKey, form.take(values, index * width))
      }
      return false
    },
    write(passedEnd, write) {
      cool()
      for (const slice of open.list)
        slice.forEach((entry) => {
          write(keyOfEntry(entry), openPayload(entry))
        })
      keys.forEach((key, index) => {
        const payload = payloadOf(index, passedEnd)
        if (payload !== undefined) write(key, payload)
      })
    },
    cut(passedEnd, keep) {
      cool()
      return (cut = newCut({
        open: open.list.map(({ runs }) => runs),
        keys: keys.length,
        keyOfEntry,
        keyOfIndex: (index) => keys[index] as CanonicalKey,
        payloadOfEntry: openPayload,
        payloadOfIndex: (index) => payloadOf(index, passedEnd),
        keep,
        onEnd() {
          cut = undefined
        },
      }))
    },
    restore,
    moveTo(to: KeptSlices<In, Acc>) {
      cool()
      const watched = cut
      for (const slice of open.list)
        slice.forEach((entry) => {
          watched?.touchEntry(entry)
          to.restore(keyOfEntry(entry), openPayload(entry))
        })
      watched?.touchKeys()
      for (let i = 0; i < totals.ordered; i++) {
        if (i >= stayed && i < looked) continue
        const index = totals.order[i] as number
        const payload = payloadOf(index, i < stayed ? firingEnd : MIN_TIMESTAMP)
        if (payload !== undefined) to.restore(keys[index] as CanonicalKey, payload)
      }
      clear()
    },
    clear,
  }
}
