/**
 * Aggregates records in sliding windows of event time, in slices: each record is added once, however many windows it
 * belongs to, and each key's slices are merged about three times in their life (`slice-queue`).
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
import type { Counter, Operator, Output } from '../operator.ts'
import { ON_TIME_PANE } from './pane.ts'
import { SliceQueue } from './slice-queue.ts'
import type { SliceQueueContents, SliceStart } from './slice-queue.ts'
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
    windowStartWithOffset,
    newQueue: (aggregate) => new SliceQueue(aggregate),
    sliceLength: greatestCommonDivisor(options.size, options.slide),
    ON_TIME_PANE,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
  })
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** A slice that no window has taken in yet. */
interface OpenSlice<Acc> {
  readonly start: number
  /** What the queues of its keys refer to; without the accumulators, which they must not keep alive. */
  readonly at: SliceStart
  /** The accumulators of the keys for which another slice is hot, by canonical key. */
  cold: Map<CanonicalKey, Acc> | undefined
  isTaken: boolean
}

/**
 * All slices of a key. The open slice that got the key's first record last is *hot*: its accumulator lies here, where a record
 * and a firing find it without a further look-up. In a stream in order there are no others.
 */
interface KeySlices<In, Acc> {
  readonly key: CanonicalKey
  /** Undefined when no slice is hot. After `takeSlices` it may be a taken slice, until the firing comes to this key. */
  hotSlice: OpenSlice<Acc> | undefined
  hot: Acc | undefined
  /** The slice that was hot before, mostly until the watermark, which trails the records, lets a window take it. */
  warmSlice: OpenSlice<Acc> | undefined
  warm: Acc | undefined
  /** Number of open slices that hold this key among their cold ones. */
  coldSlices: number
  /** The slices that a window has taken in. */
  readonly queue: SliceQueue<In, Acc>
  /** After a restore: the end of the newest window that has fired for this key; it does not fire again. */
  firedEnd: number
}

/** One key in a snapshot: its slices that no window has taken in, and its queue. */
type Payload<Acc> =
  | { readonly open: readonly [start: number, accumulator: Acc] }
  | { readonly taken: SliceQueueContents<Acc>; readonly firedEnd: number }

