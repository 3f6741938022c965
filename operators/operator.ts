/**
 * What an operator is to the subtask that drives it.
 *
 * An operator is a plain state machine: records, watermarks and the end of input go in, records come
 * out through its `Output`. It owns no thread, reads no clock and opens no file by itself. All calls come from
 * one thread, never while another call is running.
 */
import type { Clock } from '../runtime/clock.ts'

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
  /** A number in [0, 1) from the host's generator. */
  random(): number
  /** A counter that shows up in the job's metrics under the operator's name. */
  counter(name: string): Counter
}

/** Counts something; read by the metrics. */
export interface Counter {
  value: number
}

/**
 * One operator of a chain with one input. The subtask calls, in this order: `open` once; `processRecord`
 * and `processWatermark` many times; `endInput` once when all input has ended; `close` once, also after a failure.
 */
export interface Operator<In = unknown, Out = unknown> {
  /** Called before the first record. */
  open(context: OperatorContext, output: Output<Out>): void
  processRecord(value: In, timestamp: number): void
  /**
   * Event time has advanced to `watermark` (never backwards). Does what became due and returns true when
   * all of it is done; false when it stopped because `output.full`: it is then called again with the same
   * or a larger watermark before any further record. The subtask forwards the watermark after true.
   */
  processWatermark(watermark: number): boolean
  /** All input has ended (after the final watermark). True when done, false to be called again, as above. */
  endInput(): boolean
  close(): void
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
