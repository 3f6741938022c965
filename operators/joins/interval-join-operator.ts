/**
 * The operator behind `intervalJoin` (Flink's IntervalJoinOperator): joins each record with those of the other side that are near it
 * in event time and have its key.
 *
 * A record meets what the other side has buffered, and is buffered for what is still to come. One event-time timer per key stands at
 * the time when the first of its records is needed no longer. Unlike in Flink there are outer joins too; a record without a partner
 * leaves when its time is over, with its own time, so the watermark behind an outer join is held back by the reach of the bounds (as
 * Flink's SQL does in RowTimeIntervalJoin). On the slot's thread.
 */
import { canonicalKey, originalKey } from '../../checkpoint/canonical-key.ts'
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Counter, OperatorContext, Output, TwoInputOperator } from '../operator.ts'
import { TimerService } from '../timers/timer-service.ts'
import { IntervalJoinBuffer } from './interval-join-buffer.ts'
import type { BufferPayload } from './interval-join-buffer.ts'
import { IntervalJoinContextObject } from './interval-join-context.ts'
import type { IntervalBounds, IntervalJoinParts } from './interval-join.ts'

/** Makes the operator. It throws `NO_TIMESTAMP` for a record without one, and `INVALID_KEY`. */
export function intervalJoinOperator(parts: IntervalJoinParts): TwoInputOperator<never, never> {
  return parts.kind === 'inner' ? new IntervalJoin(parts) : new OuterIntervalJoin(parts)
}

const VERSION = 1

type Payload = readonly [timerAt: number, left: BufferPayload, right: BufferPayload]

/** The records of one key. */
class KeyBuffers {
  readonly key: CanonicalKey
  readonly left = new IntervalJoinBuffer()
  readonly right = new IntervalJoinBuffer()
  /** Where the timer of the key stands; +Infinity: there is none. */
  timerAt = MAX_TIMESTAMP

  constructor(key: CanonicalKey) {
    this.key = key
  }
}

type RecordInput = (value: unknown, timestamp: number) => void

const notOpen: RecordInput = () => {
  throw new Error('the operator is not open')
}

class IntervalJoin implements TwoInputOperator<never, never> {
  readonly #parts: IntervalJoinParts
  #run: IntervalJoinRun | undefined
  processRecord1: RecordInput = notOpen
  processRecord2: RecordInput = notOpen

  constructor(parts: IntervalJoinParts) {
    this.#parts = parts
  }

  open(context: OperatorContext, output: Output): void {
    const run = new IntervalJoinRun(this.#parts, context, output)
    this.#run = run
    this.processRecord1 = (value, timestamp) => {
      run.takeLeft(value, timestamp)
    }
    this.processRecord2 = (value, timestamp) => {
      run.takeRight(value, timestamp)
    }
  }

  processWatermark(watermark: number): boolean {
    return this.#run === undefined || this.#run.advance(watermark)
  }

  endInput(): boolean {
    return true
  }

  close(): void {}
}

/** Never chained: what stands behind it must see the watermark that it lets through. */
class OuterIntervalJoin extends IntervalJoin {
  /** How long after its time a record can still leave without a partner, in ms. */
  readonly #delayMs: number
  #outputWatermark = MIN_TIMESTAMP

  constructor(parts: IntervalJoinParts) {
    super(parts)
    const { left, right } = reachOf(parts.bounds)
    const { kind } = parts
    this.#delayMs = Math.max(kind === 'right' ? 0 : left, kind === 'left' ? 0 : right)
  }

  get outputWatermark(): number {
    return this.#outputWatermark
  }

  override processWatermark(watermark: number): boolean {
    const done = super.processWatermark(watermark)
    if (done) this.#outputWatermark = Math.max(this.#outputWatermark, watermark - this.#delayMs)
    return done
  }
}

/** How long after its own time a record of each side is needed, in ms; as in Flink, never less than that time itself. */
function reachOf({ lower, upper }: IntervalBounds): {
  readonly left: number
  readonly right: number
} {
  return { left: Math.max(upper, 0), right: Math.max(-lower, 0) }
}

/** The join from `open` to `close`. */
class IntervalJoinRun {
  readonly #parts: IntervalJoinParts
  readonly #context: OperatorContext
  readonly #reach: ReturnType<typeof reachOf>
  readonly #keys = new Map<CanonicalKey, KeyBuffers>()
  /** While a snapshot is packed. */
  #cut: MapsCut<KeyBuffers> | undefined
  readonly #timers: TimerService
  readonly #call: IntervalJoinContextObject
  readonly #emit: (value: unknown) => void
  readonly #late: { readonly left: Output | undefined; readonly right: Output | undefined }
  readonly #dropped: Counter

