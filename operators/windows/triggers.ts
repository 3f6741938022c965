/**
 * The triggers that everybody needs, by their names in Flink (EventTimeTrigger and so on). Together they are `triggers`.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { continuousEventTime, continuousProcessingTime } from './continuous-triggers.ts'
import { processingTimeTimeout } from './timeout-trigger.ts'
import { maxTimestamp } from './time-window.ts'
import type { Trigger, TriggerContext, TriggerMergeContext, TriggerResult } from './trigger.ts'
import { isFire } from './trigger.ts'

/** Fires when the watermark passes the end of the window, and at every late record after it. The default of event time. */
function eventTime(): Trigger {
  const registerEnd = (context: TriggerContext): TriggerResult => {
    const end = maxTimestamp(context.window)
    if (end <= context.currentWatermark) return 'fire'
    context.registerEventTime(end)
    return 'continue'
  }
  return {
    name: 'eventTime',
    onElement: (_value, _timestamp, context) => registerEnd(context),
    onEventTime: (time, { window }) => (time === maxTimestamp(window) ? 'fire' : 'continue'),
    onProcessingTime: () => 'continue',
    // A window that is over already fires for the record that made it merge.
    onMerge: (context) => {
      registerEnd(context)
    },
    clear: (context) => {
      context.deleteEventTime(maxTimestamp(context.window))
    },
  }
}

/** Fires when the clock reaches the end of the window. The default of processing time. */
function processingTime(): Trigger {
  return {
    name: 'processingTime',
    onElement: (_value, _timestamp, context) => {
      context.registerProcessingTime(context.window.end)
      return 'continue'
    },
    onEventTime: () => 'continue',
    onProcessingTime: () => 'fire',
    onMerge: (context) => {
      context.registerProcessingTime(context.window.end)
    },
    clear: (context) => {
      context.deleteProcessingTime(context.window.end)
    },
  }
}

/** The state of `count`. This and the other states are no interfaces: a user's declarations spell them out. */
type Count = {
  count: number
}

/** Fires at every `n`th record of a window. Errors: `INVALID_TRIGGER` unless `n` is a whole number from 1. */
function count(n: number): Trigger<unknown, Count> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MillraceError(
      'INVALID_TRIGGER',
      `triggers.count expects a whole number from 1, got ${String(n)}`,
    )
  }
  return {
    name: `count(${n})`,
    createState: () => ({ count: 0 }),
    onElement: (_value, _timestamp, { state }) => {
      state.count++
      if (state.count < n) return 'continue'
      state.count = 0
      return 'fire'
    },
    onEventTime: () => 'continue',
    onProcessingTime: () => 'continue',
    onMerge: ({ state, merged }) => {
      for (const each of merged) state.count += each.count
    },
    clear: ({ state }) => {
      state.count = 0
    },
  }
}

/** The state of `delta`: no or one record. */
type LastFired<T> = {
  last: T[]
}

/**
 * Fires at a record that differs by more than `threshold` from the one at which it has fired last (at first: from the first one).
 * Cannot be used with windows that merge.
 */
function delta<T>(
  threshold: number,
  deltaOf: (last: T, value: T) => number,
): Trigger<T, LastFired<T>> {
  if (typeof threshold !== 'number' || threshold !== threshold || typeof deltaOf !== 'function') {
    throw new MillraceError(
      'INVALID_TRIGGER',
      `triggers.delta expects a number and a function, got ${String(threshold)} and ${typeof deltaOf}`,
    )
  }
  return {
    name: `delta(${threshold})`,
    createState: () => ({ last: [] }),
    onElement: (value, _timestamp, { state }) => {
      if (state.last.length === 0) {
        state.last = [value]
        return 'continue'
      }
      if (!(deltaOf(state.last[0] as T, value) > threshold)) return 'continue'
      state.last = [value]
      return 'fire'
    },
    onEventTime: () => 'continue',
    onProcessingTime: () => 'continue',
    clear: ({ state }) => {
      state.last = []
    },
  }
}

/** Never fires. The default of the global window. */
function never(): Trigger {
  return {
    name: 'never',
    onElement: () => 'continue',
    onEventTime: () => 'continue',
    onProcessingTime: () => 'continue',
    onMerge: () => undefined,
  }
}

/** Whenever `inner` fires, the contents of the window are dropped too. */
function purging<T, S>(inner: Trigger<T, S>): Trigger<T, S> {
  const purge = (result: TriggerResult): TriggerResult => (isFire(result) ? 'fireAndPurge' : result)
  // Not spread: a trigger may be an instance of a class.
  return {
    name: `purging(${inner.name})`,
    ...(inner.createState === undefined ? {} : { createState: () => inner.createState?.() as S }),
    onElement: (value, timestamp, context) => purge(inner.onElement(value, timestamp, context)),
    onEventTime: (time, context) => purge(inner.onEventTime(time, context)),
    onProcessingTime: (time, context) => purge(inner.onProcessingTime(time, context)),
    ...(inner.onMerge === undefined
      ? {}
      : { onMerge: (context: TriggerMergeContext<S>) => inner.onMerge?.(context) }),
    clear: (context) => inner.clear?.(context),
  }
}

/** All triggers: `triggers.purging(triggers.count(100))`. */
export const triggers = {
  eventTime,
  processingTime,
  count,
  continuousEventTime,
  continuousProcessingTime,
  delta,
  processingTimeTimeout,
  purging,
  never,
} as const
