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
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Counter, Operator, Output } from '../operator.ts'
import { CompactTrial } from './compact.ts'
import { HotKeys } from './hot-keys.ts'
import { localAggregateLimits } from './local-aggregate-limits.ts'
import type { LocalAggregateLimits } from './local-aggregate-limits.ts'
import { partialForm } from './partial-result.ts'
import type { PartialForm, PartialResult } from './partial-result.ts'

/** Which records are added up together. Times in ms of event time. */
export interface LocalSlices {
  /** Whether records must have a timestamp. */
  readonly needsTimestamps: boolean
  /** Start of the window or slice that holds `timestamp`. */
  start(timestamp: number): number
  /** Its end, exclusive. */
  end(start: number): number
  /** The watermark at which the second phase must have all of it. */
  deadline(start: number): number
}

/** What `localAggregate` adds up. */
export interface LocalAggregateOptions<In, Acc> {
  readonly slices: LocalSlices
  readonly aggregate: AggregateFunction<In, Acc, unknown>
  /** The key of a record. Default: all records of a slice together. */
  readonly key: ((value: In) => unknown) | undefined
  /** How much later than the watermark the second phase closes windows. */
  readonly latenessMs: number
  /** How long records are held by the clock, in ms. Default: until their window is over. */
  readonly holdMs?: number | undefined
}

/** Makes the operator. Its results are `PartialResult`s, and records that it lets through. */
export function localAggregate<In, Acc>(
  options: LocalAggregateOptions<In, Acc>,
): Operator<In, In | PartialResult> {
  const create = withOwnCode(createOperator<In, Acc>)
  const limits = localAggregateLimits(options.aggregate)
  return create(options, {
    canonicalKey,
    originalKey,
    detachKey,
    makePartial: partialForm(options.aggregate).make,
    newTrial: () => new CompactTrial(options.aggregate),
    hotKeys: new HotKeys(limits),
    limits,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
  })
}

/** What has come of one window or slice since it was last sent. */
interface HeldSlice<Acc> {
  readonly start: number
  readonly deadline: number
  /** The event time of one of its records. */
  readonly timestamp: number
  readonly entries: Map<CanonicalKey, HeldEntry<Acc>>
}

/** The accumulator of one key in it, and of how many records it is. */
interface HeldEntry<Acc> {
  records: number
  readonly key: CanonicalKey
  accumulator: Acc
}

