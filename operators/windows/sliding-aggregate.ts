/**
 * Aggregates records in sliding windows of event time, in slices: each record is added once, however many windows it
 * belongs to. What integers add up to is added when a slice comes and taken away when it leaves (`packed-slices`); slices of anything else
 * are merged about three times in their life (`object-slices`). Where totals turn out to be no integers, all that there is moves to objects at once.
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
import type { Counter, Operator, Output } from '../operator.ts'
import type { KeptSlices, MovableSlices, SlicePayload } from './kept-slices.ts'
import { objectSlices } from './object-slices.ts'
import { packedSlices } from './packed-slices.ts'
import { ON_TIME_PANE } from './pane.ts'
import { isPartialResult, partialForm } from './partial-result.ts'
import type { PartialForm, PartialResult } from './partial-result.ts'
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
  /** False: slices are objects from the start, whatever they add up to. The results are the same. Default: true. */
  readonly isPacked?: boolean
}

/** Makes the operator. It throws `NO_TIMESTAMP` for a record without one, and `INVALID_KEY`. */
export function slidingAggregate<In, Key, Acc, Result, Out = Result>(
  options: SlidingAggregateOptions<In, Key, Acc, Result, Out>,
): Operator<In, Out> {
  const create = withOwnCode(createOperator<In, Key, Acc, Result, Out>)
  const { aggregate } = options
  const sliceLength = sliceLengthOf(options)
  return create(options, {
    canonicalKey,
    originalKey,
    noTimestamp,
    isPartialResult,
    partials: options.takesPartialResults === true ? partialForm(aggregate) : undefined,
    windowStartWithOffset,
    packed: options.isPacked === false ? undefined : packedSlices(aggregate, sliceLength),
    newObjects: () => objectSlices(aggregate, sliceLength),
    sliceLength,
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

interface Imports<In, Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly noTimestamp: typeof noTimestamp
  readonly isPartialResult: typeof isPartialResult
  /** Undefined: none come. */
  readonly partials: PartialForm<Acc> | undefined
  readonly windowStartWithOffset: typeof windowStartWithOffset
  /** Undefined: slices are objects. */
  readonly packed: MovableSlices<In, Acc> | undefined
  readonly newObjects: () => KeptSlices<In, Acc>
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
  const { canonicalKey, originalKey, noTimestamp, windowStartWithOffset } = imports
  const { isPartialResult, partials, newObjects } = imports
  const { sliceLength, ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  let { packed } = imports
  let slices = packed ?? newObjects()
  let output: Output<Out>
  /** Undefined where nobody reads it. */
  let late: Output | undefined
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP
  /** End of the newest window that the watermark has passed: slices before it are no longer open. */
  let passedEnd = MIN_TIMESTAMP
  /** The slice of the last record, as in `windowAggregate`. */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  /** Whether a window is firing, and the end of the last one that began to. */
  let firing = false
  let firingEnd = MIN_TIMESTAMP

  /** Makes the slice of `timestamp` the current one; false when a window has taken it in. */
  function enterSlice(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP) noTimestamp({ name })
    const start = windowStartWithOffset(timestamp, offset, sliceLength)
    if (start < passedEnd) return false
    slices.enter(start)
    bounds[0] = start
    bounds[1] = start + sliceLength
    return true
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
    slices.merge(key, (partials as PartialForm<Acc>).accumulatorOf(partial))
  }

  function addLatePartial(partial: PartialResult, timestamp: number): void {
    const lastEnd = windowStartWithOffset(timestamp, offset, slide) + size
    if (lastEnd <= passedEnd) {
      lateDropped.value += partial['millrace.partialOf']
      return
    }
    const key = keyOf === undefined ? null : canonicalKey(partial.key)
    const start = windowStartWithOffset(timestamp, offset, sliceLength)
    const accumulator = (partials as PartialForm<Acc>).accumulatorOf(partial)
    if (!slices.mergeLate(key, start, accumulator)) goOnWithObjects()
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
    if (!slices.addLate(key, start, value)) goOnWithObjects()
  }

  /** A record that no window takes any more. */
  function leaveOut(value: In, timestamp: number): void {
    if (lateTag === undefined) lateDropped.value++
    else late?.emit(value, timestamp)
  }

  function goOnWithObjects(): void {
    if (packed === undefined) return
    slices = newObjects()
    packed.moveTo(slices)
    packed = undefined
    if ((bounds[0] as number) < (bounds[1] as number)) slices.enter(bounds[0] as number)
    if (firing) slices.beginFiring(firingEnd, firingEnd - size)
  }

  /** End of the first window that has not fired and holds something; `MAX_TIMESTAMP` for none. */
  function nextEnd(): number {
    const firstOpen = slices.firstOpen()
    const ofOpen =
      firstOpen === undefined
        ? MAX_TIMESTAMP
        : windowStartWithOffset(firstOpen + sliceLength - 1 - size, offset, slide) + slide + size
    // Windows of taken slices follow one another; before the first has fired there are none, but after a restore.
    const ofTaken = slices.hasTaken() ? endAfterTaken() : MAX_TIMESTAMP
    return ofOpen < ofTaken ? ofOpen : ofTaken
  }

  function endAfterTaken(): number {
    return (passedEnd === MIN_TIMESTAMP ? slices.leastFiredEnd() : passedEnd) + slide
  }

  /** Hands the slices that the window with this end is the first to hold to their keys, and begins to fire it. */
  function beginFiring(end: number): void {
    const isExact = slices.take(end)
    if ((bounds[1] as number) <= end) {
      bounds[0] = MAX_TIMESTAMP
      bounds[1] = MIN_TIMESTAMP
    }
    if (!isExact) goOnWithObjects()
    firingEnd = end
    firing = true
    slices.beginFiring(end, end - size)
  }

  function emit(key: CanonicalKey, total: Acc): void {
    const result = aggregate.getResult(total)
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

  function restorePayload(key: CanonicalKey, payload: SlicePayload<Acc>): void {
    if (slices.restore(key, payload)) return
    goOnWithObjects()
    slices.restore(key, payload)
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
        snapshot: (write) => {
          slices.write(passedEnd, write)
        },
        cut: (keep) => slices.cut(passedEnd, keep),
        restore: (key, payload) => {
          restorePayload(key, payload as SlicePayload<Acc>)
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
      slices.add(key, value)
    },
    processWatermark(timestamp) {
      if (timestamp > watermark) watermark = timestamp
      for (;;) {
        if (!firing) {
          const end = nextEnd()
          if (end === MAX_TIMESTAMP || end - 1 > watermark) break
          beginFiring(end)
        }
        if (!slices.fire(output, emit)) return false
        firing = false
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
      slices.clear()
      firing = false
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
