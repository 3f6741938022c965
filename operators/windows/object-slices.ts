/**
 * The slices of `slidingAggregate` as objects, for accumulators of any kind: a Map by key for each open slice, and a queue for each key (`slice-queue`).
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { CutMap, MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { unshareFor } from '../aggregates/unshared.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { KeptSlices, SlicePayload } from './kept-slices.ts'
import { SliceQueue } from './slice-queue.ts'
import type { SliceStart } from './slice-queue.ts'

/** Makes them, empty. `sliceLength` is that of every slice, in ms. */
export function objectSlices<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
  sliceLength: number,
): KeptSlices<In, Acc> {
  const unshare = unshareFor(aggregate as AggregateFunction<never, Acc, unknown>)
  return withOwnCode(createSlices<In, Acc>)(aggregate, sliceLength, {
    detachKey,
    newQueue: () => new SliceQueue<In, Acc>(aggregate, unshare),
    newCut: (cut) => new MapsCut(cut),
    MAX_TIMESTAMP,
    MIN_TIMESTAMP,
  })
}

/** A slice that no window has taken in yet, and its accumulators by canonical key. */
interface OpenSlice<Acc> {
  readonly start: number
  /** What the queues of its keys refer to; without the accumulators, which they must not keep alive. */
  readonly at: SliceStart
  readonly accumulators: Map<CanonicalKey, Acc>
}

/** The slices of a key that a window has taken in. */
interface KeySlices<In, Acc> {
  readonly key: CanonicalKey
  readonly queue: SliceQueue<In, Acc>
  /** After a restore: the end of the newest window that has fired for this key; it does not fire again. */
  readonly firedEnd: number
}

