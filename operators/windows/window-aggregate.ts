/**
 * Aggregates records per window, and per key if there is one: one accumulator each, one result when the watermark
 * passes the window's end.
 *
 * Windows fire in the order of their ends, the keys of a window in the order in which they came. A result carries the
 * last millisecond of its window as timestamp. A record whose window has fired goes to the side output for late records, or
 * is dropped and counted (`lateRecordsDropped`). Firing stops when the output is full and goes on where it stopped. The open
 * windows are part of a snapshot, per key: start, end and accumulator.
 */
import { canonicalKey, originalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import type { Counter, Operator, Output } from '../operator.ts'
import { withOwnCode } from '../chain/own-code.ts'
import { OpenWindows } from './open-windows.ts'
import type { WindowBounds } from './open-windows.ts'
import { ON_TIME_PANE } from './pane.ts'
import { isPartialResult, partialForm } from './partial-result.ts'
import type { PartialForm, PartialResult } from './partial-result.ts'
import type { Pane } from './pane.ts'
import type { AlignedWindowAssigner } from './window-assigner.ts'

/** The window that a result belongs to, `[windowStart, windowEnd)` in ms. Without a key function `key` is undefined. */
export interface FiredWindow<Key = unknown> {
  readonly key: Key
  readonly windowStart: number
  readonly windowEnd: number
  readonly pane: Pane
}

/** What `windowAggregate` computes: per window and `Key` a `Result`, which leaves as an `Out`. */
export interface WindowAggregateOptions<In, Key, Acc, Result, Out> {
  readonly assigner: AlignedWindowAssigner
  readonly aggregate: AggregateFunction<In, Acc, Result>
  /** The key of a record. Default: all records of a window together. */
  readonly key?: ((value: In) => Key) | undefined
  /** Makes the record that leaves. Default: the aggregate's result itself. */
  readonly result?: ((result: Result, window: FiredWindow<Key>) => Out) | undefined
  /** Side output for late records. Default: they are dropped and counted. */
  readonly lateTag?: string | undefined
  /** Whether partial results come among the records. Default: false. */
  readonly takesPartialResults?: boolean
}

/**
 * Makes the operator. It throws `NO_TIMESTAMP` for a record without one, if the assigner needs them, and `INVALID_KEY`.
 */
export function windowAggregate<In, Key, Acc, Result, Out = Result>(
  options: WindowAggregateOptions<In, Key, Acc, Result, Out>,
): Operator<In, Out> {
  const create = withOwnCode(createOperator<In, Key, Acc, Result, Out>)
  return create(options, {
    canonicalKey,
    originalKey,
    detachKey,
    noTimestamp,
    isPartialResult,
    partials: options.takesPartialResults === true ? partialForm(options.aggregate) : undefined,
    newCut: (cut) => new MapsCut(cut),
    newOpenWindows: (make) => new OpenWindows(make),
    ON_TIME_PANE,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
  })
}

/** Throws `NO_TIMESTAMP`. */
export function noTimestamp(assigner: { readonly name: string }): never {
  throw new MillraceError(
    'NO_TIMESTAMP',
    `The window ${assigner.name} needs an event time, but the record has none: ` +
      'give the source a timestamp function or call assignTimestamps before the window',
  )
}

/** One open window and its accumulators by canonical key. */
interface OpenWindow<Acc> extends WindowBounds {
  readonly accumulators: Map<CanonicalKey, Acc>
}

interface Imports<Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly noTimestamp: typeof noTimestamp
  readonly isPartialResult: typeof isPartialResult
  /** Undefined: none come. */
  readonly partials: PartialForm<Acc> | undefined
  readonly newCut: (options: MapsCutOptions<Acc>) => MapsCut<Acc>
  readonly newOpenWindows: (
    make: (start: number, end: number) => OpenWindow<Acc>,
  ) => OpenWindows<OpenWindow<Acc>>
  readonly ON_TIME_PANE: Pane
  readonly MIN_TIMESTAMP: number
  readonly MAX_TIMESTAMP: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<In, Key, Acc, Result, Out>(
  options: WindowAggregateOptions<In, Key, Acc, Result, Out>,
  imports: Imports<Acc>,
): Operator<In, Out> {
  const { assigner, aggregate, key: keyOf, result: makeRecord, lateTag } = options
  const { canonicalKey, originalKey, detachKey, noTimestamp, newCut } = imports
  const { isPartialResult, partials, newOpenWindows } = imports
  const { ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const windows = newOpenWindows((start, end) => ({ start, end, accumulators: new Map() }))
  /** While a snapshot is packed. */
  let cut: MapsCut<Acc> | undefined
  let output: Output<Out>
  /** Undefined where nobody reads it. */
  let late: Output | undefined
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP
  /**
   * Start and end of the last record's window, because the next record mostly belongs to it too. An empty range: none.
   * A typed array, because a number in a closure's variable is boxed: reading two of them per record costs a third of the
   * speed (benchmarks/chain).
   */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  let accumulators = new Map<CanonicalKey, Acc>()
  /** The keys of the first window that are still to fire, once it has begun. */
  let firing: Iterator<[CanonicalKey, Acc]> | undefined

  /** Makes the window of `timestamp` the current one; false when it has fired. */
  function enterWindow(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP && assigner.needsTimestamps) noTimestamp(assigner)
    const windowStart = assigner.windowStart(timestamp)
    const windowEnd = assigner.windowEnd(windowStart)
    if (windowEnd - 1 <= watermark) return false
    accumulators = windows.open(windowStart, windowEnd).accumulators
    bounds[0] = windowStart
    bounds[1] = windowEnd
    return true
  }

  /** Adds a record whose key has no accumulator, or one that is undefined. */
  function addFirst(key: CanonicalKey, value: In): void {
    const known = accumulators.has(key)
    const accumulator = known ? (accumulators.get(key) as Acc) : aggregate.createAccumulator()
    accumulators.set(known ? key : detachKey(key), aggregate.add(accumulator, value))
  }

  /** What the first phase has made of some records. */
  function addPartial(partial: PartialResult, timestamp: number): void {
    if (
      !(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) &&
      !enterWindow(timestamp)
    ) {
      lateDropped.value += partial['millrace.partialOf']
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

  /** A record that no window takes any more. */
  function leaveOut(value: In, timestamp: number): void {
    if (lateTag === undefined) lateDropped.value++
    else late?.emit(value, timestamp)
  }

  function fire(window: OpenWindow<Acc>): boolean {
    firing ??= window.accumulators.entries()
    while (!output.full) {
      const next = firing.next()
      if (next.done === true) {
        firing = undefined
        return true
      }
      if (cut !== undefined) cut.touch(window.accumulators, next.value[0])
      const result = aggregate.getResult(next.value[1])
      output.emit(
        makeRecord === undefined ? (result as never) : record(window, result, next.value[0]),
        window.end - 1,
      )
    }
    return false
  }

  function record(window: OpenWindow<Acc>, result: Result, key: CanonicalKey): Out {
    const { start: windowStart, end: windowEnd } = window
    const original = (keyOf === undefined ? undefined : originalKey(key)) as Key
    return (makeRecord as (result: Result, window: FiredWindow<Key>) => Out)(result, {
      key: original,
      windowStart,
      windowEnd,
      pane: ON_TIME_PANE,
    })
  }

  function forget(window: OpenWindow<Acc>): void {
    windows.removeFirst()
    if (window.accumulators !== accumulators) return
    bounds[0] = MAX_TIMESTAMP
    bounds[1] = MIN_TIMESTAMP
    accumulators = new Map()
  }

  const operator: Operator<In, Out> = {
    open(context, to) {
      output = to
      late = lateTag === undefined ? undefined : context.sideOutput(lateTag)
      lateDropped = context.counter('lateRecordsDropped')
      context.state.registerKeyed({
        name: 'millrace.windows',
        kind: 'windows',
        version: 1,
        snapshot: (write) => {
          for (const { start, end, accumulators: byKey } of windows.all) {
            for (const [key, accumulator] of byKey) write(key, [start, end, accumulator])
          }
        },
        cut: (keep) => {
          const maps = windows.all.map(({ start, end, accumulators: map }) => ({
            map,
            payload: (accumulator: Acc) => [start, end, accumulator],
          }))
          const onEnd = (): void => {
            cut = undefined
          }
          return (cut = newCut({ maps, keep, onEnd }))
        },
        restore: (key, payload) => {
          const [start, end, accumulator] = payload as [number, number, Acc]
          windows.open(start, end).accumulators.set(detachKey(key), accumulator)
        },
      })
    },
    processRecord(value, timestamp) {
      if (
        !(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) &&
        !enterWindow(timestamp)
      ) {
        leaveOut(value, timestamp)
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
      for (
        let first = windows.first;
        first !== undefined && first.end - 1 <= watermark;
        first = windows.first
      ) {
        if (!fire(first)) return false
        forget(first)
      }
      return true
    },
    endInput() {
      return this.processWatermark(MAX_TIMESTAMP)
    },
    close() {
      windows.clear()
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
