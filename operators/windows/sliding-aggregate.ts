/**
 * Aggregates records in sliding windows of event time, in slices: each record is added once, however many windows it
 * belongs to. What integers add up to is added when a slice comes and taken away when it leaves (`slice-totals`); slices of anything else
 * are merged about three times in their life (`slice-queue`).
 *
 *      size 6, slide 4, slices of gcd(6, 4) = 2:   |0-2|2-4|4-6|6-8|8-10|
 *                                                  [--window 1--]
 *                                                          [--window 2--]
 *
 * Windows fire in the order of their ends, as `windowAggregate` does, with the same results as long as `merge` joins what `add`
 * would have added: the slices of a window are joined in the order of time, not of arrival. A record that comes when some of
 * its windows have fired counts in the others; one whose windows have all fired goes to the side output for late records, or is
 * dropped and counted (`lateRecordsDropped`).
 * Firing stops when the output is full and goes on where it stopped.
 */
import { canonicalKey, originalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { CutMap, MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import type { Counter, Operator, Output } from '../operator.ts'
import { ON_TIME_PANE } from './pane.ts'
import { isPartialResult, partialForm } from './partial-result.ts'
import type { PartialForm, PartialResult } from './partial-result.ts'
import { sliceQueues } from './slice-queues.ts'
import type { SliceQueueContents, SlicesOfKey, SliceStart } from './slice-queue.ts'
import { noTimestamp } from './window-aggregate.ts'
import type { FiredWindow } from './window-aggregate.ts'
import { windowStartWithOffset } from './window-assigner.ts'

/** What `slidingAggregate` computes. Times are whole milliseconds; `slide` is at most `size`. */
export interface SlidingAggregateOptions<In, Key, Acc, Result, Out> {
  /** Shown in errors. */
  readonly name: string
  readonly size: number
  readonly slide: number
  readonly offset: number
  readonly aggregate: AggregateFunction<In, Acc, Result>
  /** The key of a record. Default: all records together. */
  readonly key?: ((value: In) => Key) | undefined
  /** Makes the record that leaves. Default: the aggregate's result itself. */
  readonly result?: ((result: Result, window: FiredWindow<Key>) => Out) | undefined
  /** Side output for late records. Default: they are dropped and counted. */
  readonly lateTag?: string | undefined
  /** Whether partial results come among the records. Default: false. */
  readonly takesPartialResults?: boolean
}

/** Makes the operator. It throws `NO_TIMESTAMP` for a record without one, and `INVALID_KEY`. */
export function slidingAggregate<In, Key, Acc, Result, Out = Result>(
  options: SlidingAggregateOptions<In, Key, Acc, Result, Out>,
): Operator<In, Out> {
  const create = withOwnCode(createOperator<In, Key, Acc, Result, Out>)
  return create(options, {
    canonicalKey,
    originalKey,
    detachKey,
    noTimestamp,
    isPartialResult,
    partials: options.takesPartialResults === true ? partialForm(options.aggregate) : undefined,
    windowStartWithOffset,
    newQueue: sliceQueues(options.aggregate),
    newCut: (cut) => new MapsCut(cut),
    sliceLength: sliceLengthOf(options),
    ON_TIME_PANE,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
  })
}

/** The length of slices: every window is a row of whole ones. */
export function sliceLengthOf(spacing: { readonly size: number; readonly slide: number }): number {
  return greatestCommonDivisor(spacing.size, spacing.slide)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
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
  readonly queue: SlicesOfKey<In, Acc>
  /** After a restore: the end of the newest window that has fired for this key; it does not fire again. */
  readonly firedEnd: number
}

/** Slices or queues by key, and how they are written. */
type SlicesMap<In, Acc> = CutMap<Acc | KeySlices<In, Acc>>

/** One key in a snapshot: its slices that no window has taken in, and its queue. */
type Payload<Acc> =
  | { readonly open: readonly [start: number, accumulator: Acc] }
  | { readonly taken: SliceQueueContents<Acc>; readonly firedEnd: number }

interface Imports<In, Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly noTimestamp: typeof noTimestamp
  readonly isPartialResult: typeof isPartialResult
  /** Undefined: none come. */
  readonly partials: PartialForm<Acc> | undefined
  readonly windowStartWithOffset: typeof windowStartWithOffset
  readonly newQueue: () => SlicesOfKey<In, Acc>
  readonly newCut: (
    options: MapsCutOptions<Acc | KeySlices<In, Acc>>,
  ) => MapsCut<Acc | KeySlices<In, Acc>>
  readonly sliceLength: number
  readonly ON_TIME_PANE: typeof ON_TIME_PANE
  readonly MIN_TIMESTAMP: number
  readonly MAX_TIMESTAMP: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<In, Key, Acc, Result, Out>(
  options: SlidingAggregateOptions<In, Key, Acc, Result, Out>,
  imports: Imports<In, Acc>,
): Operator<In, Out> {
  const { name, size, slide, offset, aggregate, key: keyOf, result: makeRecord, lateTag } = options
  const { canonicalKey, originalKey, detachKey, noTimestamp, windowStartWithOffset } = imports
  const { isPartialResult, partials } = imports
  const { newQueue, newCut, sliceLength, ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const byStart = new Map<number, OpenSlice<Acc>>()
  /** The same slices in the order of their starts. */
  const open: OpenSlice<Acc>[] = []
  const taken = new Map<CanonicalKey, KeySlices<In, Acc>>()
  /** While a snapshot is packed. */
  let cut: MapsCut<Acc | KeySlices<In, Acc>> | undefined
  let output: Output<Out>
  /** Undefined where nobody reads it. */
  let late: Output | undefined
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP
  /** End of the newest window that the watermark has passed: slices before it are no longer open. */
  let passedEnd = MIN_TIMESTAMP
  /** The slice of the last record, as in `windowAggregate`. */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  let accumulators = new Map<CanonicalKey, Acc>()
  /** End of the window that is firing, and its keys that are still to come. */
  let firingEnd = MIN_TIMESTAMP
  let firing: IterableIterator<KeySlices<In, Acc>> | undefined

  /** Makes the slice of `timestamp` the current one; false when a window has taken it in. */
  function enterSlice(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP) noTimestamp({ name })
    const start = windowStartWithOffset(timestamp, offset, sliceLength)
    if (start < passedEnd) return false
    accumulators = openSlice(start).accumulators
    bounds[0] = start
    bounds[1] = start + sliceLength
    return true
  }

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

  /** What the first phase has made of some records of one slice. */
  function addPartial(partial: PartialResult, timestamp: number): void {
    if (
      !(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) &&
      !enterSlice(timestamp)
    ) {
      addLatePartial(partial, timestamp)
      return
    }
    const key = keyOf === undefined ? null : canonicalKey(partial.key)
    if (cut !== undefined) cut.touch(accumulators, key)
    if (!accumulators.has(key)) {
      accumulators.set(detachKey(key), (partials as PartialForm<Acc>).accumulatorOf(partial))
      return
    }
    const before = accumulators.get(key) as Acc
    const next = aggregate.merge(before, (partials as PartialForm<Acc>).accumulatorOf(partial))
    if (!Object.is(next, before)) accumulators.set(key, next)
  }

  function addLatePartial(partial: PartialResult, timestamp: number): void {
    const lastEnd = windowStartWithOffset(timestamp, offset, slide) + size
    if (lastEnd <= passedEnd) {
      lateDropped.value += partial['millrace.partialOf']
      return
    }
    const key = keyOf === undefined ? null : canonicalKey(partial.key)
    const start = windowStartWithOffset(timestamp, offset, sliceLength)
    slicesOf(key, MIN_TIMESTAMP).queue.mergeLate(
      start,
      (partials as PartialForm<Acc>).accumulatorOf(partial),
    )
  }

  /** A record of a slice that a window has taken in already. */
  function addLate(value: In, timestamp: number): void {
    const lastEnd = windowStartWithOffset(timestamp, offset, slide) + size
    if (lastEnd <= passedEnd) {
      leaveOut(value, timestamp)
      return
    }
    const key = keyOf === undefined ? null : canonicalKey(keyOf(value))
    const start = windowStartWithOffset(timestamp, offset, sliceLength)
    slicesOf(key, MIN_TIMESTAMP).queue.addLate(start, value)
  }

  /** A record that no window takes any more. */
  function leaveOut(value: In, timestamp: number): void {
    if (lateTag === undefined) lateDropped.value++
    else late?.emit(value, timestamp)
  }

  function slicesOf(key: CanonicalKey, firedEnd: number): KeySlices<In, Acc> {
    if (cut !== undefined) cut.touch(taken, key)
    const known = taken.get(key)
    if (known !== undefined) return known
    const slices = { key: detachKey(key), queue: newQueue(), firedEnd }
    taken.set(slices.key, slices)
    return slices
  }

  /** End of the first window that has not fired and holds something; `MAX_TIMESTAMP` for none. */
  function nextEnd(): number {
    const first = open[0]
    const ofOpen =
      first === undefined
        ? MAX_TIMESTAMP
        : windowStartWithOffset(first.start + sliceLength - 1 - size, offset, slide) + slide + size
    // Windows of taken slices follow one another; before the first has fired there are none, but after a restore.
    const ofTaken = taken.size === 0 ? MAX_TIMESTAMP : endAfterTaken()
    return ofOpen < ofTaken ? ofOpen : ofTaken
  }

  function endAfterTaken(): number {
    if (passedEnd !== MIN_TIMESTAMP) return passedEnd + slide
    let end = MAX_TIMESTAMP
    for (const { firedEnd } of taken.values()) if (firedEnd + slide < end) end = firedEnd + slide
    return end
  }

  /** Hands the slices that the window with this end is the first to hold to the queues of their keys. */
  function takeSlices(end: number): void {
    while (open.length > 0 && (open[0] as OpenSlice<Acc>).start + sliceLength <= end) {
      const slice = open.shift() as OpenSlice<Acc>
      byStart.delete(slice.start)
      for (const [key, accumulator] of slice.accumulators) {
        if (cut !== undefined) cut.touch(slice.accumulators, key)
        slicesOf(key, MIN_TIMESTAMP).queue.push(slice.at, accumulator)
      }
      if (slice.accumulators !== accumulators) continue
      bounds[0] = MAX_TIMESTAMP
      bounds[1] = MIN_TIMESTAMP
      accumulators = new Map()
    }
  }

  function beginFiring(): IterableIterator<KeySlices<In, Acc>> {
    // What leaves may leave for all keys at once.
    if (cut !== undefined) for (const key of taken.keys()) cut.touch(taken, key)
    return taken.values()
  }

  function fire(): boolean {
    firing ??= beginFiring()
    if (output.full) return false
    const oldestStart = firingEnd - size
    // A loop that is left does not end this kind of iterator; the next call goes on behind.
    for (const { key, queue, firedEnd } of firing) {
      if (cut !== undefined) cut.touch(taken, key)
      queue.dropBefore(oldestStart)
      if (queue.isEmpty) {
        taken.delete(key)
        queue.forget()
      } else if (firedEnd < firingEnd) emit(key, aggregate.getResult(queue.total()))
      if (output.full) return false
    }
    firing = undefined
    return true
  }

  function emit(key: CanonicalKey, result: Result): void {
    if (makeRecord === undefined) {
      output.emit(result as never, firingEnd - 1)
      return
    }
    const record = makeRecord(result, {
      key: (keyOf === undefined ? undefined : originalKey(key)) as Key,
      windowStart: firingEnd - size,
      windowEnd: firingEnd,
      pane: ON_TIME_PANE,
    })
    output.emit(record, firingEnd - 1)
  }

  /** What there is at this moment. */
  function cutMaps(): readonly SlicesMap<In, Acc>[] {
    const passed = passedEnd
    const payloadOf = ({ queue, firedEnd }: KeySlices<In, Acc>): Payload<Acc> => {
      return { taken: queue.contents(), firedEnd: firedEnd > passed ? firedEnd : passed }
    }
    const maps: SlicesMap<In, Acc>[] = open.map(({ start, accumulators: map }) => ({
      map,
      payload: (accumulator) => ({ open: [start, accumulator] }),
    }))
    maps.push({ map: taken, payload: (slices) => payloadOf(slices as KeySlices<In, Acc>) })
    return maps
  }

  function writePayloads(write: (key: CanonicalKey, payload: unknown) => void): void {
    for (const { map, payload } of cutMaps())
      for (const [key, value] of map) write(key, payload(value))
  }

  function restorePayload(key: CanonicalKey, payload: Payload<Acc>): void {
    if ('open' in payload) {
      const [start, accumulator] = payload.open
      openSlice(start).accumulators.set(detachKey(key), accumulator)
    } else {
      slicesOf(key, payload.firedEnd).queue.restore(payload.taken)
    }
  }

  const operator: Operator<In, Out> = {
    open(context, to) {
      output = to
      late = lateTag === undefined ? undefined : context.sideOutput(lateTag)
      lateDropped = context.counter('lateRecordsDropped')
      context.state.registerKeyed({
        name: 'millrace.slices',
        kind: 'slices',
        version: 1,
        snapshot: writePayloads,
        cut: (keep) => {
          const onEnd = (): void => {
            cut = undefined
          }
          return (cut = newCut({ maps: cutMaps(), keep, onEnd }))
        },
        restore: (key, payload) => {
          restorePayload(key, payload as Payload<Acc>)
        },
      })
    },
    processRecord(value, timestamp) {
      if (
        !(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) &&
        !enterSlice(timestamp)
      ) {
        addLate(value, timestamp)
        return
      }
      const key = keyOf === undefined ? null : canonicalKey(keyOf(value))
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
    processWatermark(timestamp) {
      if (timestamp > watermark) watermark = timestamp
      for (;;) {
        if (firing === undefined) {
          const end = nextEnd()
          if (end === MAX_TIMESTAMP || end - 1 > watermark) break
          firingEnd = end
          takeSlices(end)
        }
        if (!fire()) return false
        if (firingEnd > passedEnd) passedEnd = firingEnd
      }
      // Windows without any record have passed too: what comes for them now is late.
      if (watermark !== MAX_TIMESTAMP && watermark !== MIN_TIMESTAMP) {
        const end = windowStartWithOffset(watermark + 1 - size, offset, slide) + size
        if (end > passedEnd) passedEnd = end
      }
      return true
    },
    endInput() {
      return this.processWatermark(MAX_TIMESTAMP)
    },
    close() {
      byStart.clear()
      open.length = 0
      taken.clear()
      accumulators = new Map()
      firing = undefined
    },
  }
  if (partials === undefined) return operator
  return {
    ...operator,
    processRecord(value, timestamp) {
      if (isPartialResult(value)) addPartial(value, timestamp)
      else operator.processRecord(value, timestamp)
    },
  }
}