interface Imports<In, Acc> {
  readonly detachKey: typeof detachKey
  readonly newQueue: () => SliceQueue<In, Acc>
  readonly newCut: (
    options: MapsCutOptions<Acc | KeySlices<In, Acc>>,
  ) => MapsCut<Acc | KeySlices<In, Acc>>
  readonly MAX_TIMESTAMP: number
  readonly MIN_TIMESTAMP: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createSlices<In, Acc>(
  aggregate: AggregateFunction<In, Acc, unknown>,
  sliceLength: number,
  { detachKey, newQueue, newCut, MAX_TIMESTAMP, MIN_TIMESTAMP }: Imports<In, Acc>,
): KeptSlices<In, Acc> {
  const byStart = new Map<number, OpenSlice<Acc>>()
  /** The same slices in the order of their starts. */
  const open: OpenSlice<Acc>[] = []
  const taken = new Map<CanonicalKey, KeySlices<In, Acc>>()
  /** Those of the slice that was entered last. */
  let accumulators = new Map<CanonicalKey, Acc>()
  /** While a snapshot is packed. */
  let cut: MapsCut<Acc | KeySlices<In, Acc>> | undefined
  /** The window that fires, and its keys that are still to come. */
  let firingEnd = MIN_TIMESTAMP
  let oldestStart = MIN_TIMESTAMP
  let firing = taken.values()

  function openSlice(start: number): OpenSlice<Acc> {
    const known = byStart.get(start)
    if (known !== undefined) return known
    const slice = { start, at: { start }, accumulators: new Map<CanonicalKey, Acc>() }
    byStart.set(start, slice)
    let at = open.length
    while (at > 0 && (open[at - 1] as OpenSlice<Acc>).start > start) at--
    open.splice(at, 0, slice)
    return slice
  }

  function addFirst(key: CanonicalKey, value: In): void {
    const known = accumulators.has(key)
    const accumulator = known ? (accumulators.get(key) as Acc) : aggregate.createAccumulator()
    accumulators.set(known ? key : detachKey(key), aggregate.add(accumulator, value))
  }

  function slicesOf(key: CanonicalKey, firedEnd: number): KeySlices<In, Acc> {
    if (cut !== undefined) cut.touch(taken, key)
    const known = taken.get(key)
    if (known !== undefined) return known
    const own = detachKey<CanonicalKey>(key)
    // -0 and 0 are the same key, and a Map spells it 0.
    const slices = { key: own === 0 ? 0 : own, queue: newQueue(), firedEnd }
    taken.set(own, slices)
    return slices
  }

  /** What there is at this moment, and how it is written. */
  function cutMaps(passed: number): readonly CutMap<Acc | KeySlices<In, Acc>>[] {
    const payloadOf = ({ queue, firedEnd }: KeySlices<In, Acc>): SlicePayload<Acc> => {
      return { taken: queue.contents(), firedEnd: firedEnd > passed ? firedEnd : passed }
    }
    const maps: CutMap<Acc | KeySlices<In, Acc>>[] = open.map(({ start, accumulators: map }) => ({
      map,
      payload: (accumulator) => ({ open: [start, accumulator] }),
    }))
    maps.push({ map: taken, payload: (slices) => payloadOf(slices as KeySlices<In, Acc>) })
    return maps
  }

  return {
    firstOpen() {
      return open[0]?.start
    },
    hasTaken() {
      return taken.size > 0
    },
    leastFiredEnd() {
      let least = MAX_TIMESTAMP
      for (const { firedEnd } of taken.values()) if (firedEnd < least) least = firedEnd
      return least
    },
    enter(start) {
      accumulators = openSlice(start).accumulators
    },
    add(key, value) {
      if (cut !== undefined) cut.touch(accumulators, key)
      const accumulator = accumulators.get(key)
      if (accumulator === undefined) {
        addFirst(key, value)
        return
      }
      const next = aggregate.add(accumulator, value)
      // Not `!==`: V8 folds Object.is of one and the same object, and only that (benchmarks/chain).
      if (!Object.is(next, accumulator)) accumulators.set(key, next)
    },
    merge(key, accumulator) {
      if (cut !== undefined) cut.touch(accumulators, key)
      if (!accumulators.has(key)) {
        accumulators.set(detachKey(key), accumulator)
        return
      }
      const before = accumulators.get(key) as Acc
      const next = aggregate.merge(before, accumulator)
      if (!Object.is(next, before)) accumulators.set(key, next)
    },
    addLate(key, start, value) {
      slicesOf(key, MIN_TIMESTAMP).queue.addLate(start, value)
      return true
    },
    mergeLate(key, start, accumulator) {
      slicesOf(key, MIN_TIMESTAMP).queue.mergeLate(start, accumulator)
      return true
    },
    take(end) {
      while (open.length > 0 && (open[0] as OpenSlice<Acc>).start + sliceLength <= end) {
        const slice = open.shift() as OpenSlice<Acc>
        byStart.delete(slice.start)
        for (const [key, accumulator] of slice.accumulators) {
          if (cut !== undefined) cut.touch(slice.accumulators, key)
          slicesOf(key, MIN_TIMESTAMP).queue.push(slice.at, accumulator)
        }
        if (slice.accumulators === accumulators) accumulators = new Map()
      }
      return true
    },
    beginFiring(end, oldest) {
      firingEnd = end
      oldestStart = oldest
      firing = taken.values()
    },
    fire(output, emit) {
      if (output.full) return false
      // A loop that is left does not end this kind of iterator; the next call goes on behind.
      for (const { key, queue, firedEnd } of firing) {
        if (cut !== undefined) cut.touch(taken, key)
        queue.dropBefore(oldestStart)
        if (queue.isEmpty) taken.delete(key)
        else if (firedEnd < firingEnd) emit(key, queue.total())
        if (output.full) return false
      }
      return true
    },
    write(passedEnd, write) {
      for (const { map, payload } of cutMaps(passedEnd))
        for (const [key, value] of map) write(key, payload(value) as SlicePayload<Acc>)
    },
    cut(passedEnd, keep) {
      const onEnd = (): void => {
        cut = undefined
      }
      return (cut = newCut({ maps: cutMaps(passedEnd), keep, onEnd }))
    },
    restore(key, payload) {
      if ('open' in payload) {
        const [start, accumulator] = payload.open
        openSlice(start).accumulators.set(detachKey(key), accumulator)
      } else {
        slicesOf(key, payload.firedEnd).queue.restore(payload.taken)
      }
      return true
    },
    clear() {
      byStart.clear()
      open.length = 0
      taken.clear()
      accumulators = new Map()
      firing = taken.values()
    },
  }
}
