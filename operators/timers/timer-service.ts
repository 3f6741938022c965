/**
 * The timers of a keyed operator: for event time and for processing time, kept in the operator's state.
 *
 * An operator makes it in `open` and calls `advanceWatermark` from `processWatermark` and `advanceTime` from `processTime`. Timers
 * fire in the order of their times, those of one time in the order in which they were registered, also after a restore. Those
 * that a callback registers and that are due fire in the same call. Used by the slot's thread only.
 *
 * The model is Flink's InternalTimerServiceImpl. Unlike there, the order of equal times is defined, an event-time timer may wait for
 * the final watermark (+Infinity), and firing stops while the output is full.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace, StateBackend } from '../../checkpoint/state/state-backend.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { OperatorContext, Output } from '../operator.ts'
import { registerTimers } from './timer-part.ts'
import { TimerQueue } from './timer-queue.ts'

/**
 * Called when a timer fires. The key, and the namespace if there are any, is set in the state backend. May register and delete
 * timers; an error it throws comes out of `advanceWatermark` or `advanceTime`, and the timer counts as fired.
 */
export type OnTimer<N extends Namespace | undefined> = (
  key: CanonicalKey,
  time: number,
  namespace: N,
) => void

/** What a timer service is made with. */
export interface TimerServiceOptions<N extends Namespace | undefined> {
  readonly context: Pick<OperatorContext, 'operatorName' | 'requestTime' | 'state'>
  /** Asked before each timer: it waits while this is full. */
  readonly output: Pick<Output, 'full'>
  /** Where the timers are in the operator's state: `NAME.event` and `NAME.processing`. Default: `millrace.timers`. */
  readonly name?: string
  /** Whether timers have a namespace (`N` without undefined), such as a window. Then each call must name one. */
  readonly namespaced: undefined extends N ? false : true
  readonly onEventTime: OnTimer<N>
  readonly onProcessingTime: OnTimer<N>
}

/** A timer that waits. */
export interface WaitingTimer<N extends Namespace | undefined> {
  readonly key: CanonicalKey
  readonly time: number
  readonly namespace: N
}

/**
 * One timer per kind, key, time and namespace. Times are ms since 1970.
 */
export class TimerService<N extends Namespace | undefined = undefined> {
  readonly #context: TimerServiceOptions<N>['context']
  readonly #state: StateBackend
  readonly #output: Pick<Output, 'full'>
  readonly #namespaced: boolean
  readonly #onEventTime: OnTimer<N>
  readonly #onProcessingTime: OnTimer<N>
  readonly #event: TimerQueue<N>
  readonly #processing: TimerQueue<N>
  #watermark = MIN_TIMESTAMP
  /** What the context has been asked for last; `MAX_TIMESTAMP`: nothing. */
  #requestedMs = MAX_TIMESTAMP