interface Imports<In, Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly makePartial: PartialForm<Acc>['make']
  readonly newTrial: () => CompactTrial<In>
  /** Those that may have an accumulator that grows. */
  readonly hotKeys: HotKeys
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
  const { canonicalKey, originalKey, detachKey, makePartial, newTrial } = imports
  const { hotKeys, limits, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const { MAX_HELD, SAMPLE_RECORDS, WORTH_RECORDS, MIN_PASSED, MAX_PASSED } = limits
  const { maxGrownRecords, VALUE_COST } = limits
  const grows = typeof aggregate.size === 'function'
  const byStart = new Map<number, HeldSlice<Acc>>()
  /** The same slices in the order of their deadlines. */
  const held: HeldSlice<Acc>[] = []
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
  /** The entries of the first slice that are still to be sent, once that has begun. */
  let sending: Iterator<HeldEntry<Acc>> | undefined
  /** While it is not known whether accumulators are compact. */
  let trial = aggregate.compact === undefined ? newTrial() : undefined
  /** Records that are still to be let through; -1: all. */
  let passing = 0
  let passNext = MIN_PASSED
  let sampleEntries = 0
  let sampleRecords = 0
  let sampleValues = 0

  /** Makes the slice of `timestamp` the current one; false when it is not held back any more. */
  function enterSlice(timestamp: number): boolean {
    if (timestamp === MIN_TIMESTAMP && slices.needsTimestamps) return false
    const start = slices.start(timestamp)
    const slice = byStart.get(start) ?? openSlice(start, timestamp)
    if (slice === undefined) return false
    entries = slice.entries
    bounds[0] = start
    bounds[1] = slices.end(start)
    return true
  }

  function openSlice(start: number, timestamp: number): HeldSlice<Acc> | undefined {
    const deadline = slices.deadline(start)
    if (deadline <= watermark) return undefined
    const slice = { start, deadline, timestamp, entries: new Map<CanonicalKey, HeldEntry<Acc>>() }
    byStart.set(start, slice)
    let at = held.length
    while (at > 0 && (held[at - 1] as HeldSlice<Acc>).deadline > deadline) at--
    held.splice(at, 0, slice)
    return slice
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
    if (heldEntries++ === 0 && holdMs !== undefined) holdUntil(now() + holdMs)
    if (heldEntries >= MAX_HELD) sendAll()
  }

  function holdUntil(time: number): void {
    sendAt = time
    requestTime(time)
  }

  /** Judges an accumulator that has grown, which is about to be sent, and leaves it out of what is held. */
  function weigh({ records, key, accumulator }: HeldEntry<Acc>): void {
    const values = (aggregate.size as (accumulator: Acc) => number)(accumulator)
    sampleValues += values
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
    if (passing > 0) {
      passing--
      return
    }
    const compact = trial?.add(value)
    if (compact === undefined) return
    trial = undefined
    if (!compact) passing = -1
  }

  /** Sends what is held of the first slice. False when it stopped because there is no room. */
  function send(slice: HeldSlice<Acc>, evenIfFull: boolean): boolean {
    sending ??= slice.entries.values()
    while (evenIfFull || !output.full) {
      const next = sending.next()
      if (next.done === true) {
        sending = undefined
        forget(slice)
        return true
      }
      const { records, key, accumulator } = next.value
      sampleRecords += records
      if (grows) weigh(next.value)
      aggregated.value += records
      output.emit(makePartial(accumulator, records, originalKey(key)), slice.timestamp)
    }
    return false
  }

  function forget(slice: HeldSlice<Acc>): void {
    const { size } = slice.entries
    sampleEntries += size
    heldEntries -= size
    if (heldEntries === 0) sendAt = MAX_TIMESTAMP
    byStart.delete(slice.start)
    held.shift()
    if (slice.entries !== entries) return
    bounds[0] = MAX_TIMESTAMP
    bounds[1] = MIN_TIMESTAMP
    entries = new Map()
  }

  function sendAll(): void {
    for (let first = held[0]; first !== undefined; first = held[0]) send(first, true)
    judge()
  }

  /** False when it stopped because there is no room. */
  function sendWhileRoom(): boolean {
    for (let first = held[0]; first !== undefined; first = held[0])
      if (!send(first, false)) return false
    return true
  }

  /** Looks at what was sent since the last time, when that is enough to tell. */
  function judge(): void {
    if (sampleRecords < SAMPLE_RECORDS) return
    const worth = sampleRecords >= WORTH_RECORDS * (sampleEntries + VALUE_COST * sampleValues)
    sampleRecords = 0
    sampleEntries = 0
    sampleValues = 0
    if (worth) {
      passNext = MIN_PASSED
      return
    }
    passing = passNext
    passNext = Math.min(2 * passNext, MAX_PASSED)
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
      if (passing !== 0 || trial !== undefined) {
        pass(value, timestamp)
        return
      }
      if (
        !(timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) &&
        !enterSlice(timestamp)
      ) {
        output.emit(value, timestamp)
        return
      }
      const key = keyOf === undefined ? null : keyFor(value, keyOf)
      if (key === undefined) {
        output.emit(value, timestamp)
        return
      }
      const entry = entries.get(key)
      if (entry === undefined) {
        if (grows && !hotKeys.has(key)) output.emit(value, timestamp)
        else addFirst(key, value)
        return
      }
      entry.records++
      const before = entry.accumulator
      const next = aggregate.add(before, value)
      // Not `!==`: V8 folds Object.is of one and the same object, and only that (benchmarks/chain).
      if (!Object.is(next, before)) entry.accumulator = next
      if (grows) countGrown()
    },
    processWatermark(timestamp) {
      if (timestamp - latenessMs > watermark) watermark = timestamp - latenessMs
      for (
        let first = held[0];
        first !== undefined && first.deadline <= watermark;
        first = held[0]
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
      byStart.clear()
      hotKeys.clear()
      held.length = 0
      entries = new Map()
      sending = undefined
    },
  }
}
