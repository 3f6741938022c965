/**
 * The first phase of a windowed aggregate, in front of the exchange: adds the records of one subtask up per key and window (or slice),
 * and sends their accumulators in place of the records.
 *
 *     record ──► its window is still open here ──► added to what is held of its key and window
 *       │                                            └──► sent before the watermark that closes the window goes on, before a barrier,
 *       │                                                 before idleness, when too many are held, and where early results are
 *       │                                                 wanted, after a part of the time between two of them
 *       └──► closed here, or not worth it ──► sent as it is: the second phase decides what is late
 *
 * So the second phase has seen the same records at each watermark as without the first, and counts the late ones alike. Nothing is held
 * across a barrier: this operator has no state.
 *
 * Where keys hardly ever repeat, adding up costs more than it saves: the operator watches how many records one accumulator stands for, and
 * lets records through for a while when it is too few. Accumulators that grow with their records are costly, so there each key is watched: its first records
 * are let through, and again after an accumulator that did not pay.
 */
import { canonicalKey, originalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Counter, Operator, Output } from '../operator.ts'
import { CompactTrial } from './compact.ts'
import { hasIntegerKeys, HeldSlices } from './held-slices.ts'
import type { HeldEntry, HeldSlice } from './held-slices.ts'
import { HotKeys } from './hot-keys.ts'
import type { LocalAggregateOptions } from './local-aggregate-options.ts'
import { localAggregateLimits } from './local-aggregate-limits.ts'
import type { LocalAggregateLimits } from './local-aggregate-limits.ts'
import { LocalAggregateWorth } from './local-aggregate-worth.ts'
import { ADDED, ADDED_FIRST, packedLocalSlices } from './packed-local-slice.ts'
import type { PackedLocalSlice, PackedLocalSlices } from './packed-local-slice.ts'
import { partialForm } from './partial-result.ts'
import type { PartialForm, PartialResult } from './partial-result.ts'

/** Makes the operator. Its results are `PartialResult`s, and records that it lets through. */
export function localAggregate<In, Acc>(
  options: LocalAggregateOptions<In, Acc>,
): Operator<In, In | PartialResult> {
  const create = withOwnCode(createOperator<In, Acc>)
  const { aggregate } = options
  const limits = localAggregateLimits(aggregate)
  const trial = aggregate.compact === undefined ? new CompactTrial(aggregate) : undefined
  return create(options, {
    canonicalKey,
    originalKey,
    detachKey,
    makePartial: partialForm(aggregate).make,
    packedSlices: packedLocalSlices(aggregate),
    ADDED,
    ADDED_FIRST,
    hotKeys: new HotKeys(limits),
    worth: new LocalAggregateWorth(limits, trial),
    hasIntegerKeys,
    held: new HeldSlices(),
    limits,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
  })
}

