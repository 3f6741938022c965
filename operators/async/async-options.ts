/**
 * What an asynchronous operator is made from.
 */
import type { AsyncContext, AsyncFunction, AsyncOrder } from './async-function.ts'
import type { AsyncRetryStrategy } from './retry-strategy.ts'

/** What an asynchronous operator does. Shared by its subtasks. */
export interface AsyncOperatorOptions {
  readonly fn: AsyncFunction<never, unknown>
  /** Whether an answer is an iterable of results; otherwise it is the result. */
  readonly flat: boolean
  readonly order: AsyncOrder
  /** The most records in flight per subtask, from 1. */
  readonly capacity: number
  /** The longest time per record, from its first attempt to its result, in ms; undefined: no bound. */
  readonly timeoutMs: number | undefined
  /** Answers for a record that has timed out; `undefined` for no result. Without it the record is a bad one. */
  readonly onTimeout: ((value: never, context: AsyncContext) => unknown) | undefined
  readonly retry: AsyncRetryStrategy<never> | undefined
}
