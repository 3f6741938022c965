/**
 * What a user writes for `process`: definitions, for one input and two, with keys and without, and beside a broadcast stream.
 *
 * A definition is a plain object, or an instance of a class. All subtasks of one slot share it, so it must keep nothing of its own
 * from one call to the next: whatever must be remembered is declared as state. Its functions are called on the slot's thread, one
 * at a time, and must not wait: what they return is ignored.
 */
import type {
  BroadcastContext,
  BroadcastReader,
  BroadcastStates,
  Emit,
  FiredTimer,
  KeyedBroadcastContext,
  KeyedProcessContext,
  KeyedStates,
  LifeCycleContext,
  NoStates,
  OperatorStates,
  ProcessContext,
} from '../operators/process/contexts.ts'

/** What all definitions can have. */
export interface ProcessLifeCycle<OS extends OperatorStates = NoStates> {
  /** States of each subtask, without a key: `context.operatorState`. */
  readonly operatorState?: OS
  /** Called once per subtask before its first record, after its state was restored. */
  open?(context: LifeCycleContext<OS>): void
  /** Called once per subtask at its end, also after a failure, even one of `open`. */
  close?(context: LifeCycleContext<OS>): void
}

/** For `stream.process` (Flink's ProcessFunction). */
export interface ProcessDefinition<
  T,
  R,
  OS extends OperatorStates = NoStates,
> extends ProcessLifeCycle<OS> {
  /** Called for each record; may emit any number of records. */
  processRecord(value: T, context: ProcessContext<OS>, emit: Emit<R>): void
}

/** What definitions with keys can have besides. */
export interface KeyedProcessLifeCycle<
  Context,
  R,
  S extends KeyedStates = NoStates,
  OS extends OperatorStates = NoStates,
> extends ProcessLifeCycle<OS> {
  /** States per key: `context.state`. */
  readonly state?: S
  /**
   * Called when a timer fires that `context.timers` has registered; the context stands for its key. What is emitted gets the time
   * of an event-time timer, and no time from a processing-time timer. An error of this function always ends the job, for there is
   * no record that could be skipped.
   */
  onTimer?(timer: FiredTimer, context: Context, emit: Emit<R>): void
}

/** For `keyed.process` (Flink's KeyedProcessFunction). */
export interface KeyedProcessDefinition<
  K,
  T,
  R,
  S extends KeyedStates = NoStates,
  OS extends OperatorStates = NoStates,
> extends KeyedProcessLifeCycle<KeyedProcessContext<K, S, OS>, R, S, OS> {
  /** Called for each record; may emit any number of records. */
  processRecord(value: T, context: KeyedProcessContext<K, S, OS>, emit: Emit<R>): void
}

/** For `stream.connect(other).process` (Flink's CoProcessFunction). */
export interface CoProcessDefinition<
  A,
  B,
  R,
  OS extends OperatorStates = NoStates,
> extends ProcessLifeCycle<OS> {
  /** Called for each record of the first stream. */
  processRecord1(value: A, context: ProcessContext<OS>, emit: Emit<R>): void
  /** Called for each record of the second stream. */
  processRecord2(value: B, context: ProcessContext<OS>, emit: Emit<R>): void
}

/** For `keyed.connect(otherKeyed).process` (Flink's KeyedCoProcessFunction): both streams share the states of a key. */
export interface KeyedCoProcessDefinition<
  K,
  A,
  B,
  R,
  S extends KeyedStates = NoStates,
  OS extends OperatorStates = NoStates,
> extends KeyedProcessLifeCycle<KeyedProcessContext<K, S, OS>, R, S, OS> {
  /** Called for each record of the first stream. */
  processRecord1(value: A, context: KeyedProcessContext<K, S, OS>, emit: Emit<R>): void
  /** Called for each record of the second stream. */
  processRecord2(value: B, context: KeyedProcessContext<K, S, OS>, emit: Emit<R>): void
}

/** For `stream.connect(broadcast).process` (Flink's BroadcastProcessFunction). */
export interface BroadcastProcessDefinition<
  T,
  V,
  R,
  B extends BroadcastStates,
  OS extends OperatorStates = NoStates,
> extends ProcessLifeCycle<OS> {
  /** Called for each record of the stream itself, which may read the broadcast states. */
  processRecord(value: T, context: ProcessContext<OS> & BroadcastReader<B>, emit: Emit<R>): void
  /** Called in every subtask for each broadcast record, which may change the broadcast states. */
  processBroadcast(value: V, context: BroadcastContext<B, OS>, emit: Emit<R>): void
}

/** For `keyed.connect(broadcast).process` (Flink's KeyedBroadcastProcessFunction). */
export interface KeyedBroadcastProcessDefinition<
  K,
  T,
  V,
  R,
  B extends BroadcastStates,
  S extends KeyedStates = NoStates,
  OS extends OperatorStates = NoStates,
> extends KeyedProcessLifeCycle<KeyedProcessContext<K, S, OS> & BroadcastReader<B>, R, S, OS> {
  /** Called for each record of the keyed stream, which may read the broadcast states. */
  processRecord(
    value: T,
    context: KeyedProcessContext<K, S, OS> & BroadcastReader<B>,
    emit: Emit<R>,
  ): void
  /** Called in every subtask for each broadcast record, which may change the broadcast states. */
  processBroadcast(value: V, context: KeyedBroadcastContext<K, S, B, OS>, emit: Emit<R>): void
}
