/**
 * Something outside that answers when the test says so: one promise per record, however often the record is asked for.
 */
import type { AsyncContext } from '../../../operators/async/async-function.ts'

interface Deferred<R> {
  readonly promise: Promise<R>
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

function defer<R>(): Deferred<R> {
  let settle: Pick<Deferred<R>, 'resolve' | 'reject'> | undefined
  const promise = new Promise<R>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...(settle as Pick<Deferred<R>, 'resolve' | 'reject'>) }
}

/** Answers of type `R` to questions of type `T`. */
export class Service<T, R> {
  /** Every call, in order. */
  readonly calls: { readonly value: T; readonly context: AsyncContext }[] = []
  readonly #answers = new Map<T, Deferred<R>>()

  /** The function to give to the operator. */
  readonly ask = (value: T, context: AsyncContext): Promise<R> => {
    this.calls.push({ value, context })
    return this.#deferred(value).promise
  }

  answer(value: T, result: R): void {
    this.#deferred(value).resolve(result)
  }

  refuse(value: T, error: unknown): void {
    const { promise, reject } = this.#deferred(value)
    promise.catch(() => {})
    reject(error)
  }

  #deferred(value: T): Deferred<R> {
    const known = this.#answers.get(value)
    if (known !== undefined) return known
    const deferred = defer<R>()
    this.#answers.set(value, deferred)
    return deferred
  }
}
