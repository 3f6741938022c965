/**
 * Event time of a subtask that makes it itself: a generator for each split that it reads, their watermarks combined, idleness and
 * alignment.
 *
 * Passive, on the slot's thread: the owner (a subtask) says when splits begin and end and when records come, asks `mayRead` before
 * it reads, and reads `watermark` and `idle` between two batches. When time alone has changed something, `onDue` is called, and the
 * owner calls `doDue` in its next turn, which it does not get while its output has no room.
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Alarm } from './alarm.ts'
import { AlignmentMember } from './alignment.ts'
import { DEFAULT_WATERMARK_INTERVAL_MS } from './custom-watermarks.ts'
import { IdlenessTimer } from './idleness.ts'
import type { RelativeClock } from './pausable-clock.ts'
import { WatermarkMultiplexer } from './watermark-multiplexer.ts'
import type { PartialWatermark } from './watermark-multiplexer.ts'
import type { WatermarkGenerator, WatermarkStrategy } from './watermarks.ts'

/** What the event time of a subtask is made of. */
export interface GeneratedTimeOptions {
  readonly strategy: WatermarkStrategy<never>
  readonly clock: Clock
  /** Stands still while the subtask has no room behind it. */
  readonly activeClock: RelativeClock
  /** How often periodic generators are asked whose strategy does not say. Default: 200 ms. */
  readonly intervalMs?: number | undefined
  /** Tells the alignment group the watermark of this subtask. Needed where the strategy is aligned. */
  readonly announce?: ((watermark: number) => void) | undefined
  /** Called when `doDue` has something to do. */
  readonly onDue: () => void
}

/** What belongs to one split. */
export class SplitTime {
  readonly generator: WatermarkGenerator<never>
  readonly output: PartialWatermark
  readonly timer: IdlenessTimer | undefined
  /** Whether there may be records that nobody has looked for yet: it can't be called silent. */
  unread = true
  /** Whether it has had records, or was not asked for any, since it last became silent. */
  fresh = true

  /** @internal Made by `GeneratedTime.open`. */
  constructor(
    generator: WatermarkGenerator<never>,
    output: PartialWatermark,
    timer: IdlenessTimer | undefined,
  ) {
    this.generator = generator
    this.output = output
    this.timer = timer
  }

  /**
   * Shows records to the generator, from `from` on. Returns the index after the record whose watermark must go out before the next
   * record, or `length`.
   */
  see(values: readonly unknown[], timestamps: Float64Array, from: number, length: number): number {
    const { generator, output } = this
    const { onRecord } = generator
    if (onRecord === undefined) {
      generator.onBatch?.(timestamps, length)
      return length
    }
    for (let i = from; i < length; i++) {
      generator.onRecord?.(values[i] as never, timestamps[i] ?? MIN_TIMESTAMP)
      if (generator.current > output.watermark) return i + 1
    }
    return length
  }
}

/** The generators of a subtask, and what follows from them. */
export class GeneratedTime {
  readonly #options: GeneratedTimeOptions
  readonly #splits = new Set<SplitTime>()
  readonly #multiplexer = new WatermarkMultiplexer()
  readonly #member: AlignmentMember | undefined
  readonly #idleAlarm: Alarm
  readonly #periodicAlarm: Alarm
  /** Runs while there is no split. */
  readonly #waiting: IdlenessTimer | undefined
  #waitingIdle = false
  #due = false
  #periodicDue = false
  #gathering = false

