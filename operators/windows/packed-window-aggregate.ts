/**
 * The second phase of aggregates in windows that follow one another, where accumulators are numbers: as `window-aggregate`, but what is kept
 * per window and key lies in typed arrays.
 *
 *     window ──► rows: key ──► number of a row, counted in the order in which keys came
 *                chunks: |row 0|row 1|…|row 63| |row 64|…|      accumulators as `numbers-form` has them; the first grows: 1, 8, 64 rows
 *                objects: number of a row ──► an accumulator that has something else in it than numbers
 *
 * Behind an exchange windows stay open until the slowest sender has come to their end, and other senders may be far ahead. As objects all of
 * that survives collections, is copied twice and then lies among the old; benchmarks/flights has 40,000 accumulators of five objects each in
 * that state. In return each partial result that is merged, and each record, makes an accumulator for a moment.
 *
 * Order of results, late records and snapshots as in `window-aggregate`, whose snapshots it reads and the other way round.
 */
import { canonicalKey, originalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Counter, Operator, Output } from '../operator.ts'
import { numbersForm } from './numbers-form.ts'
import type { NumbersForm } from './numbers-form.ts'
import { OpenWindows } from './open-windows.ts'
import type { WindowBounds } from './open-windows.ts'
import { ON_TIME_PANE } from './pane.ts'
import type { Pane } from './pane.ts'
import { isPartialResult, partialForm } from './partial-result.ts'
import type { PartialForm, PartialResult } from './partial-result.ts'
import { noTimestamp } from './window-aggregate.ts'
import type { FiredWindow, WindowAggregateOptions } from './window-aggregate.ts'

/** Rows per chunk, as a power of two. */
const CHUNK_BITS = 6
/** The first chunk of a window begins with one row and becomes so many times larger: windows may be many, with a key or two each. */
const GROWTH = 8
/** Chunks of windows that have fired which are kept for others. */
const MOST_SPARE = 256

/**
 * Makes the operator, which takes partial results among the records; undefined where the fields of accumulators are not known, or one of them is never a
 * number. Late records are dropped and counted: `lateTag` is not looked at. Errors as in `windowAggregate`.
 */
export function packedWindowAggregate<In, Key, Acc, Result, Out = Result>(
  options: WindowAggregateOptions<In, Key, Acc, Result, Out>,
): Operator<In, Out> | undefined {
  const form = numbersForm(options.aggregate)
  if (form === undefined) return undefined
  const create = withOwnCode(createOperator<In, Key, Acc, Result, Out>)
  return create(options, {
    form,
    canonicalKey,
    originalKey,
    detachKey,
    noTimestamp,
    isPartialResult,
    accumulatorOf: partialForm(options.aggregate).accumulatorOf,
    newCut: (cut) => new MapsCut(cut),
    newOpenWindows: (make) => new OpenWindows(make),
    ON_TIME_PANE,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
    CHUNK_BITS,
    GROWTH,
    MOST_SPARE,
  })
}

/** One open window. */
interface PackedWindow<Acc> extends WindowBounds {
  readonly rows: Map<CanonicalKey, number>
  /** The keys by row. */
  readonly keys: CanonicalKey[]
  readonly chunks: Float64Array[]
  /** By row; what is in the chunks then means nothing. Undefined: there are none. */
  objects: Map<number, Acc> | undefined
}

interface Imports<Acc> {
  readonly form: NumbersForm<Acc>
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly noTimestamp: typeof noTimestamp
  readonly isPartialResult: typeof isPartialResult
  readonly accumulatorOf: PartialForm<Acc>['accumulatorOf']
  readonly newCut: (options: MapsCutOptions<number>) => MapsCut<number>
  readonly newOpenWindows: (
    make: (start: number, end: number) => PackedWindow<Acc>,
  ) => OpenWindows<PackedWindow<Acc>>
  readonly ON_TIME_PANE: Pane
  readonly MIN_TIMESTAMP: number
  readonly MAX_TIMESTAMP: number
  readonly CHUNK_BITS: number
  readonly GROWTH: number
  readonly MOST_SPARE: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<In, Key, Acc, Result, Out>(
  options: WindowAggregateOptions<In, Key, Acc, Result, Out>,
  imports: Imports<Acc>,
): Operator<In, Out> {
  const { assigner, aggregate, key: keyOf, result: makeRecord } = options
  const { form, canonicalKey, originalKey, detachKey, noTimestamp, newCut } = imports
  const { isPartialResult, accumulatorOf, newOpenWindows } = imports
  const { ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP, CHUNK_BITS, GROWTH, MOST_SPARE } = imports
  const { width } = form
  const chunkRows = 2 ** CHUNK_BITS
  const mask = chunkRows - 1
  const spare: Float64Array[] = []
  const windows = newOpenWindows(newWindow)
  /** While a snapshot is packed. */
  let cut: MapsCut<number> | undefined
  let output: Output<Out>
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP
  /** Start and end of the last record's window, as in `windowAggregate`. An empty range: none. */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  let current = newWindow(MAX_TIMESTAMP, MIN_TIMESTAMP)
  /** The row of the first window that fires next. */
  let firing = 0

  function newWindow(start: number, end: number): PackedWindow<Acc> {
    return { start, end, rows: new Map(), keys: [], chunks: [], objects: undefined }
  }

  /** Makes the window of `timestamp` the current one; false when it has fired. */
  function enterWindow(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP && assigner.needsTimestamps) noTimestamp(assigner)
    const windowStart = assigner.windowStart(timestamp)
    const windowEnd = assigner.windowEnd(windowStart)
    if (windowEnd - 1 <= watermark) return false
    current = windows.open(windowStart, windowEnd)
    bounds[0] = windowStart
    bounds[1] = windowEnd
    return true
  }

