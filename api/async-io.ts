/**
 * `stream.mapAsync` and `stream.flatMapAsync`: the options, their checks, and the node they become.
 *
 * The operator gets a task of its own: it holds watermarks back, which what is chained behind it would see too early.
 */
import { ASYNC_ORDERS } from '../operators/async/async-function.ts'
import { isAsync } from '../checkpoint/async-functions.ts'
import type { AsyncContext, AsyncFunction, AsyncOrder } from '../operators/async/async-function.ts'
import { asyncOperator } from '../operators/async/async-operator.ts'
import type { AsyncRetryStrategy } from '../operators/async/retry-strategy.ts'
import {
  buildErrorHere,
  describeValue,
  requireAnyFunction,
  requireFunction,
  requireMethods,
} from './build-error.ts'
import type { Port } from './graph-builder.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { StreamParts } from './stream.ts'

/** What `mapAsync` and `flatMapAsync` have in common. */
export interface AsyncOptions extends OperatorOptions {
  /**
   * `ordered`: results leave in the order of the records, so that a slow one holds back those behind it. `unordered`: each leaves
   * as soon as it can, but none overtakes a watermark. Default: `ordered`.
   */
  readonly order?: AsyncOrder
  /** The most records in flight per subtask; when they are, no more are taken. A whole number from 1. Default: 100. */
  readonly capacity?: number
  /**
   * The longest time in milliseconds from the first call for a record to its result, retries included. Then its `signal` is
   * aborted, and what still comes is dropped. Default: no bound.
   */
  readonly timeoutMs?: number
}

/**
 * Options of `mapAsync`, those of every operator included.
 *
 * @example
 * const options: MapAsyncOptions<string, number> = { order: 'unordered', capacity: 500, timeoutMs: 2_000, uid: 'prices' }
 */
export interface MapAsyncOptions<T, R> extends AsyncOptions {
  /**
   * Makes the result of a record that has timed out; undefined: it has none. Default: the record is a bad one, with the error
   * ASYNC_TIMEOUT. Needs `timeoutMs`.
   */
  readonly onTimeout?: (value: T, context: AsyncContext) => R | undefined
  /** When to ask again: `fixedDelay` or `exponentialDelay`. Default: never. */
  readonly retry?: AsyncRetryStrategy<R>
}

/** Options of `flatMapAsync`, those of every operator included. */
export interface FlatMapAsyncOptions<T, R> extends AsyncOptions {
  /**
   * Makes the results of a record that has timed out; undefined: it has none. Default: the record is a bad one, with the error
   * ASYNC_TIMEOUT. Needs `timeoutMs`.
   */
  readonly onTimeout?: (value: T, context: AsyncContext) => Iterable<R> | undefined
  /** When to ask again: `fixedDelay` or `exponentialDelay`; results are seen as arrays. Default: never. */
  readonly retry?: AsyncRetryStrategy<R[]>
}

/** Any of the two. */
interface AnyAsyncOptions extends AsyncOptions {
  readonly onTimeout?: (value: never, context: AsyncContext) => unknown
  readonly retry?: AsyncRetryStrategy<never>
}

const DEFAULT_CAPACITY = 100
const OPTIONS = ['order', 'capacity', 'timeoutMs', 'onTimeout', 'retry']

/** Adds the operator behind `parts`. Throws INVALID_ARGUMENT, and what every operator throws. */
export function addAsync(
  { builder, ports }: StreamParts,
  method: 'mapAsync' | 'flatMapAsync',
  fn: AsyncFunction<never, unknown>,
  options: AnyAsyncOptions,
): Port {
  requireAnyFunction(fn, `${method}: the function`)
  checkOptions(options, method)
  const { order = 'ordered', capacity = DEFAULT_CAPACITY, timeoutMs, onTimeout, retry } = options
  const flat = method === 'flatMapAsync'
  const facts = { function: fn, order, capacity, timeoutMs, onTimeout, retry }
  return builder.add({
    operator: {
      kind: 'operator',
      type: flat ? 'async flatMap' : 'async map',
      create: () => asyncOperator({ fn, flat, order, capacity, timeoutMs, onTimeout, retry }),
      facts,
      chaining: 'never',
    },
    inputs: ports,
    defaultName: method,
    options,
    moreOptions: OPTIONS,
  })
}

function checkOptions(options: AnyAsyncOptions, method: string): void {
  // The builder says what is wrong with options that are no object.
  if (typeof options !== 'object' || options === null) return
  const { order, capacity, timeoutMs, onTimeout, retry } = options
  if (order !== undefined && !ASYNC_ORDERS.includes(order))
    throw wrong(`${method}: order must be one of ${ASYNC_ORDERS.join(', ')}`, order)
  if (capacity !== undefined && !(Number.isSafeInteger(capacity) && capacity >= 1))
    throw wrong(`${method}: capacity must be a whole number from 1`, capacity)
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0))
    throw wrong(`${method}: timeoutMs must be a finite number greater than 0`, timeoutMs)
  if (onTimeout !== undefined) {
    requireAnyFunction(onTimeout, `${method}: onTimeout`)
    if (isAsync(onTimeout))
      throw wrong(
        `${method}: onTimeout must not be async, for the time is up: it must have its result at hand`,
        onTimeout,
      )
    if (timeoutMs === undefined)
      throw wrong(
        `${method}: onTimeout needs timeoutMs, without which nothing times out`,
        timeoutMs,
      )
  }
  if (retry !== undefined) checkRetry(retry, `${method}: retry`)
}

function checkRetry(retry: AsyncRetryStrategy<never>, what: string): void {
  requireMethods(retry, ['delayMs'], what, 'what fixedDelay or exponentialDelay returns')
  const { attempts, when, whenResult } = retry
  if (!(Number.isSafeInteger(attempts) && attempts >= 1))
    throw wrong(
      `${what}.attempts must be a whole number from 1, the first attempt included`,
      attempts,
    )
  if (when !== undefined) requireFunction(when, `${what}.when`)
  if (whenResult !== undefined) requireFunction(whenResult, `${what}.whenResult`)
}

function wrong(expected: string, got: unknown): Error {
  return buildErrorHere('INVALID_ARGUMENT', `${expected}, got ${describeValue(got)}`)
}
