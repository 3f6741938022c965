/**
 * A trigger that also fires when the clock has gone on for some time without a firing.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import { checkOptions } from '../../runtime/known-options.ts'
import type { TimeWindow } from './time-window.ts'
import { isFire, isPurge } from './trigger.ts'
import type { Trigger, TriggerContext, TriggerResult } from './trigger.ts'

/** Options of `processingTimeTimeout`. */
export interface TimeoutOptions {
  /** Whether every record begins the time anew, instead of only the first one after a firing. Default: false. */
  readonly resetOnNewRecord?: boolean
  /** Whether the inner trigger and the time are reset when the time is over. Default: true. */
  readonly clearOnTimeout?: boolean
}

/** The state of a timeout trigger around one with state `S`. */
export interface TimeoutState<S> {
  readonly inner: S
  /** When the time is over; MAX_TIMESTAMP: it has not begun. */
  at: number
}

/**
 * Fires when `inner` does, and `timeoutMs` of the clock after the first record since (Flink's ProcessingTimeoutTrigger). As there, it
 * fires at every timer of the window, also that of its clean-up, and cannot be used with windows that merge. Errors: `INVALID_TRIGGER`.
 *
 * @example triggers.purging(triggers.processingTimeTimeout(triggers.count(100), 5_000)) // 100 records, or what came in 5 seconds
 */
export function processingTimeTimeout<T, S>(
  inner: Trigger<T, S>,
  timeoutMs: number,
  options: TimeoutOptions = {},
): Trigger<T, TimeoutState<S>> {
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1) {
    throw new MillraceError(
      'INVALID_TRIGGER',
      `triggers.processingTimeTimeout expects at least 1 whole millisecond, got ${String(timeoutMs)}`,
    )
  }
  const known = ['resetOnNewRecord', 'clearOnTimeout']
  checkOptions(options, known, 'triggers.processingTimeTimeout', 'INVALID_TRIGGER')
  const { resetOnNewRecord = false, clearOnTimeout = true } = options
  const innerContext = new InnerContext<S>()
  const clear = (context: TriggerContext<TimeoutState<S>>): void => {
    stopWaiting(context)
    inner.clear?.(innerContext.of(context))
  }
  const timeout = (
    result: TriggerResult,
    context: TriggerContext<TimeoutState<S>>,
  ): TriggerResult => {
    if (clearOnTimeout) clear(context)
    return isPurge(result) ? 'fireAndPurge' : 'fire'
  }
  return {
    name: `processingTimeTimeout(${inner.name}, ${timeoutMs} ms${resetOnNewRecord ? ', reset' : ''}${clearOnTimeout ? '' : ', kept'})`,
    createState: () => ({ inner: inner.createState?.() as S, at: MAX_TIMESTAMP }),
    onElement: (value, timestamp, context) => {
      const result = inner.onElement(value, timestamp, innerContext.of(context))
      if (isFire(result)) {
        clear(context)
        return result
      }
      if (resetOnNewRecord) stopWaiting(context)
      if (context.state.at === MAX_TIMESTAMP) {
        context.state.at = context.processingTime + timeoutMs
        context.registerProcessingTime(context.state.at)
      }
      return result
    },
    onEventTime: (time, context) =>
      timeout(inner.onEventTime(time, innerContext.of(context)), context),
    onProcessingTime: (time, context) =>
      timeout(inner.onProcessingTime(time, innerContext.of(context)), context),
    clear,
  }
}

function stopWaiting(context: TriggerContext<TimeoutState<unknown>>): void {
  if (context.state.at === MAX_TIMESTAMP) return
  context.deleteProcessingTime(context.state.at)
  context.state.at = MAX_TIMESTAMP
}

/** What the inner trigger sees: the same, but its own state. One object for all calls, which never overlap. */
class InnerContext<S> implements TriggerContext<S> {
  #outer: TriggerContext<TimeoutState<S>> | undefined

  of(outer: TriggerContext<TimeoutState<S>>): this {
    this.#outer = outer
    return this
  }

  get #context(): TriggerContext<TimeoutState<S>> {
    if (this.#outer === undefined) throw new Error('no call is running')
    return this.#outer
  }

  get window(): TimeWindow {
    return this.#context.window
  }

  get state(): S {
    return this.#context.state.inner
  }

  get currentWatermark(): number {
    return this.#context.currentWatermark
  }

  get processingTime(): number {
    return this.#context.processingTime
  }

  registerEventTime(time: number): void {
    this.#context.registerEventTime(time)
  }

  deleteEventTime(time: number): void {
    this.#context.deleteEventTime(time)
  }

  registerProcessingTime(time: number): void {
    this.#context.registerProcessingTime(time)
  }

  deleteProcessingTime(time: number): void {
    this.#context.deleteProcessingTime(time)
  }
}
