/**
 * What the functions of a process operator are given besides the record: contexts, timers and `emit`.
 *
 * An operator has one context object for all its calls and changes it before each: use it inside the call it was given to, never
 * later. Its fields may be taken out of it by destructuring. All on the slot's thread, and synchronous.
 */
import type { ReadOnlyBroadcastState, BroadcastState } from '../../checkpoint/state/states.ts'
import type {
  BroadcastStateDescriptor,
  KeyedStateDescriptor,
  OperatorListStateDescriptor,
  StateOf,
} from '../../checkpoint/state/state-descriptors.ts'
import type { Counter } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'

/**
 * Hands one record on, with the timestamp of the record or the event-time timer that is being processed; from a processing-time
 * timer it has none (as in Flink). Annotate the parameter, `emit: Emit<string>`, and the stream that leaves has that type.
 */
export type Emit<R> = (value: R) => void

/** Keyed states, by the names under which the context has them. */
export type KeyedStates = Readonly<Record<string, KeyedStateDescriptor>>

/** States without keys, by the names under which the context has them. */
// oxlint-disable-next-line no-explicit-any -- "some descriptor" of any type; what the user sees has it
export type OperatorStates = Readonly<Record<string, OperatorListStateDescriptor<any>>>

/** Broadcast states, by the names under which the context has them. */
// oxlint-disable-next-line no-explicit-any -- as above
export type BroadcastStates = Readonly<Record<string, BroadcastStateDescriptor<any, any>>>

/** No states declared. */
export type NoStates = Readonly<Record<never, never>>

/** The handles of declared states. */
export type StateHandles<S> = { readonly [Name in keyof S]: StateOf<S[Name]> }

/** The handles of broadcast states for those who may only read. */
export type ReadOnlyHandles<B> = {
  readonly [Name in keyof B]: StateOf<B[Name]> extends BroadcastState<infer K, infer V>
    ? ReadOnlyBroadcastState<K, V>
    : never
}

/** Writes to the log of the job, with the operator and the subtask; `fields` is plain data. */
export interface ProcessLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * The timers of the current key. There is one per key, kind and time: registering it again changes nothing. Timers fire in the
 * order of their times, those of one time in the order in which they were registered; they are part of every snapshot.
 *
 * Unlike in Flink, where such a timer fires at once, a timer that would be due already is an error, for it mostly is a mistake in
 * the computation of its time. The `try…` twins answer false instead. But inside `onTimer` a timer behind the one that fires is always
 * welcome, and fires at once where it is due: so a timer that registers the next one skips no period, however far the watermark or,
 * during a pause, the clock has gone ahead. At the final watermark event time is over, and such a timer is not registered.
 */
export interface ProcessTimers {
  /**
   * Has `onTimer` called once the watermark has reached `time` (ms since 1970). Errors: `TIMER_IN_THE_PAST` unless `time` is
   * greater than the current watermark, `INVALID_TIMER` unless it is a number.
   */
  registerEventTime(time: number): void
  /** The same; false, and no timer, where it would be in the past. */
  tryRegisterEventTime(time: number): boolean
  /** Deletes the timer at `time`; without one, nothing happens. Errors: `INVALID_TIMER`. */
  deleteEventTime(time: number): void
  /**
   * Has `onTimer` called once the clock has reached `time` (ms since 1970). Errors: `TIMER_IN_THE_PAST` where `time` is less than
   * now, `INVALID_TIMER`. Timers that still wait when all input has ended never fire.
   */
  registerProcessingTime(time: number): void
  /** The same; false, and no timer, where it would be in the past. */
  tryRegisterProcessingTime(time: number): boolean
  /** Deletes the timer at `time`; without one, nothing happens. Errors: `INVALID_TIMER`. */
  deleteProcessingTime(time: number): void
}

/** A timer that fires. One object for all timers of an operator: read it, don't keep it. */
export interface FiredTimer {
  /** The time for which it was registered. */
  readonly time: number
  readonly kind: 'eventTime' | 'processingTime'
}

/** What `open` and `close` are given. */
export interface LifeCycleContext<OS = NoStates> {
  /** Index of this parallel instance, 0 to parallelism - 1. */
  readonly subtaskIndex: number
  readonly parallelism: number
  /** The states declared under `operatorState`: this subtask's part of them. */
  readonly operatorState: StateHandles<OS>
  /** The clock of the host, in ms since 1970. */
  readonly processingTime: number
  readonly log: ProcessLog
  /** A counter that shows up in the job's metrics under the operator's name; the same one for the same name. */
  readonly counter: (name: string) => Counter
}

/** What the functions for records are given (Flink's ProcessFunction.Context). */
export interface ProcessContext<OS = NoStates> extends LifeCycleContext<OS> {
  /** Event time of the record or timer in ms; -Infinity for none. What is emitted gets it too. */
  readonly timestamp: number
  /** How far event time has come: no record with an earlier time is expected. -Infinity before the first watermark. */
  readonly currentWatermark: number
  /**
   * Sends a record to a side output, with the timestamp that `emit` would give it; dropped where nobody reads it. Errors:
   * `INVALID_TAG`.
   */
  readonly sideOutput: <U>(tag: OutputTag<U>, value: U) => void
}

/** The same on a keyed stream (Flink's KeyedProcessFunction.Context). */
export interface KeyedProcessContext<K, S = NoStates, OS = NoStates> extends ProcessContext<OS> {
  /** The key of the record or timer. */
  readonly key: K
  /** The states declared under `state`, as they are for this key. */
  readonly state: StateHandles<S>
  readonly timers: ProcessTimers
}

/** Adds broadcast state that can be read. */
export interface BroadcastReader<B> {
  /** The broadcast states, to be read only: a write throws `BROADCAST_READ_ONLY`. */
  readonly broadcast: ReadOnlyHandles<B>
}

/** What `processBroadcast` is given (Flink's BroadcastProcessFunction.Context). */
export interface BroadcastContext<B, OS = NoStates> extends ProcessContext<OS> {
  /**
   * The broadcast states. Every subtask gets every broadcast record; they must all write the same, so decide by the record and
   * by the broadcast states alone.
   */
  readonly broadcast: StateHandles<B>
}

/** The same beside a keyed stream (Flink's KeyedBroadcastProcessFunction.Context). */
export interface KeyedBroadcastContext<K, S, B, OS = NoStates> extends BroadcastContext<B, OS> {
  /**
   * Calls `visit` for every key that has something in a keyed state, with the handle of that state (Flink's applyToKeyedState).
   * The order of the keys says nothing.
   */
  readonly forEachKey: <Name extends keyof S & string>(
    stateName: Name,
    visit: (key: K, state: StateHandles<S>[Name]) => void,
  ) => void
}
