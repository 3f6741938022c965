/**
 * When a window fires: the contract of triggers.
 *
 * A trigger is a plain object, shared by all subtasks of a slot: what it must remember about a window goes into `context.state`,
 * a plain object per key and window that is part of every snapshot. All calls are synchronous, on the slot's thread.
 */
import type { TimeWindow } from './time-window.ts'

/** What happens to a window: nothing, a result leaves, its contents are dropped, or first one and then the other. */
export type TriggerResult = 'continue' | 'fire' | 'purge' | 'fireAndPurge'

/** What the functions of a trigger are given. One object for all calls of an operator: don't keep it. */
export interface TriggerContext<S = undefined> {
  readonly window: TimeWindow
  /** What `createState` has made for this key and window, with all changes since. */
  readonly state: S
  /** How far event time has come; -Infinity before the first watermark. */
  readonly currentWatermark: number
  /** The clock of the host, in ms since 1970. */
  readonly processingTime: number
  /**
   * Has `onEventTime` called once the watermark has reached `time`; if it is there already, when it next advances (as in Flink).
   * One timer per time, key and window.
   */
  registerEventTime(time: number): void
  deleteEventTime(time: number): void
  /** Has `onProcessingTime` called once the clock has reached `time`, or soon. +Infinity: never. */
  registerProcessingTime(time: number): void
  deleteProcessingTime(time: number): void
}

/** The context of `onMerge`: `window` is the new window, `state` is fresh. */
export interface TriggerMergeContext<S = undefined> extends TriggerContext<S> {
  /** The states of the windows that became this one. Afterwards `clear` is called for each of them. */
  readonly merged: readonly S[]
}

/**
 * Decides when windows fire (Flink's Trigger).
 *
 * @example
 * // Fires at every record whose amount is above 1,000.
 * const atLarge: Trigger<Order> = {
 *   name: 'large orders',
 *   onElement: (order) => (order.amount > 1_000 ? 'fire' : 'continue'),
 *   onEventTime: () => 'continue',
 *   onProcessingTime: () => 'continue',
 * }
 */
export interface Trigger<in T = unknown, S = undefined> {
  /** Shown in plans and errors. */
  readonly name: string
  /** Makes the state of a window in which nothing has happened: an object of plain data. Needed unless `S` is undefined. */
  createState?(): S
  /** A record has been added to the window. */
  onElement(value: T, timestamp: number, context: TriggerContext<S>): TriggerResult
  /** A timer for event time has fired, one of this trigger or that of the window's clean-up. */
  onEventTime(time: number, context: TriggerContext<S>): TriggerResult
  /** The same for processing time. */
  onProcessingTime(time: number, context: TriggerContext<S>): TriggerResult
  /** Windows have become one. A trigger without it cannot be used with windows that merge, such as sessions. */
  onMerge?(context: TriggerMergeContext<S>): void
  /** The window is forgotten: deletes the timers that are left. Its state goes by itself. */
  clear?(context: TriggerContext<S>): void
}

/** A trigger of records of some type, with some state. */
// oxlint-disable-next-line no-explicit-any -- "some trigger": the operator treats records and states as opaque
export type AnyTrigger = Trigger<any, any>

/** Whether a result leaves. */
export function isFire(result: TriggerResult): boolean {
  return result === 'fire' || result === 'fireAndPurge'
}

/** Whether contents are dropped. */
export function isPurge(result: TriggerResult): boolean {
  return result === 'purge' || result === 'fireAndPurge'
}