interface Imports<In, Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly makePartial: PartialForm<Acc>['make']
  /** Undefined: accumulators are never made of numbers. */
  readonly packedSlices: PackedLocalSlices<In, Acc> | undefined
  readonly ADDED: typeof ADDED
  readonly ADDED_FIRST: typeof ADDED_FIRST
  /** Those that may have an accumulator that grows. */
  readonly hotKeys: HotKeys
  readonly worth: LocalAggregateWorth<In>
  readonly hasIntegerKeys: typeof hasIntegerKeys
  readonly held: HeldSlices<Acc>
  readonly limits: LocalAggregateLimits
  readonly MIN_TIMESTAMP: number
  readonly MAX_TIMESTAMP: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<In, Acc>(
  options: LocalAggregateOptions<In, Acc>,
  imports: Imports<In, Acc>,
): Operator<In, In | PartialResult> {
  const { slices, aggregate, key: keyOf, latenessMs, holdMs } = options
  const { canonicalKey, originalKey, detachKey, makePartial } = imports
  const { packedSlices, ADDED, ADDED_FIRST } = imports
  const { hotKeys, worth, hasIntegerKeys, held, limits, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const { MAX_HELD, PACKED_FROM, PACKED_RECORDS, PACKED_SLICES, WORTH_RECORDS } = limits
  const { maxGrownRecords, VALUE_COST } = limits
  const grows = typeof aggregate.size === 'function'
  let heldEntries = 0
  /** Records in them besides the first of each, where they grow. */
  let heldRecords = 0
  /** When what is held must be sent, by the clock. */
  let sendAt = MAX_TIMESTAMP
  let now: () => number
  let requestTime: (timeMs: number) => void
  let output: Output<In | PartialResult>
  let aggregated: Counter
  let watermark = MIN_TIMESTAMP
  /** Start and end of the last record's slice, as in `windowAggregate`. An empty range: none. */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  let entries = new Map<CanonicalKey, HeldEntry<Acc>>()
  let packed: PackedLocalSlice | undefined
  /** Whether the next slice is packed. */
  let packs = false
  let mayPack = !grows
  /** Of the first slice, once sending has begun, the packed keys that have been sent. */
  let sentKeys = 0
  /** And the records in what has been sent of it. */
  let sentRecords = 0
  /** And the values in those of its accumulators that grow. */
  let sentValues = 0
  /** The entries of the first slice that are still to be sent, once that has begun. */
  let sending: Iterator<HeldEntry<Acc>> | undefined
  /** Whether the next record is one for the entries of a slice; see `chooseWay`. */
  let byEntries = !worth.isPassing

  /** Makes the slice of `timestamp` the current one; false when it is not held back any more. */
  function enterSlice(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP && slices.needsTimestamps) return false
    const start = slices.start(timestamp)
    const slice = held.get(start) ?? openSlice(start, timestamp)
    if (slice === undefined) return false
    ;({ entries, packed } = slice)
    chooseWay()
    bounds[0] = start
    bounds[1] = slices.end(start)
    return true
  }

  function openSlice(start: number, timestamp: number): HeldSlice<Acc> | undefined {
    const deadline = slices.deadline(start)
    if (deadline <= watermark) return undefined
    return held.add({
      start,
      deadline,
      timestamp,
      entries: new Map(),
      packed: packs && held.size < PACKED_SLICES ? packedSlices?.open() : undefined,
    })
  }

  /** To be called when something of this has changed. */
  function chooseWay(): void {
    byEntries = packed === undefined && !worth.isPassing
  }

  /** Undefined: there is none, which whoever sends the record will say under the name of the exchange. */
  function keyFor(value: In, selector: (value: In) => unknown): CanonicalKey | undefined {
    try {
      return canonicalKey(selector(value))
    } catch {
      return undefined
    }
  }

  function addFirst(key: CanonicalKey, value: In): void {
    const own = detachKey<CanonicalKey>(key)
    const accumulator = aggregate.add(aggregate.createAccumulator(), value)
    entries.set(own, { records: 1, key: own, accumulator })
    countEntry()
  }

  /** One entry more is held. */
  function countEntry(): void {
    if (heldEntries++ === 0 && holdMs !== undefined) holdUntil(now() + holdMs)
    if (heldEntries >= MAX_HELD) sendAll()
  }

  function addToEntries(key: CanonicalKey, value: In, timestamp: number): void {
    const entry = entries.get(key)
    if (entry === undefined) {
      if (grows && !hotKeys.has(key)) output.emit(value, timestamp)
      else addFirst(key, value)
      return
    }
    const before = entry.accumulator
    const next = aggregate.add(before, value)
    entry.records++
    // Not `!==`: V8 folds Object.is of one and the same object, and only that (benchmarks/chain).
    if (!Object.is(next, before)) entry.accumulator = next
    if (grows) countGrown()
  }

  /** A record where the current slice is packed, or records are let through. */
  function processOtherwise(value: In, timestamp: number): void {
    if (worth.isPassing) pass(value, timestamp)
    else if (timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number))
      addToCurrent(value, timestamp)
    else enterFor(value, timestamp)
  }

  /** A record of another slice than the last one. */
  function enterFor(value: In, timestamp: number): void {
    if (enterSlice(timestamp)) addToCurrent(value, timestamp)
    else output.emit(value, timestamp)
  }

  function addToCurrent(value: In, timestamp: number): void {
    const key = keyOf === undefined ? null : keyFor(value, keyOf)
    if (key === undefined) output.emit(value, timestamp)
    else if (packed === undefined || typeof key !== 'number' || (key | 0) !== key)
      addToEntries(key, value, timestamp)
    else addPacked(packed, key, value, timestamp)
  }

  function addPacked(to: PackedLocalSlice, key: number, value: In, timestamp: number): void {
    const all = packedSlices as PackedLocalSlices<In, Acc>
    const { size } = to
    const done = all.add(to, key, value)
    if (done === ADDED) return
    if (done === ADDED_FIRST) {
      countEntry()
      return
    }
    // The place of a key counts, also where its accumulator is among the entries.
    heldEntries += to.size - size
    const taken = all.takeOut(to, key)
    if (taken !== undefined) {
      entries.set(key, { ...taken, key })
      heldEntries++
    }
    addToEntries(key, value, timestamp)
  }

  function holdUntil(time: number): void {
    sendAt = time
    requestTime(time)
  }

  /** Judges an accumulator that has grown, which is about to be sent, and leaves it out of what is held. */
  function weigh({ records, key, accumulator }: HeldEntry<Acc>): void {
    const values = (aggregate.size as (accumulator: Acc) => number)(accumulator)
    sentValues += values
    heldRecords -= records - 1
    if (records < WORTH_RECORDS * (1 + VALUE_COST * values)) hotKeys.delete(key)
  }

  /** One more in accumulators that grow. */
  function countGrown(): void {
    heldRecords++
    if (heldRecords >= maxGrownRecords) sendAll()
  }

  /** A record that goes on as it is. */
  function pass(value: In, timestamp: number): void {
    output.emit(value, timestamp)
    if (worth.notePassed(value)) chooseWay()
  }

  /** Sends what is held of the first slice. False when it stopped because there is no room. */
  function send(slice: HeldSlice<Acc>, evenIfFull: boolean): boolean {
    sending ??= slice.entries.values()
    if (!sendPacked(slice, evenIfFull)) return false
    while (evenIfFull || !output.full) {
      const next = sending.next()
      if (next.done === true) {
        sending = undefined
        forget(slice)
        return true
      }
      const { records, key, accumulator } = next.value
      if (grows) weigh(next.value)
      emitPartial(accumulator, records, originalKey(key), slice.timestamp)
    }
    return false
  }

  /** The same for what is packed. */
  function sendPacked({ packed: from, timestamp }: HeldSlice<Acc>, evenIfFull: boolean): boolean {
    if (from === undefined || packedSlices === undefined) return true
    const { order, keys, records } = from
    while (sentKeys < from.size) {
      if (!evenIfFull && output.full) return false
      const place = order[sentKeys++] as number
      const count = records[place] as number
      if (count > 0)
        emitPartial(packedSlices.accumulatorAt(from, place), count, keys[place], timestamp)
    }
    return true
  }

  function emitPartial(accumulator: Acc, records: number, key: unknown, timestamp: number): void {
    sentRecords += records
    aggregated.value += records
    output.emit(makePartial(accumulator, records, key), timestamp)
  }

  function forget(slice: HeldSlice<Acc>): void {
    const size = slice.entries.size + (slice.packed?.size ?? 0)
    worth.noteSent(size, sentRecords, sentValues)
    heldEntries -= size
    if (size >= PACKED_FROM) packs = isWorthPacking(slice, size, sentRecords)
    if (slice.packed !== undefined) packedSlices?.release(slice.packed)
    sentKeys = 0
    sentRecords = 0
    sentValues = 0
    if (heldEntries === 0) sendAt = MAX_TIMESTAMP
    held.dropFirst()
    if (slice.entries !== entries) return
    bounds[0] = MAX_TIMESTAMP
    bounds[1] = MIN_TIMESTAMP
    entries = new Map()
    packed = undefined
    chooseWay()
  }

  /** Whether to pack slices like one of so many keys and records. */
  function isWorthPacking(slice: HeldSlice<Acc>, size: number, records: number): boolean {
    if (packedSlices === undefined || !mayPack) return false
    if (packedSlices.width > 1 && records > PACKED_RECORDS * size) return false
    const isPackable = hasIntegerKeys(slice)
    // Other keys than the first, or accumulators, are not what they looked like: not again and again.
    if (slice.packed !== undefined) mayPack = isPackable
    return isPackable
  }

  function sendAll(): void {
    for (let first = held.first; first !== undefined; first = held.first) send(first, true)
    judge()
  }

  /** False when it stopped because there is no room. */
  function sendWhileRoom(): boolean {
    for (let first = held.first; first !== undefined; first = held.first)
      if (!send(first, false)) return false
    return true
  }

  /** Once something was sent. */
  function judge(): void {
    if (!worth.judge()) return
    chooseWay()
    // What follows must not overtake what came before.
    sendAll()
  }

  return {
    open(context, to) {
      output = to
      aggregated = context.counter('recordsPreAggregated')
      now = () => context.clock.now()
      requestTime = (timeMs) => {
        context.requestTime(timeMs)
      }
    },
    processRecord(value, timestamp) {
      if (!byEntries) {
        processOtherwise(value, timestamp)
        return
      }
      if (!(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number))) {
        enterFor(value, timestamp)
        return
      }
      const key = keyOf === undefined ? null : keyFor(value, keyOf)
      if (key === undefined) output.emit(value, timestamp)
      else addToEntries(key, value, timestamp)
    },
    processWatermark(timestamp) {
      if (timestamp - latenessMs > watermark) watermark = timestamp - latenessMs
      for (
        let first = held.first;
        first !== undefined && first.deadline <= watermark;
        first = held.first
      ) {
        if (!send(first, false)) return false
      }
      judge()
      return true
    },
    processTime(time) {
      // Asked for by records that were sent since; unless it is the same time again, because there was no room for the rest.
      if (sending === undefined && time < sendAt) {
        if (sendAt !== MAX_TIMESTAMP) requestTime(sendAt)
        return true
      }
      if (!sendWhileRoom()) return false
      judge()
      return true
    },
    handOn: sendAll,
    endInput: sendWhileRoom,
    close() {
      held.clear()
      hotKeys.clear()
      entries = new Map()
      packed = undefined
      sentKeys = 0
      sentRecords = 0
      sentValues = 0
      sending = undefined
    },
  }
}
