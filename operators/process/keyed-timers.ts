/**
 * The timers of a process operator, as its user sees them: for the current key, with checked times.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { OperatorContext, Output } from '../operator.ts'
import { TimerService } from '../timers/timer-service.ts'
import type { FiredTimer, ProcessTimers } from './contexts.ts'

type TimerKind = FiredTimer['kind']

/** What the timers are made with. */
export interface KeyedTimersOptions {
  readonly context: OperatorContext
  readonly output: Output
  /** Undefined: the user has no function for timers. */
  readonly onTimer: ((kind: TimerKind, key: CanonicalKey, time: number) => void) | undefined
}

/** Timers of the key that the state backend stands at. */
export class KeyedTimers implements ProcessTimers {
  readonly #context: OperatorContext
  readonly #service: TimerService
  readonly #canFire: boolean
  /** The timer whose function runs; undefined: none. */
  #firing: TimerKind | undefined
  #firedTime = MIN_TIMESTAMP

  constructor({ context, output, onTimer }: KeyedTimersOptions) {
    this.#context = context
    this.#canFire = onTimer !== undefined
    this.#service = new TimerService<undefined>({
      context,
      output,
      name: 'millrace.timers',
      namespaced: false,
      onEventTime: (key, time) => this.#fire('eventTime', key, time, onTimer),
      onProcessingTime: (key, time) => this.#fire('processingTime', key, time, onTimer),
    })
  }

  #fire(
    kind: TimerKind,
    key: CanonicalKey,
    time: number,
    onTimer: KeyedTimersOptions['onTimer'],
  ): void {
    this.#firing = kind
    this.#firedTime = time
    onTimer?.(kind, key, time)
    this.#firing = undefined
  }

  /** Whether a timer that would be due already is the next one behind the timer that fires: then it is no mistake. */
  #followsFired(kind: TimerKind, time: number): boolean {
    return this.#firing === kind && time > this.#firedTime
  }

  registerEventTime(time: number): void {
    if (this.#registerEventTime('registerEventTime', time)) return
    // Event time is over: a timer that registers the next one would never end.
    if (this.#firing !== undefined && this.#service.currentWatermark === MAX_TIMESTAMP) return
    const stands = `the watermark stands at ${this.#service.currentWatermark}`
    throw inThePast('registerEventTime', time, stands)
  }

  tryRegisterEventTime(time: number): boolean {
    return this.#registerEventTime('tryRegisterEventTime', time)
  }

  deleteEventTime(time: number): void {
    checkTime('deleteEventTime', time)
    // No timer can be there, and the service takes no such time.
    if (time !== MIN_TIMESTAMP) this.#service.deleteEventTime(this.#key(), time)
  }

  registerProcessingTime(time: number): void {
    if (this.#registerProcessingTime('registerProcessingTime', time)) return
    const now = `it is ${this.#context.clock.now()} now`
    throw inThePast('registerProcessingTime', time, now)
  }

  tryRegisterProcessingTime(time: number): boolean {
    return this.#registerProcessingTime('tryRegisterProcessingTime', time)
  }

  deleteProcessingTime(time: number): void {
    checkTime('deleteProcessingTime', time)
    if (Number.isFinite(time)) this.#service.deleteProcessingTime(this.#key(), time)
  }

  /** Fires the event-time timers up to `watermark`; false when the output filled up. */
  advanceWatermark(watermark: number): boolean {
    return this.#service.advanceWatermark(watermark)
  }

  /** Fires the processing-time timers up to `now`; false as above. */
  advanceTime(now: number): boolean {
    return this.#service.advanceTime(now)
  }

  #registerEventTime(method: string, time: number): boolean {
    checkTime(method, time)
    this.#checkFunction(method)
    const { currentWatermark } = this.#service
    const isDue = time <= currentWatermark
    if (isDue && (currentWatermark === MAX_TIMESTAMP || !this.#followsFired('eventTime', time)))
      return false
    this.#service.registerEventTime(this.#key(), time)
    return true
  }

  #registerProcessingTime(method: string, time: number): boolean {
    checkTime(method, time)
    if (time === MAX_TIMESTAMP) throw invalidTime(method, 'Infinity, which the clock never reaches')
    this.#checkFunction(method)
    const isDue = time < this.#context.clock.now()
    if (isDue && !this.#followsFired('processingTime', time)) return false
    this.#service.registerProcessingTime(this.#key(), time)
    return true
  }

  #key(): CanonicalKey {
    return this.#context.state.currentKey as CanonicalKey
  }

  #checkFunction(method: string): void {
    if (this.#canFire) return
    throw new MillraceError(
      'NO_ON_TIMER',
      `context.timers.${method}: the definition has no onTimer(timer, context, emit) that the timer could call`,
    )
  }
}

function checkTime(method: string, time: number): void {
  if (typeof time === 'number' && time === time) return
  throw invalidTime(method, typeof time === 'number' ? 'NaN' : `${typeof time} ${String(time)}`)
}

function invalidTime(method: string, got: string): MillraceError {
  return new MillraceError(
    'INVALID_TIMER',
    `context.timers.${method} expects a time in ms since 1970, got ${got}`,
  )
}

function inThePast(method: string, time: number, now: string): MillraceError {
  return new MillraceError(
    'TIMER_IN_THE_PAST',
    `context.timers.${method}(${time}): ${now}, so this timer would be due already; register a later one, or use ` +
      `try${method.charAt(0).toUpperCase()}${method.slice(1)}, which answers false then`,
  )
}
