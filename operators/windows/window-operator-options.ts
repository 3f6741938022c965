/**
 * What a window operator computes: everything that a user can say about windows, checked by the caller.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { KeyedStateDescriptor } from '../../checkpoint/state/state-descriptors.ts'
import type { EarlyResults } from './closing-triggers.ts'
import type { AnyEvictor } from './evictor.ts'
import type { AnyTrigger } from './trigger.ts'
import type { FiredWindow } from './window-aggregate.ts'
import type { WindowAssigner } from './window-assigner.ts'

/** Which results leave: every firing, or only the last one of each window. */
export type WindowResults = 'updates' | 'final'

/** The user's functions for a window that fires; `this` in them is the definition. */
export interface WindowFunctions {
  open?(context: never): void
  /** `input`: what the aggregate has made of the records, or the records. */
  process(context: never, input: never, emit: never): void
  clear?(context: never): void
  close?(context: never): void
}

/** A process function with the states that it declares, by the names under which contexts have them. */
export interface WindowProcess {
  readonly definition: WindowFunctions
  /** Per key, across windows. */
  readonly state: Readonly<Record<string, KeyedStateDescriptor>>
  /** Per key and window. None where windows merge. */
  readonly windowState: Readonly<Record<string, KeyedStateDescriptor>>
}

/** What `createWindowOperator` makes an operator of. */
export interface WindowOperatorOptions {
  readonly assigner: WindowAssigner<never>
  /** The key of a record; undefined: all records together. */
  readonly key: ((value: never) => unknown) | undefined
  /** Default: that of the assigner. Must be able to merge where windows do. */
  readonly trigger?: AnyTrigger | undefined
  readonly evictor?: AnyEvictor | undefined
  /** Default: 0. */
  readonly allowedLatenessMs?: number | undefined
  /** The side output of late records. Default: they are dropped and counted. */
  readonly lateTag?: string | undefined
  /** Not together with `trigger` or final results. */
  readonly earlyResults?: EarlyResults | undefined
  /** Default: `updates`. */
  readonly results?: WindowResults | undefined
  /** Combines the records as they come. Default: they are kept as a list. */
  readonly aggregate?: AggregateFunction<never, unknown, unknown> | undefined
  /** Whether the aggregate must add records in the order in which they came: the function of a reduce may depend on it. */
  readonly inArrivalOrder?: boolean | undefined
  /** Makes the record that leaves. Default: the result of the aggregate, or the list, itself. Not together with `process`. */
  readonly result?: ((result: never, window: FiredWindow<never>) => unknown) | undefined
  readonly process?: WindowProcess | undefined
}
