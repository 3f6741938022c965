/**
 * Triggers that the choice of results stands for: early results, and only final ones. Users choose them by `earlyResults` and
 * `results('final')`, not by their names.
 */
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import { closingTime } from './time-window.ts'
import type { TimeWindow, WindowTime } from './time-window.ts'
import type { Trigger, TriggerContext, TriggerMergeContext } from './trigger.ts'

/** How often a window shows what it has so far, before it is complete. */
export type EarlyResults =
  | {
      /** So many ms of the clock after the first record that the last result does not hold; up to a quarter earlier in two phases. */
      readonly everyMs: number
    }
  | {
      /** After so many records. */
      readonly everyRecords: number
    }

/** The state of `early`. */
type Pending = {
  /** Records since the last firing. */
  records: number
  /** When the clock lets the window fire early; MAX_TIMESTAMP: nothing waits. */
  at: number
}

/** Fires when the window is complete, at every late record, and early as it is told. */
export function earlyTrigger(time: WindowTime, early: EarlyResults): Trigger<unknown, Pending> {
  const everyRecords = 'everyRecords' in early ? early.everyRecords : MAX_TIMESTAMP
  const everyMs = 'everyMs' in early ? early.everyMs : MAX_TIMESTAMP
  const reset = (context: TriggerContext<Pending>): void => {
    const { state } = context
    if (state.at !== MAX_TIMESTAMP) context.deleteProcessingTime(state.at)
    state.at = MAX_TIMESTAMP
    state.records = 0
  }
  const wait = (context: TriggerContext<Pending>): void => {
    const { state } = context
    // Most records find the timer waiting: the clock is not read for them.
    if (state.at !== MAX_TIMESTAMP || everyMs === MAX_TIMESTAMP) return
    state.at = context.processingTime + everyMs
    context.registerProcessingTime(state.at)
  }
  return {
    name: `early(${everyMs === MAX_TIMESTAMP ? `${everyRecords} records` : `${everyMs} ms`})`,
    createState: () => ({ records: 0, at: MAX_TIMESTAMP }),
    onElement: (_value, _timestamp, context) => {
      if (registerClosing(context, time) || ++context.state.records >= everyRecords) {
        reset(context)
        return 'fire'
      }
      wait(context)
      return 'continue'
    },
    onEventTime: (at, context) => {
      if (time !== 'event' || at !== closingTime(context.window, time)) return 'continue'
      reset(context)
      return 'fire'
    },
    onProcessingTime: (at, context) => {
      const closes = time === 'processing' && at === closingTime(context.window, time)
      if (!closes && at !== context.state.at) return 'continue'
      // The timer that fires is gone: looking for it costs more than all else here.
      if (at === context.state.at) context.state.at = MAX_TIMESTAMP
      reset(context)
      return 'fire'
    },
    onMerge: (context) => {
      registerClosing(context, time)
      for (const { records, at } of context.merged) {
        context.state.records += records
        if (at < context.state.at) context.state.at = at
      }
      if (context.state.at !== MAX_TIMESTAMP) context.registerProcessingTime(context.state.at)
    },
    clear: (context) => {
      reset(context)
      deleteClosing(context, time)
    },
  }
}

/** Fires once, when nothing can change the window any more: `latenessMs` after it is complete. */
export function finalTrigger(time: WindowTime, latenessMs: number): Trigger {
  const finalTime = (window: TimeWindow): number => closingTime(window, time) + latenessMs
  const register = (context: TriggerContext | TriggerMergeContext): void => {
    if (time === 'event') context.registerEventTime(finalTime(context.window))
    else context.registerProcessingTime(finalTime(context.window))
  }
  const onTime =
    (kind: WindowTime) =>
    (at: number, { window }: TriggerContext) =>
      kind === time && at === finalTime(window) ? 'fire' : 'continue'
  return {
    name: 'final',
    onElement: (_value, _timestamp, context) => {
      register(context)
      return 'continue'
    },
    onEventTime: onTime('event'),
    onProcessingTime: onTime('processing'),
    onMerge: register,
    clear: (context) => {
      if (time === 'event') context.deleteEventTime(finalTime(context.window))
      else context.deleteProcessingTime(finalTime(context.window))
    },
  }
}

/** Sees to it that the window fires when it is complete; true when it is already. */
function registerClosing(context: TriggerContext<Pending>, time: WindowTime): boolean {
  const at = closingTime(context.window, time)
  if (time === 'event') {
    if (at <= context.currentWatermark) return true
    context.registerEventTime(at)
  } else context.registerProcessingTime(at)
  return false
}

function deleteClosing(context: TriggerContext<Pending>, time: WindowTime): void {
  const at = closingTime(context.window, time)
  if (time === 'event') context.deleteEventTime(at)
  else context.deleteProcessingTime(at)
}