  constructor(options: GeneratedTimeOptions) {
    this.#options = options
    const { strategy, clock, announce } = options
    if (strategy.alignment !== undefined && announce !== undefined) {
      this.#member = new AlignmentMember(strategy.alignment, clock, announce)
    }
    this.#waiting = this.#newTimer()
    this.#idleAlarm = new Alarm(clock, () => {
      this.#isDue()
    })
    this.#periodicAlarm = new Alarm(clock, () => {
      this.#periodicDue = true
      this.#isDue()
    })
  }

  /** How far event time has come. Never back, and never to `MAX_TIMESTAMP`: more splits may follow. */
  get watermark(): number {
    return this.#multiplexer.watermark
  }

  /** Whether nobody needs to wait for this subtask. */
  get idle(): boolean {
    return this.#splits.size === 0 ? this.#waitingIdle : this.#multiplexer.idle
  }

  /** The subtask starts: the time in which it may wait for its first split runs from now on. */
  start(): void {
    this.#waiting?.activity()
    this.#setIdleAlarm()
  }

  /**
   * While true, the watermark stays where it is: splits are still to be opened whose records must not come behind those of others.
   */
  setGathering(gathering: boolean): void {
    if (gathering === this.#gathering) return
    this.#gathering = gathering
    this.#combine()
  }

  /** A split begins. */
  open(): SplitTime {
    const generator = this.#options.strategy.createGenerator()
    const split = new SplitTime(generator, this.#multiplexer.add(), this.#newTimer())
    this.#splits.add(split)
    this.#waitingIdle = false
    if (generator.onPeriodicEmit !== undefined) this.#setPeriodicAlarm()
    this.#combine()
    return split
  }

  /** A split has ended, and holds nobody back any more. */
  close(split: SplitTime): void {
    this.#splits.delete(split)
    this.#multiplexer.remove(split.output)
    if (this.#splits.size === 0) this.#waiting?.activity()
    this.#setIdleAlarm()
    this.#combine()
  }

  /** Records of a split have come. */
  activity(split: SplitTime): void {
    split.unread = true
    split.fresh = true
    if (!split.output.idle) return
    split.output.setIdle(false)
    this.#combine()
  }

  /**
   * A split was asked for records and had none: from now on it is silent. Not from its last records on, because the subtask
   * may have had no time to ask.
   */
  waits(split: SplitTime): void {
    if (!split.unread) return
    split.unread = false
    if (split.fresh) split.timer?.activity()
    split.fresh = false
    this.#setIdleAlarm()
  }

  /** What the generator has seen is processed: its watermark counts. */
  advance(split: SplitTime): void {
    if (this.#advance(split)) this.#combine()
  }

  /** Whether a split is not too far ahead of its alignment group. */
  mayRead(split: SplitTime): boolean {
    if (this.#member === undefined || this.#member.mayRead(split.output.watermark)) return true
    split.unread = true
    split.fresh = true
    return false
  }

  /** The smallest watermark of an alignment group is this now. Returns whether it is the group of this subtask. */
  follow(group: string, watermark: number): boolean {
    if (this.#member?.group !== group) return false
    this.#member.follow(watermark)
    return true
  }

  /** Whether `doDue` has something to do. */
  get due(): boolean {
    return this.#due
  }

  /** Does what has become due by the clock. */
  doDue(): void {
    this.#due = false
    this.#findIdle()
    if (this.#periodicDue) this.#askPeriodically()
    this.#setIdleAlarm()
    this.#combine()
  }

  /** Nothing becomes due any more. */
  stop(): void {
    this.#member?.close()
    this.#idleAlarm.cancel()
    this.#periodicAlarm.cancel()
  }

  #advance({ generator, output }: SplitTime): boolean {
    const { current } = generator
    // The final watermark is not a generator's to give: another split may follow.
    return current > output.watermark && current < MAX_TIMESTAMP && output.advanceTo(current)
  }

  #findIdle(): void {
    for (const { timer, output, unread } of this.#splits) {
      if (!unread && timer !== undefined && timer.idle) output.setIdle(true)
    }
    if (this.#splits.size === 0 && this.#waiting?.idle === true) this.#waitingIdle = true
  }

  #askPeriodically(): void {
    this.#periodicDue = false
    for (const split of this.#splits) {
      // As in Flink, an idle generator is not asked: a watermark would wake it.
      if (split.output.idle) continue
      split.generator.onPeriodicEmit?.()
      this.#advance(split)
    }
    if (this.#splits.size > 0) this.#setPeriodicAlarm()
  }

  #combine(): void {
    if (this.#gathering) return
    this.#multiplexer.update()
    this.#member?.report(this.idle ? MAX_TIMESTAMP : this.watermark)
  }

  #setPeriodicAlarm(): void {
    const { strategy, intervalMs } = this.#options
    this.#periodicAlarm.set(strategy.intervalMs ?? intervalMs ?? DEFAULT_WATERMARK_INTERVAL_MS)
  }

  #setIdleAlarm(): void {
    if (this.#waiting === undefined) return
    let earliestMs = MAX_TIMESTAMP
    if (this.#splits.size === 0 && !this.#waitingIdle) earliestMs = this.#waiting.remainingMs
    for (const { timer, output, unread } of this.#splits) {
      if (timer === undefined || output.idle || unread) continue
      earliestMs = Math.min(earliestMs, timer.remainingMs)
    }
    if (earliestMs !== MAX_TIMESTAMP) this.#idleAlarm.set(earliestMs)
  }

  #newTimer(): IdlenessTimer | undefined {
    const { strategy, activeClock } = this.#options
    const { idleTimeoutMs } = strategy
    return idleTimeoutMs === undefined ? undefined : new IdlenessTimer(activeClock, idleTimeoutMs)
  }

  #isDue(): void {
    this.#due = true
    this.#options.onDue()
  }
}
