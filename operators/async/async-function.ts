/**
 * What a user gives to an asynchronous operator: a function that answers later, and what it is told with every call.
 *
 * All of it runs on the slot's thread, between other work of that thread; nothing waits for the promise.
 */
import type { Counter } from '../operator.ts'
import type { ProcessLog } from '../process/contexts.ts'

/** What the function of `mapAsync` and `flatMapAsync` is told with a record. */
export interface AsyncContext {
  /** Event time of the record in ms, `-Infinity` for none. */
  readonly timestamp: number
  /** 1 for the first call with this record, 2 for its first retry … After a restore it begins at 1 again. */
  readonly attempt: number
  /**
   * Aborted when nobody waits for the answer any more: the record has timed out (reason `ASYNC_TIMEOUT`), or the job has failed or
   * was cancelled (`ASYNC_CLOSED`). Hand it to whatever takes one, such as `fetch`.
   */
  readonly signal: AbortSignal
  /** Index of this parallel instance, 0 to parallelism - 1. */
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly log: ProcessLog
  /** A counter that shows up in the job's metrics under the operator's name. */
  readonly counter: (name: string) => Counter
}

/**
 * Asks something that takes time. A value that is no promise counts as an answer; throwing is the same as rejecting. The record
 * must not be changed: it may be asked for again.
 */
export type AsyncFunction<T, R> = (value: T, context: AsyncContext) => R | PromiseLike<R>

/**
 * In which order results leave. `ordered`: in that of the records. `unordered`: as they come, except that none overtakes a
 * watermark.
 */
export type AsyncOrder = 'ordered' | 'unordered'

/** All orders. */
export const ASYNC_ORDERS: readonly AsyncOrder[] = ['ordered', 'unordered']

/** What all attempts of one operator share. */
export interface AttemptHost {
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly log: ProcessLog
  readonly counter: (name: string) => Counter
}

/** One call of the function. Its signal is made when somebody asks for it: most functions never do. */
export class Attempt implements AsyncContext {
  readonly attempt: number
  readonly #host: AttemptHost
  readonly #record: { readonly timestamp: number }
  #controller: AbortController | undefined
  #abortedFor: Error | undefined

  constructor(host: AttemptHost, record: { readonly timestamp: number }, attempt: number) {
    this.#host = host
    this.#record = record
    this.attempt = attempt
  }

  get timestamp(): number {
    return this.#record.timestamp
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortedFor !== undefined) this.#controller.abort(this.#abortedFor)
    }
    return this.#controller.signal
  }

  get subtaskIndex(): number {
    return this.#host.subtaskIndex
  }

  get parallelism(): number {
    return this.#host.parallelism
  }

  get log(): ProcessLog {
    return this.#host.log
  }

  get counter(): (name: string) => Counter {
    return this.#host.counter
  }

  /** Nobody waits for its answer any more. */
  abort(reason: Error): void {
    this.#abortedFor = reason
    this.#controller?.abort(reason)
  }
}