interface Imports<In, Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly noTimestamp: typeof noTimestamp
  readonly windowStartWithOffset: typeof windowStartWithOffset
  readonly newQueue: (aggregate: AggregateFunction<In, Acc, unknown>) => SliceQueue<In, Acc>
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
  const { newQueue, sliceLength, ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const byStart = new Map<number, OpenSlice<Acc>>()
  /** The same slices in the order of their starts. */
  const open: OpenSlice<Acc>[] = []
  const keys = new Map<CanonicalKey, KeySlices<In, Acc>>()
  /** Whether any queue holds something; while a window fires: any of those that it has passed. */
  let anyTaken = false
  let output: Output<Out>
  /** Undefined where nobody reads it. */
  let late: Output | undefined
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP
  /** End of the newest window that the watermark has passed: slices before it are no longer open. */
  let passedEnd = MIN_TIMESTAMP
  /** The slice of the last record, as in `windowAggregate`. */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  let current: OpenSlice<Acc> | undefined
  /** End of the window that is firing, and its keys that are still to come. */
  let firingEnd = MIN_TIMESTAMP
  let firing: IterableIterator<KeySlices<In, Acc>> | undefined

  /** Makes the slice of `timestamp` the current one; false when a window has taken it in. */
  function enterSlice(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP) noTimestamp({ name })
    const start = windowStartWithOffset(timestamp, offset, sliceLength)
    if (start < passedEnd) return false
    current = openSlice(start)
    bounds[0] = start
    bounds[1] = start + sliceLength
    return true
  }

  function openSlice(start: number): OpenSlice<Acc> {
    const known = byStart.get(start)
    if (known !== undefined) return known
    const slice = { start, at: { start }, cold: undefined, isTaken: false }
    byStart.set(start, slice)
    let at = open.length
    while (at > 0 && (open[at - 1] as OpenSlice<Acc>).start > start) at--
    open.splice(at, 0, slice)
    return slice
  }

  /** Adds to the current slice, which is not the hot one of the key. */
  function addElsewhere(known: KeySlices<In, Acc> | undefined, key: CanonicalKey, value: In): void {
    const slice = current as OpenSlice<Acc>
    const { cold } = slice
    if (known !== undefined && known.warmSlice === slice) {
      known.warm = aggregate.add(known.warm as Acc, value)
      return
    }
    if (known !== undefined && known.coldSlices > 0 && cold !== undefined) {
      const accumulator = cold.get(key)
      if (accumulator !== undefined || cold.has(key)) {
        const next = aggregate.add(accumulator as Acc, value)
        if (!Object.is(next, accumulator)) cold.set(known.key, next)
        return
      }
    }
    // Before anything changes: it may throw.
    const first = aggregate.add(aggregate.createAccumulator(), value)
    makeHot(known ?? slicesOf(key), slice, first)
  }

  function makeHot(slices: KeySlices<In, Acc>, slice: OpenSlice<Acc>, accumulator: Acc): void {
    const before = slices.hotSlice
    if (before !== undefined && slices.warmSlice === undefined) {
      slices.warmSlice = before
      slices.warm = slices.hot
    } else if (before !== undefined) {
      before.cold ??= new Map()
      before.cold.set(slices.key, slices.hot as Acc)
      slices.coldSlices++
    }
    slices.hotSlice = slice
    slices.hot = accumulator
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
    slicesOf(key).queue.addLate(start, value)
    anyTaken = true
  }

  /** A record that no window takes any more. */
  function leaveOut(value: In, timestamp: number): void {
    if (lateTag === undefined) lateDropped.value++
    else late?.emit(value, timestamp)
  }

  function slicesOf(key: CanonicalKey): KeySlices<In, Acc> {
    const known = keys.get(key)
    if (known !== undefined) return known
    const slices: KeySlices<In, Acc> = {
      key: detachKey(key),
      hotSlice: undefined,
      hot: undefined,
      warmSlice: undefined,
      warm: undefined,
      coldSlices: 0,
      queue: newQueue(aggregate),
      firedEnd: MIN_TIMESTAMP,
    }
    keys.set(slices.key, slices)
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
    const ofTaken = anyTaken ? endAfterTaken() : MAX_TIMESTAMP
    return ofOpen < ofTaken ? ofOpen : ofTaken
  }

  function endAfterTaken(): number {
    if (passedEnd !== MIN_TIMESTAMP) return passedEnd + slide
    let end = MAX_TIMESTAMP
    for (const { queue, firedEnd } of keys.values())
      if (!queue.isEmpty && firedEnd + slide < end) end = firedEnd + slide
    return end
  }

  /**
   * Takes the slices that the window with this end is the first to hold: cold accumulators go to the queues of their keys
   * now, hot ones when the firing comes to their key.
   */
  function takeSlices(end: number): void {
    while (open.length > 0 && (open[0] as OpenSlice<Acc>).start + sliceLength <= end) {
      const slice = open.shift() as OpenSlice<Acc>
      byStart.delete(slice.start)
      if (slice.cold !== undefined) takeCold(slice, slice.cold)
      slice.cold = undefined
      slice.isTaken = true
      if (slice !== current) continue
      bounds[0] = MAX_TIMESTAMP
      bounds[1] = MIN_TIMESTAMP
      current = undefined
    }
  }

  function takeCold(slice: OpenSlice<Acc>, cold: Map<CanonicalKey, Acc>): void {
    for (const [key, accumulator] of cold) {
      const slices = slicesOf(key)
      // Older slices go first: slices are merged in the order of time.
      takeHeld(slices)
      slices.queue.push(slice.at, accumulator)
      slices.coldSlices--
    }
  }

  /** Hands the hot and the warm slice to the queue, as far as they are taken. */
  function takeHeld(slices: KeySlices<In, Acc>): void {
    const { warmSlice, hotSlice } = slices
    const takesHot = hotSlice !== undefined && hotSlice.isTaken
    if (warmSlice !== undefined && warmSlice.isTaken) {
      if (takesHot && hotSlice.start < warmSlice.start) takeHot(slices, hotSlice)
      slices.queue.push(warmSlice.at, slices.warm as Acc)
      slices.warmSlice = undefined
      slices.warm = undefined
    }
    if (takesHot && slices.hotSlice !== undefined) takeHot(slices, hotSlice)
  }

  function takeHot(slices: KeySlices<In, Acc>, slice: OpenSlice<Acc>): void {
    slices.queue.push(slice.at, slices.hot as Acc)
    slices.hotSlice = undefined
    slices.hot = undefined
  }

  function fire(): boolean {
    if (firing === undefined) {
      firing = keys.values()
      anyTaken = false
    }
    if (output.full) return false
    const oldestStart = firingEnd - size
    // A loop that is left does not end this kind of iterator; the next call goes on behind.
    for (const slices of firing) {
      const { queue } = slices
      takeHeld(slices)
      queue.dropBefore(oldestStart)
      if (!queue.isEmpty) {
        anyTaken = true
        if (slices.firedEnd < firingEnd) emit(slices.key, aggregate.getResult(queue.total()))
      } else if (!holdsOpen(slices)) {
        keys.delete(slices.key)
      }
      if (output.full) return false
    }
    firing = undefined
    return true
  }

  function holdsOpen({ hotSlice, warmSlice, coldSlices }: KeySlices<In, Acc>): boolean {
    return hotSlice !== undefined || warmSlice !== undefined || coldSlices > 0
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

  function writePayloads(write: (key: CanonicalKey, payload: Payload<Acc>) => void): void {
    for (const { start, cold } of open) {
      if (cold === undefined) continue
      for (const [key, accumulator] of cold) write(key, { open: [start, accumulator] })
    }
    for (const { key, hotSlice, hot, warmSlice, warm, queue, firedEnd } of keys.values()) {
      if (warmSlice !== undefined) write(key, { open: [warmSlice.start, warm as Acc] })
      if (hotSlice !== undefined) write(key, { open: [hotSlice.start, hot as Acc] })
      if (queue.isEmpty) continue
      const fired = firedEnd > passedEnd ? firedEnd : passedEnd
      write(key, { taken: queue.contents(), firedEnd: fired })
    }
  }

  function restorePayload(key: CanonicalKey, payload: Payload<Acc>): void {
    const slices = slicesOf(key)
    if ('open' in payload) {
      const [start, accumulator] = payload.open
      makeHot(slices, openSlice(start), accumulator)
    } else {
      slices.firedEnd = payload.firedEnd
      slices.queue.restore(payload.taken)
      anyTaken = true
    }
  }

  return {
    open(context, to) {
      output = to
      late = lateTag === undefined ? undefined : context.sideOutput(lateTag)
      lateDropped = context.counter('lateRecordsDropped')
      context.state.registerKeyed({
        name: 'millrace.slices',
        kind: 'slices',
        version: 1,
        snapshot: writePayloads,
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
      const slices = keys.get(key)
      if (slices === undefined || slices.hotSlice !== current) {
        addElsewhere(slices, key, value)
        return
      }
      const accumulator = slices.hot as Acc
      const next = aggregate.add(accumulator, value)
      // Not `!==`: V8 folds Object.is of one and the same object, and only that (benchmarks/chain).
      if (!Object.is(next, accumulator)) slices.hot = next
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
      keys.clear()
      anyTaken = false
      current = undefined
      bounds[0] = MAX_TIMESTAMP
      bounds[1] = MIN_TIMESTAMP
      firing = undefined
    },
  }
}