  /** A row for a key that has none. */
  function addRow(window: PackedWindow<Acc>, key: CanonicalKey): number {
    const { rows, keys, chunks } = window
    const own = detachKey<CanonicalKey>(key)
    const row = keys.length
    const rowInChunk = row & mask
    if (rowInChunk === 0 || (row < chunkRows && rowInChunk * width === chunks[0]?.length))
      addRoom(chunks, row)
    // -0 and 0 are the same key, and a Map spells it 0.
    keys.push(own === 0 ? 0 : own)
    rows.set(own, row)
    return row
  }

  /** A chunk for this row, in the place of one that is full and smaller than others. */
  function addRoom(chunks: Float64Array[], row: number): void {
    const full = row < chunkRows ? chunks[0] : undefined
    const most = row === 0 ? 1 : Math.min(row * GROWTH, chunkRows)
    const chunk = spare.pop() ?? new Float64Array(most * width)
    if (full !== undefined) chunk.set(full)
    chunks[row >> CHUNK_BITS] = chunk
  }

  function read(window: PackedWindow<Acc>, row: number): Acc {
    const object = window.objects === undefined ? undefined : window.objects.get(row)
    if (object !== undefined) return object
    return form.take(window.chunks[row >> CHUNK_BITS] as Float64Array, (row & mask) * width)
  }

  function write(window: PackedWindow<Acc>, row: number, accumulator: Acc): void {
    const values = window.chunks[row >> CHUNK_BITS] as Float64Array
    if (!form.put(values, (row & mask) * width, accumulator))
      (window.objects ??= new Map()).set(row, accumulator)
    else if (window.objects !== undefined) window.objects.delete(row)
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
    const window = current
    const key = keyOf === undefined ? null : canonicalKey(partial.key)
    if (cut !== undefined) cut.touch(window.rows, key)
    const row = window.rows.get(key)
    if (row !== undefined) {
      write(window, row, aggregate.merge(read(window, row), accumulatorOf(partial)))
      return
    }
    const added = addRow(window, key)
    const values = window.chunks[added >> CHUNK_BITS] as Float64Array
    if (!form.putPartial(values, (added & mask) * width, partial))
      (window.objects ??= new Map()).set(added, accumulatorOf(partial))
  }

  /** A record that the first phase has let through. */
  function addRecord(value: In, timestamp: number): void {
    if (
      !(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) &&
      !enterWindow(timestamp)
    ) {
      lateDropped.value++
      return
    }
    const window = current
    const key = keyOf === undefined ? null : canonicalKey(keyOf(value))
    if (cut !== undefined) cut.touch(window.rows, key)
    const row = window.rows.get(key)
    const before = row === undefined ? aggregate.createAccumulator() : read(window, row)
    const next = aggregate.add(before, value)
    write(window, row ?? addRow(window, key), next)
  }

  function fire(window: PackedWindow<Acc>): boolean {
    const { keys } = window
    while (!output.full) {
      if (firing === keys.length) {
        firing = 0
        return true
      }
      const row = firing++
      const key = keys[row] as CanonicalKey
      if (cut !== undefined) cut.touch(window.rows, key)
      const result = aggregate.getResult(read(window, row))
      output.emit(
        makeRecord === undefined ? (result as never) : record(window, result, key),
        window.end - 1,
      )
    }
    return false
  }

  function record(window: PackedWindow<Acc>, result: Result, key: CanonicalKey): Out {
    const { start: windowStart, end: windowEnd } = window
    const original = (keyOf === undefined ? undefined : originalKey(key)) as Key
    return (makeRecord as (result: Result, window: FiredWindow<Key>) => Out)(result, {
      key: original,
      windowStart,
      windowEnd,
      pane: ON_TIME_PANE,
    })
  }

  function forget(window: PackedWindow<Acc>): void {
    windows.removeFirst()
    const whole = chunkRows * width
    for (const chunk of window.chunks)
      if (chunk.length === whole && spare.length < MOST_SPARE) spare.push(chunk)
    if (window !== current) return
    bounds[0] = MAX_TIMESTAMP
    bounds[1] = MIN_TIMESTAMP
    current = newWindow(MAX_TIMESTAMP, MIN_TIMESTAMP)
  }

  return {
    open(context, to) {
      output = to
      lateDropped = context.counter('lateRecordsDropped')
      context.state.registerKeyed({
        name: 'millrace.windows',
        kind: 'windows',
        version: 1,
        snapshot: (write) => {
          for (const window of windows.all) {
            const { start, end, rows } = window
            for (const [key, row] of rows) write(key, [start, end, read(window, row)])
          }
        },
        cut: (keep) => {
          const maps = windows.all.map((window) => ({
            map: window.rows,
            payload: (row: number) => [window.start, window.end, read(window, row)],
          }))
          const onEnd = (): void => {
            cut = undefined
          }
          return (cut = newCut({ maps, keep, onEnd }))
        },
        restore: (key, payload) => {
          const [start, end, accumulator] = payload as [number, number, Acc]
          const window = windows.open(start, end)
          write(window, window.rows.get(key) ?? addRow(window, key), accumulator)
        },
      })
    },
    processRecord(value, timestamp) {
      if (isPartialResult(value)) addPartial(value, timestamp)
      else addRecord(value, timestamp)
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
      spare.length = 0
      current = newWindow(MAX_TIMESTAMP, MIN_TIMESTAMP)
    },
  }
}