  /** Takes what was restored. Errors: as `StateBackend.registerKeyed`. */
  constructor(options: TimerServiceOptions<N>) {
    const { context, output, namespaced, onEventTime, onProcessingTime } = options
    this.#context = context
    this.#state = context.state
    this.#output = output
    this.#namespaced = namespaced
    this.#onEventTime = onEventTime
    this.#onProcessingTime = onProcessingTime
    this.#event = new TimerQueue<N>(namespaced)
    this.#processing = new TimerQueue<N>(namespaced)
    const { name = 'millrace.timers' } = options
    registerTimers(context.state, { name: `${name}.event`, queue: this.#event, namespaced })
    registerTimers(context.state, {
      name: `${name}.processing`,
      queue: this.#processing,
      namespaced,
    })
    this.#requestNext()
  }

  /** Where event time stands: the largest watermark that `advanceWatermark` was given, `MIN_TIMESTAMP` before the first. */
  get currentWatermark(): number {
    return this.#watermark
  }

  /** Number of event-time timers that wait. */
  get eventTimeCount(): number {
    return this.#event.size
  }

  /** Number of processing-time timers that wait. */
  get processingTimeCount(): number {
    return this.#processing.size
  }

  /**
   * Has `onEventTime` called once the watermark has reached `time`, a number greater than -Infinity; +Infinity is the final
   * watermark. If the watermark is there already, at the next `advanceWatermark`, as in Flink. False: there is such a timer already.
   * Errors: `INVALID_TIMER`.
   */
  registerEventTime(key: CanonicalKey, time: number, namespace?: N): boolean {
    if (!isEventTime(time)) throw this.#invalid('registerEventTime', time)
    return this.#event.register(time, key, namespace as N)
  }

  /** Takes an event-time timer back; false when there is none. Errors: `INVALID_TIMER`. */
  deleteEventTime(key: CanonicalKey, time: number, namespace?: N): boolean {
    if (!isEventTime(time)) throw this.#invalid('deleteEventTime', time)
    return this.#event.delete(time, key, namespace as N)
  }

  /**
   * Has `onProcessingTime` called once the clock has reached `time`, a finite number; soon if it has already. False: there is
   * such a timer already. Errors: `INVALID_TIMER`.
   */
  registerProcessingTime(key: CanonicalKey, time: number, namespace?: N): boolean {
    if (!Number.isFinite(time)) throw this.#invalid('registerProcessingTime', time)
    const isNew = this.#processing.register(time, key, namespace as N)
    if (time < this.#requestedMs) this.#request(time)
    return isNew
  }

  /** Takes a processing-time timer back; false when there is none. Errors: `INVALID_TIMER`. */
  deleteProcessingTime(key: CanonicalKey, time: number, namespace?: N): boolean {
    if (!Number.isFinite(time)) throw this.#invalid('deleteProcessingTime', time)
    return this.#processing.delete(time, key, namespace as N)
  }

  /**
   * Event time advances to `watermark`: fires what is due. False when it stopped because the output is full: call it
   * again, with the same watermark or a larger one.
   */
  advanceWatermark(watermark: number): boolean {
    if (watermark > this.#watermark) this.#watermark = watermark
    return this.#fire(this.#event, this.#watermark, this.#onEventTime)
  }

  /** The clock stands at `now`: fires what is due, then asks to be called at the next time. False as above. */
  advanceTime(now: number): boolean {
    // The host has forgotten what it was asked for. Callbacks need not ask: what they register is seen to below.
    this.#requestedMs = MIN_TIMESTAMP
    if (!this.#fire(this.#processing, now, this.#onProcessingTime)) return false
    this.#requestNext()
    return true
  }

  /** The event-time timers that wait, in the order in which they would fire. A copy, for tests and tools. */
  eventTimers(): WaitingTimer<N>[] {
    return listTimers(this.#event)
  }

  /** The processing-time timers that wait, as above. */
  processingTimers(): WaitingTimer<N>[] {
    return listTimers(this.#processing)
  }

  #fire(queue: TimerQueue<N>, limit: number, onTimer: OnTimer<N>): boolean {
    while (queue.isDue(limit)) {
      if (this.#output.full) return false
      queue.take()
      const { key, time, namespace } = queue
      this.#state.setCurrentKey(key)
      if (this.#namespaced) this.#state.setNamespace(namespace as Namespace)
      onTimer(key, time, namespace)
    }
    return true
  }

  #requestNext(): void {
    this.#requestedMs = MAX_TIMESTAMP
    const { earliest } = this.#processing
    if (earliest !== undefined) this.#request(earliest)
  }

  #request(timeMs: number): void {
    this.#requestedMs = timeMs
    this.#context.requestTime(timeMs)
  }

  #invalid(method: string, time: unknown): MillraceError {
    const expected = method.endsWith('EventTime')
      ? 'a number of ms above -Infinity'
      : 'a finite number of ms'
    const got = typeof time === 'number' ? String(time) : `${typeof time} ${String(time)}`
    return new MillraceError(
      'INVALID_TIMER',
      `${method} in operator '${this.#context.operatorName}' expects ${expected}, got ${got}`,
    )
  }
}

function isEventTime(time: number): boolean {
  return typeof time === 'number' && time > MIN_TIMESTAMP
}

function listTimers<N extends Namespace | undefined>(queue: TimerQueue<N>): WaitingTimer<N>[] {
  const timers: WaitingTimer<N>[] = []
  queue.forEach((time, key, namespace) => {
    timers.push({ key, time, namespace })
  })
  return timers
}
