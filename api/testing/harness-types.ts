/**
 * What a harness can do, and what it gives: the types of the operator harness.
 */
import type { OperatorSnapshot } from '../../checkpoint/state/snapshot.ts'
import type { LogLevel } from '../../operators/logger.ts'
import type { ManualClock } from '../../runtime/manual-clock.ts'
import type { Stream } from '../stream.ts'

/**
 * How a harness treats its operators. `straight`: as they are. `restoring`: after every step they are thrown away and restored from
 * a snapshot. `stubborn`: the output refuses every second call. A correct operator behaves the same in all of them.
 */
export type HarnessMode = 'straight' | 'restoring' | 'stubborn'

/** All modes. */
export const HARNESS_MODES: readonly HarnessMode[] = ['straight', 'restoring', 'stubborn']

/** Options of a harness. */
export interface HarnessOptions {
  /** Default: `straight`. */
  readonly mode?: HarnessMode
  /** Which subtask this is. Default: 0. */
  readonly subtaskIndex?: number
  /** Default: 1. */
  readonly parallelism?: number
  /** Default: 128. */
  readonly maxParallelism?: number
  /** Where the clock starts, in ms since 1970. Default: 0. */
  readonly startMs?: number
  /** Snapshots to begin with: those of all subtasks of the old run, of any parallelism. */
  readonly restore?: HarnessSnapshot | readonly HarnessSnapshot[]
}

/** What the operators of a harness had in their state, by uid. */
export type HarnessSnapshot = readonly OperatorSnapshot[]

/** What came out: a record with its event time, or a watermark. */
export type HarnessItem<T> =
  | { readonly value: T; readonly timestamp: number }
  | { readonly watermark: number }

/** The types of records by the name of the output. */
export type OutputsOf<S> =
  S extends Stream<infer T>
    ? { readonly main: T }
    : { readonly [Name in keyof S]: S[Name] extends Stream<infer T> ? T : never }

/** Something that a state still holds. */
export interface StateEntry {
  readonly operator: string
  readonly state: string
  readonly key: unknown
  readonly namespace?: unknown
  readonly value: unknown
}

/** A log line of a user's function. */
export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

/** What harnesses for one and for two inputs have in common. */
export interface AnyHarness<Outputs> {
  readonly clock: ManualClock
  /** Event time has come to `timestamp` on all inputs. */
  processWatermark(timestamp: number): void
  /** Moves the clock to `timeMs` and fires what is due. */
  setProcessingTime(timeMs: number): void
  /** Waits until promises that the operators wait for have settled, as far as that needs no time of the clock. */
  settle(): Promise<void>
  /** The input ends: final watermark, then the end. Rejects nothing; await it where operators work asynchronously. */
  endInput(): Promise<void>
  /** Everything that came out since the last call: records and watermarks in their order. */
  takeItems<Name extends keyof Outputs>(name?: Name): HarnessItem<Outputs[Name]>[]
  /** The same, only the values of the records. */
  takeValues<Name extends keyof Outputs>(name?: Name): Outputs[Name][]
  snapshot(): HarnessSnapshot
  /** What is left in state, timers and operators' own structures included. */
  stateEntries(): StateEntry[]
  /** A counter of an operator; 0 where it was never counted. */
  counter(operatorName: string, name: string): number
  readonly logLines: readonly LogLine[]
  close(): void
}

/** Drives operators with one input. */
export interface OperatorHarness<T, Outputs> extends AnyHarness<Outputs> {
  /** One record, with its event time in ms; default: none. */
  processRecord(value: T, timestamp?: number): void
}

/** Drives operators that begin with two inputs. */
export interface TwoInputHarness<A, B, Outputs> extends AnyHarness<Outputs> {
  processRecord1(value: A, timestamp?: number): void
  processRecord2(value: B, timestamp?: number): void
  /** Event time of one input; what the operators see is the smaller one. */
  processWatermark1(timestamp: number): void
  processWatermark2(timestamp: number): void
}
