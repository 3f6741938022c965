/**
 * Triggers that fire again and again while a window is open.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import { closingTime, maxTimestamp } from './time-window.ts'
import type { Trigger, TriggerContext, TriggerMergeContext } from './trigger.ts'

/** When the window fires next; MAX_TIMESTAMP: no timer waits. */
type NextFiring = {
  next: number
}

/**
 * Fires whenever the watermark passes a multiple of `intervalMs`, counted from 1970, and when it passes the end of the window;
 * after it, at every late record (Flink's ContinuousEventTimeTrigger; there, the first multiple of a record before 1970 lies one
 * interval later). Errors: `INVALID_TRIGGER`.
 */
export function continuousEventTime(intervalMs: number): Trigger<unknown, NextFiring> {
  requireInterval(intervalMs, 'continuousEventTime')
  const register = (from: number, context: TriggerContext<NextFiring>): void => {
    const next = Math.min(from + intervalMs, maxTimestamp(context.window))
    context.state.next = next
    context.registerEventTime(next)
  }
  return {
    name: `continuousEventTime(${intervalMs} ms)`,
    createState: () => ({ next: MAX_TIMESTAMP }),
    onElement: (_value, timestamp, context) => {
      const end = maxTimestamp(context.window)
      if (end <= context.currentWatermark) return 'fire'
      context.registerEventTime(end)
      if (context.state.next === MAX_TIMESTAMP) register(floorTo(timestamp, intervalMs), context)
      return 'continue'
    },
    onEventTime: (time, context) => {
      if (time === maxTimestamp(context.window)) return 'fire'
      if (time !== context.state.next) return 'continue'
      register(time, context)
      return 'fire'
    },
    onProcessingTime: () => 'continue',
    onMerge: (context) => {
      takeEarliest(context)
      if (context.state.next !== MAX_TIMESTAMP) context.registerEventTime(context.state.next)
    },
    clear: (context) => {
      if (context.state.next !== MAX_TIMESTAMP) context.deleteEventTime(context.state.next)
      context.state.next = MAX_TIMESTAMP
    },
  }
}

/**
 * Fires whenever the clock passes a multiple of `intervalMs`, counted from 1970, and at the end of a window of processing time
 * (Flink's ContinuousProcessingTimeTrigger). On windows of event time, too, it fires when the clock passes the moment of their end: it
 * can't tell them apart, and goes on with the multiples. Errors: `INVALID_TRIGGER`.
 */
export function continuousProcessingTime(intervalMs: number): Trigger<unknown, NextFiring> {
  requireInterval(intervalMs, 'continuousProcessingTime')
  const register = (from: number, context: TriggerContext<NextFiring>): void => {
    const end = closingTime(context.window, 'processing')
    // A window of event time may be over, by the clock, before its first record comes.
    const next =
      end > from ? Math.min(from + intervalMs, end) : floorTo(from, intervalMs) + intervalMs
    context.state.next = next
    context.registerProcessingTime(next)
  }
  return {
    name: `continuousProcessingTime(${intervalMs} ms)`,
    createState: () => ({ next: MAX_TIMESTAMP }),
    onElement: (_value, _timestamp, context) => {
      if (context.state.next === MAX_TIMESTAMP)
        register(floorTo(context.processingTime, intervalMs), context)
      return 'continue'
    },
    onEventTime: () => 'continue',
    onProcessingTime: (time, context) => {
      if (time !== context.state.next) return 'continue'
      register(time, context)
      return 'fire'
    },
    onMerge: (context) => {
      takeEarliest(context)
      if (context.state.next !== MAX_TIMESTAMP) context.registerProcessingTime(context.state.next)
    },
    clear: (context) => {
      if (context.state.next !== MAX_TIMESTAMP) context.deleteProcessingTime(context.state.next)
      context.state.next = MAX_TIMESTAMP
    },
  }
}

function takeEarliest({ state, merged }: TriggerMergeContext<NextFiring>): void {
  for (const { next } of merged) if (next < state.next) state.next = next
}

function floorTo(time: number, interval: number): number {
  return Math.floor(time / interval) * interval
}

function requireInterval(intervalMs: unknown, name: string): void {
  if (Number.isSafeInteger(intervalMs) && (intervalMs as number) >= 1) return
  throw new MillraceError(
    'INVALID_TRIGGER',
    `triggers.${name} expects an interval of at least 1 whole millisecond, got ${String(intervalMs)}`,
  )
}
