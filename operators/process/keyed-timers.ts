/**
 * The timers of a process operator, as its user sees them: for the current key, with checked times.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { OperatorContext, Output } from '../operator.ts'
import type { FiredTimer, ProcessTimers } from './contexts.ts'

type TimerKind = FiredTimer['kind']

/** What the timers are made with. */
export interface KeyedTimersOptions {
  /** Where event time stands. */
  readonly watermark: () => number
  /** Undefined: the user has no function for timers. */
  readonly onTimer: ((kind: TimerKind, key: CanonicalKey, time: number) => void) | undefined
}

/** Timers of the key that the state backend stands at. */
export class KeyedTimers implements ProcessTimers {
  readonly #context: OperatorContext
  readonly #output: Output
  readonly #options: KeyedTimersOptions
  readonly #timers = { eventTime: new Naive(), processingTime: new Naive() }

  constructor(context: OperatorContext, output: Output, options: KeyedTimersOptions) {
    this.#context = context
    this.#output = output
    this.#options = options
    for (const kind of ['eventTime', 'processingTime'] as const) {
      context.state.registerKeyed({
        name: `millrace.timers.${kind}`,
        kind: 'timers',
        version: 1,
        snapshot: (write) => {
          for (const [key, time] of this.#timers[kind].all) write(key, time)
        },
        restore: (key, time) => {
          this.#timers[kind].add(key, time as number)
          if (kind === 'processingTime') context.requestTime(time as number)
        },
      })
    }
  }

  registerEventTime(time: number): void {
    if (this.#registerEventTime('registerEventTime', time)) return
    throw inThePast(
      'registerEventTime',
      time,
      `the watermark stands at ${this.#options.watermark()}`,
    )
  }

  tryRegisterEventTime(time: number): boolean {
    return this.#registerEventTime('tryRegisterEventTime', time)
  }

  #registerEventTime(method: string, time: number): boolean {
    this.#check(method, time)
    if (time <= this.#options.watermark()) return false
    this.#timers.eventTime.add(this.#key(), time)
    return true
  }

  deleteEventTime(time: number): void {
    checkTime('deleteEventTime', time)
    this.#timers.eventTime.delete(this.#key(), time)
  }

  registerProcessingTime(time: number): void {
    if (this.#registerProcessingTime('registerProcessingTime', time)) return
    throw inThePast('registerProcessingTime', time, `it is ${this.#context.clock.now()} now`)
  }

  tryRegisterProcessingTime(time: number): boolean {
    return this.#registerProcessingTime('tryRegisterProcessingTime', time)
  }

  #registerProcessingTime(method: string, time: number): boolean {
    this.#check(method, time)
    if (time < this.#context.clock.now()) return false
    this.#timers.processingTime.add(this.#key(), time)
    this.#context.requestTime(time)
    return true
  }

  deleteProcessingTime(time: number): void {
    checkTime('deleteProcessingTime', time)
    this.#timers.processingTime.delete(this.#key(), time)
  }

  /** Fires the event-time timers up to `watermark`; false when the output filled up. */
  advanceWatermark(watermark: number): boolean {
    return this.#fire('eventTime', watermark)
  }

  /** Fires the processing-time timers up to `now`; false as above. */
  advanceProcessingTime(now: number): boolean {
    const done = this.#fire('processingTime', now)
    const next = this.#timers.processingTime.all[0]
    if (done && next !== undefined) this.#context.requestTime(next[1])
    return done
  }

  #fire(kind: TimerKind, now: number): boolean {
    const { all } = this.#timers[kind]
    while (all[0] !== undefined && all[0][1] <= now) {
      if (this.#output.full) return false
      const [key, time] = all.shift() as [CanonicalKey, number]
      this.#options.onTimer?.(kind, key, time)
    }
    return true
  }

  #key(): CanonicalKey {
    return this.#context.state.currentKey as CanonicalKey
  }

  #check(method: string, time: number): void {
    checkTime(method, time)
    if (this.#options.onTimer !== undefined) return
    throw new MillraceError(
      'NO_ON_TIMER',
      `context.timers.${method}: the definition has no onTimer(timer, context, emit) that the timer could call`,
    )
  }
}

class Naive {
  readonly all: [CanonicalKey, number][] = []
  add(key: CanonicalKey, time: number): void {
    if (this.all.some(([k, t]) => k === key && t === time)) return
    this.all.push([key, time])
    this.all.sort((a, b) => a[1] - b[1])
  }
  delete(key: CanonicalKey, time: number): void {
    const at = this.all.findIndex(([k, t]) => k === key && t === time)
    if (at >= 0) this.all.splice(at, 1)
  }
}

function checkTime(method: string, time: number): void {
  if (typeof time === 'number' && time === time) return
  throw new MillraceError(
    'INVALID_TIMER',
    `context.timers.${method} expects a time in ms since 1970, got ${typeof time === 'number' ? time : `${typeof time} ${String(time)}`}`,
  )
}

function inThePast(method: string, time: number, now: string): MillraceError {
  return new MillraceError(
    'TIMER_IN_THE_PAST',
    `context.timers.${method}(${time}): ${now}, so this timer would be due already; register a later one, or use ` +
      `try${method.charAt(0).toUpperCase()}${method.slice(1)}, which answers false then`,
  )
}
