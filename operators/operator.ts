/**
 * What an operator is to the subtask that drives it.
 *
 * An operator is a plain state machine: records, watermarks and the end of input go in, records come
 * out through its `Output`. It owns no thread, reads no clock and opens no file by itself. All calls come from
 * one thread, never while another call is running.
 */
import type { StateBackend } from '../checkpoint/state/state-backend.ts'
import type { Clock } from '../runtime/clock.ts'
import type { WhenSettled } from '../runtime/slot.ts'
import type { BadRecordHandler } from './bad-records.ts'
import type { Logger } from './logger.ts'

/** Where an operator puts its results. Calls go straight to the next operator of the chain. */
export interface Output<T = unknown> {
  /** Hands one record on. `timestamp` is its event time in ms, `MIN_TIMESTAMP` for none. */
  emit(value: T, timestamp: number): void
  /**
   * True when what stands behind has no room left. An operator that is about to emit many records from
   * one call (a fired window, say) checks this between two of them and stops; it will be called again.
   */
  readonly full: boolean
}

/** What an operator can know and use. Valid from `open` to `close`. */
export interface OperatorContext {
  readonly operatorName: string
  readonly uid: string
  /** Index of this parallel instance, 0 to parallelism - 1. */
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly maxParallelism: number
  readonly clock: Clock
  readonly logger: Logger
  /** The states of this operator, with what was restored of them. */
  readonly state: StateBackend
  /** A number in [0, 1) from the host's generator. */
  random(): number
  /** A counter that shows up in the job's metrics under the operator's name. */
  counter(name: string): Counter
  /**
   * Takes a record for which the user's function failed later than in `processRecord` (there the chain sees to it); undefined:
   * the error must end the job.
   */
  readonly badRecords?: BadRecordHandler | undefined
  /** The side output with this tag, or undefined when nobody reads it. */
  sideOutput(tag: string): Output | undefined
  /**
   * Has `processTime` called once the clock has reached `timeMs` (wall-clock time). Only the earliest time asked for since the
   * last such call counts.
   */
  requestTime(timeMs: number): void
  /** Has `resume` called soon. May be called at any time, for instance when a promise has settled. */
  wake(): void
  /**
   * While true, no record is handed to this operator, which must say `holds`. Records that an operator before it makes of one
   * record still come.
   */
  hold(held: boolean): void
  /** Waits for promises: through it the host chooses when the operator hears of them. The callback may only note what came and call `wake`. */
  readonly whenSettled: WhenSettled
}

/** Counts something; read by the metrics. */
export interface Counter {
  value: number
}

/** What operators have in common, whatever the number of their inputs. */
interface OperatorLifeCycle<Out> {
  /** Called before the first record. States and parts are registered here. */
  open(context: OperatorContext, output: Output<Out>): void
  /**
   * Event time has advanced to `watermark` (never backwards). Does what became due and returns true when
   * all of it is done; false when it stopped because `output.full`: it is then called again with the same
   * or a larger watermark before any further record. The subtask forwards the watermark after true.
   */
  processWatermark(watermark: number): boolean
  /** The time asked for with `requestTime` has come: the clock stands at `now`. True when done, false as above. */
  processTime?(now: number): boolean
  /** Called after `wake`. True when done, false when it stopped because `output.full`. */
  resume?(): boolean
  /**
   * For an operator that holds watermarks back, because records that belong before them are still under way: how far the
   * watermark may go on behind it. Read after `processWatermark` and `resume`. Such an operator is never chained.
   */
  readonly outputWatermark?: number
  /**
   * For an operator that holds records back which belong before a barrier: emits all of them, even when `output.full`. Called before a barrier and before
   * idleness goes on, never in the middle of another call. Such an operator needs no state.
   */
  handOn?(): void
  /** For an operator that uses `context.hold`. */
  readonly holds?: true
  /**
   * All input has ended (after the final watermark). True when done, false to be called again, when there is room or after `wake`.
   */
  endInput(): boolean
  close(): void
}

/**
 * One operator of a chain with one input. The subtask calls, in this order: `open` once; `processRecord`
 * and `processWatermark` many times; `endInput` once when all input has ended; `close` once, also after a failure.
 */
export interface Operator<In = unknown, Out = unknown> extends OperatorLifeCycle<Out> {
  processRecord(value: In, timestamp: number): void
}

/** An operator with two inputs: the first of its chain. Its watermark is the smaller one of its inputs'. */
export interface TwoInputOperator<
  In1 = unknown,
  In2 = unknown,
  Out = unknown,
> extends OperatorLifeCycle<Out> {
  processRecord1(value: In1, timestamp: number): void
  processRecord2(value: In2, timestamp: number): void
}

/**
 * A stateless step that the chain compiler can inline into one loop together with its neighbours.
 * `flatMap` may return any iterable. `timestamp` gives the record its event time, a finite number of milliseconds.
 */
export type Step =
  | { readonly kind: 'map'; readonly fn: (value: never, timestamp: number) => unknown }
  | { readonly kind: 'filter'; readonly fn: (value: never, timestamp: number) => boolean }
  | {
      readonly kind: 'flatMap'
      readonly fn: (value: never, timestamp: number) => Iterable<unknown>
    }
  | { readonly kind: 'timestamp'; readonly fn: (value: never, timestamp: number) => number }