  constructor(parts: IntervalJoinParts, context: OperatorContext, output: Output) {
    this.#parts = parts
    this.#context = context
    this.#reach = reachOf(parts.bounds)
    const call = new IntervalJoinContextObject(context)
    this.#call = call
    this.#emit = (value) => {
      output.emit(value, call.timestamp)
    }
    const side = (tag: string | undefined): Output | undefined =>
      tag === undefined ? undefined : context.sideOutput(tag)
    this.#late = { left: side(parts.lateLeft), right: side(parts.lateRight) }
    this.#dropped = context.counter('lateRecordsDropped')
    this.#registerBuffers()
    this.#timers = new TimerService<undefined>({
      context,
      output,
      namespaced: false,
      onEventTime: (key, time) => {
        this.#onTimer(key, time)
      },
      onProcessingTime: () => {},
    })
  }

  takeLeft(value: unknown, timestamp: number): void {
    if (!this.#isInTime(value, timestamp, this.#late.left, 'left')) return
    const { leftKey, bounds } = this.#parts
    const buffers = this.#buffersOf(leftKey(value as never))
    const { left, right } = buffers
    const last = timestamp + bounds.upper
    let matched = false
    for (let i = right.firstFrom(timestamp + bounds.lower); i < right.end; i++) {
      const time = right.timeAt(i)
      if (time > last) break
      this.#join(value, timestamp, right.valueAt(i), time)
      right.markMatched(i)
      matched = true
    }
    left.add(timestamp, value, matched)
    this.#schedule(buffers, timestamp + this.#reach.left)
  }

  takeRight(value: unknown, timestamp: number): void {
    if (!this.#isInTime(value, timestamp, this.#late.right, 'right')) return
    const { rightKey, bounds } = this.#parts
    const buffers = this.#buffersOf(rightKey(value as never))
    const { left, right } = buffers
    const last = timestamp - bounds.lower
    let matched = false
    for (let i = left.firstFrom(timestamp - bounds.upper); i < left.end; i++) {
      const time = left.timeAt(i)
      if (time > last) break
      this.#join(left.valueAt(i), time, value, timestamp)
      left.markMatched(i)
      matched = true
    }
    right.add(timestamp, value, matched)
    this.#schedule(buffers, timestamp + this.#reach.right)
  }

  advance(watermark: number): boolean {
    this.#call.currentWatermark = watermark
    return this.#timers.advanceWatermark(watermark)
  }

  /** False for a late record, of which all is done then. */
  #isInTime(
    value: unknown,
    timestamp: number,
    late: Output | undefined,
    side: 'left' | 'right',
  ): boolean {
    if (timestamp >= this.#timers.currentWatermark && timestamp - timestamp === 0) return true
    // At +Infinity it would be needed for ever, and nothing is left to say when it is not.
    if (timestamp - timestamp !== 0) throw noTimestamp(this.#context.operatorName, side, timestamp)
    if (late === undefined) this.#dropped.value++
    else late.emit(value, timestamp)
    return false
  }

  /** Makes the key the current one. */
  #buffersOf(key: unknown): KeyBuffers {
    const canonical = canonicalKey(key)
    this.#context.state.setCurrentKey(canonical)
    // -0 is 0.
    this.#call.key = key === 0 ? 0 : key
    this.#cut?.touch(this.#keys, canonical)
    let buffers = this.#keys.get(canonical)
    if (buffers === undefined) {
      buffers = new KeyBuffers(detachKey(canonical))
      this.#keys.set(buffers.key, buffers)
    }
    return buffers
  }

  #join(left: unknown, leftTime: number, right: unknown, rightTime: number): void {
    const call = this.#call
    call.leftTimestamp = leftTime
    call.rightTimestamp = rightTime
    call.timestamp = leftTime > rightTime ? leftTime : rightTime
    this.#parts.join(left, right, call, this.#emit)
  }

  /** Sees to it that the timer of a key stands no later than `time`. */
  #schedule(buffers: KeyBuffers, time: number): void {
    // What comes after the watermark of its own time can still meet others that do, until the next watermark.
    const { currentWatermark } = this.#timers
    const at = time > currentWatermark ? time : currentWatermark + 1
    if (at >= buffers.timerAt) return
    if (buffers.timerAt !== MAX_TIMESTAMP) {
      this.#timers.deleteEventTime(buffers.key, buffers.timerAt)
    }
    buffers.timerAt = at
    this.#timers.registerEventTime(buffers.key, at)
  }

  /**
   * Removes what is needed no longer. At most one record leaves: for the next one the timer fires again, after the output was asked
   * whether it has room.
   */
  #onTimer(key: CanonicalKey, time: number): void {
    this.#cut?.touch(this.#keys, key)
    const buffers = this.#keys.get(key)
    if (buffers === undefined) return
    const { left, right } = buffers
    buffers.timerAt = MAX_TIMESTAMP
    if (!this.#expireLeft(buffers, time)) this.#expireRight(buffers, time)
    if (left.size === 0 && right.size === 0) {
      this.#keys.delete(key)
      return
    }
    const next = Math.min(left.firstTime + this.#reach.left, right.firstTime + this.#reach.right)
    buffers.timerAt = Math.max(next, time)
    this.#timers.registerEventTime(key, buffers.timerAt)
  }

  /** True when a record has left without a partner; there may be more. */
  #expireLeft({ key, left }: KeyBuffers, time: number): boolean {
    const { kind } = this.#parts
    const outer = kind === 'left' || kind === 'full'
    while (left.firstTime + this.#reach.left <= time) {
      const value = left.valueAt(left.start)
      const timestamp = left.firstTime
      const alone = outer && !left.isMatched(left.start)
      left.removeFirst()
      if (!alone) continue
      this.#call.key = originalKey(key)
      try {
        this.#join(value, timestamp, undefined, MIN_TIMESTAMP)
      } catch (error) {
        this.#failed(value, timestamp, error)
      }
      return true
    }
    return false
  }

  /** The same of the other side. */
  #expireRight({ key, right }: KeyBuffers, time: number): boolean {
    const { kind } = this.#parts
    const outer = kind === 'right' || kind === 'full'
    while (right.firstTime + this.#reach.right <= time) {
      const value = right.valueAt(right.start)
      const timestamp = right.firstTime
      const alone = outer && !right.isMatched(right.start)
      right.removeFirst()
      if (!alone) continue
      this.#call.key = originalKey(key)
      try {
        this.#join(undefined, MIN_TIMESTAMP, value, timestamp)
      } catch (error) {
        this.#failed(value, timestamp, error)
      }
      return true
    }
    return false
  }

  #failed(value: unknown, timestamp: number, error: unknown): void {
    const { badRecords } = this.#context
    if (badRecords === undefined) throw error
    badRecords(value, timestamp, error)
  }

  #registerBuffers(): void {
    this.#context.state.registerKeyed({
      name: 'buffers',
      kind: 'interval join',
      version: VERSION,
      snapshot: (write) => {
        for (const [key, buffers] of this.#keys) write(key, payloadOf(buffers))
      },
      cut: (keep) => {
        const onEnd = (): void => {
          this.#cut = undefined
        }
        const maps = [{ map: this.#keys, payload: payloadOf }]
        return (this.#cut = new MapsCut({ maps, keep, onEnd }))
      },
      restore: (key, payload) => {
        const [timerAt, left, right] = payload as Payload
        const buffers = new KeyBuffers(key)
        buffers.timerAt = timerAt
        buffers.left.restore(left)
        buffers.right.restore(right)
        this.#keys.set(key, buffers)
      },
    })
  }
}

function payloadOf({ timerAt, left, right }: KeyBuffers): Payload {
  return [timerAt, left.payload(), right.payload()]
}

function noTimestamp(
  operatorName: string,
  side: 'left' | 'right',
  timestamp: number,
): MillraceError {
  const got = timestamp === MAX_TIMESTAMP ? 'of a window without an end' : 'without a timestamp'
  return new MillraceError(
    'NO_TIMESTAMP',
    `The interval join '${operatorName}' got a record ${got} on its ${side} side; give it a time where the records come from: ` +
      'env.from(source, { timestamp, watermarks }), or call assignTimestamps before the join',
  )
}
