/**
 * A source over anything that can be iterated: generators, async generators, Node and Web streams.
 *
 * Batches form by themselves: whatever has come while the subtask was busy makes the next batch, so a fast iterable
 * gives full batches and a slow one gives its records at once.
 */
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'

import { MillraceError } from '../../mailbox/errors.ts'
import type { ReaderContext, Source, SplitReader } from '../../operators/source.ts'
import { listEnumerator } from '../files/split-list.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** What can be read: any iterable, a Node `Readable`, a Web `ReadableStream`. */
export type Readables<T> = Iterable<T> | AsyncIterable<T>

/** What is promised of an iterable. */
export interface IterableSourceOptions {
  /**
   * What happens when the job goes on from a checkpoint, `taken` records behind the start. True: `open(taken)` returns what follows
   * them, so nothing is lost. False: it returns what comes next, like a socket does, and what was read after the
   * checkpoint is lost; the job warns of it. Default: the job fails with `NOT_REPLAYABLE`.
   */
  readonly replayable?: boolean
}

/**
 * Reads what `open` returns, in one subtask, once. `open` is called in that subtask when the job starts.
 *
 * What has been taken out of an iterable is gone: whether a job that is restored from a checkpoint can go on is for the options to
 * say. When the job is cancelled, the iterator is told to return (a stream is destroyed).
 *
 * Position: the number of records taken.
 *
 * Errors: `INVALID_ARGUMENT`, `NOT_REPLAYABLE`; whatever the iterable throws fails the job.
 *
 * @example
 * const lines = iterableSource(() => createInterface({ input: process.stdin }))
 *
 * @example
 * function* numbersFrom(first: number) {
 *   for (let number = first; ; number++) yield number
 * }
 * const numbers = iterableSource((taken) => numbersFrom(taken), { replayable: true })
 */
export function iterableSource<T>(
  open: (taken: number) => Readables<T>,
  options: IterableSourceOptions = {},
): Source<T, null, number> {
  checkOptions(options, ['replayable'], 'iterableSource')
  const { replayable } = options
  if (typeof open !== 'function') {
    throw invalid(`expected a function that returns an iterable, got ${typeof open}`)
  }
  if (replayable !== undefined && typeof replayable !== 'boolean') {
    throw invalid(`"replayable" must be true or false, got ${typeof replayable}`)
  }
  return {
    name: 'iterable',
    maxParallelism: 1,
    replayable: replayable ?? false,
    enumerate: () => listEnumerator([null]),
    open(_split, context, position = 0) {
      if (position > 0 && replayable === undefined) {
        throw new MillraceError(
          'NOT_REPLAYABLE',
          `an iterable cannot be read again from record ${position} on, where the job stood, unless "replayable" says how`,
        )
      }
      const opened: unknown = open(position)
      if (isAsyncIterable<T>(opened)) {
        return new AsyncIterableReader(iteratorOf(opened), context, position)
      }
      if (isIterable<T>(opened))
        return new IterableReader(opened[Symbol.iterator](), context.batchSize, position)
      throw invalid(`the function returned ${String(opened)}, which cannot be iterated`)
    },
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `iterableSource: ${message}`)
}

function isAsyncIterable<T>(value: unknown): value is AsyncIterable<T> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

function isIterable<T>(value: unknown): value is Iterable<T> {
  return (
    typeof value === 'string' ||
    (typeof value === 'object' && value !== null && Symbol.iterator in value)
  )
}

/**
 * The iterator of a stream queues `return` behind a `next` that waits, so it could not be stopped while nothing comes: streams are
 * told to stop by their own means.
 */
function iteratorOf<T>(opened: AsyncIterable<T>): AsyncIterator<T> {
  if (opened instanceof ReadableStream) return webIterator<T>(opened as ReadableStream<T>)
  const iterator = opened[Symbol.asyncIterator]()
  if (!(opened instanceof Readable)) return iterator
  return {
    next: () => iterator.next(),
    return: () => {
      opened.destroy()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

function webIterator<T>(stream: ReadableStream<T>): AsyncIterator<T> {
  const reader = stream.getReader()
  return {
    async next() {
      const step = await reader.read()
      return step.done ? { done: true, value: undefined } : { done: false, value: step.value }
    },
    async return() {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}

class IterableReader<T> implements SplitReader<T, number> {
  readonly #iterator: Iterator<T>
  readonly #batchSize: number
  #taken: number
  #ended = false

  constructor(iterator: Iterator<T>, batchSize: number, taken: number) {
    this.#taken = taken
    this.#iterator = iterator
    this.#batchSize = batchSize
  }

  get position(): number {
    return this.#taken
  }

  read(): readonly T[] | undefined {
    const records: T[] = []
    while (!this.#ended && records.length < this.#batchSize) {
      const step = this.#iterator.next()
      if (step.done === true) this.#ended = true
      else records.push(step.value)
    }
    this.#taken += records.length
    return records.length > 0 ? records : undefined
  }

  close(): void {
    if (!this.#ended) this.#iterator.return?.()
    this.#ended = true
  }
}

/** `pumping` asks the iterator for the next record; `paused` has enough; `ended` will get no more. */
type PumpState = 'pumping' | 'paused' | 'ended'

class AsyncIterableReader<T> implements SplitReader<T, number> {
  readonly #iterator: AsyncIterator<T>
  readonly #batchSize: number
  readonly #signal: ReaderContext['signal']
  #waiting: T[] = []
  #state: PumpState = 'paused'
  #failure: { readonly error: unknown } | undefined
  #taken: number
  #wake: (() => void) | undefined
  #closed = false

  constructor(iterator: AsyncIterator<T>, { batchSize, signal }: ReaderContext, taken: number) {
    this.#taken = taken
    this.#iterator = iterator
    this.#batchSize = batchSize
    this.#signal = signal
    signal.addEventListener('abort', this.#stop, { once: true })
    if (signal.aborted) this.#stop()
  }

  get position(): number {
    return this.#taken
  }

  read(): readonly T[] | undefined | Promise<readonly T[] | undefined> {
    if (this.#waiting.length === 0 && this.#state !== 'ended') return this.#waitAndRead()
    const records = this.#waiting
    if (records.length === 0) {
      if (this.#failure !== undefined) throw this.#failure.error
      return undefined
    }
    this.#waiting = []
    this.#taken += records.length
    this.#pump()
    return records
  }

  close(): void {
    this.#stop()
  }

  async #waitAndRead(): Promise<readonly T[] | undefined> {
    this.#pump()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    // one turn of the event loop: what is ready comes in the same batch instead of one record at a time
    if (this.#state === 'pumping') await new Promise((resolve) => setImmediate(resolve))
    return this.read()
  }

  #pump(): void {
    if (this.#state !== 'paused') return
    this.#state = 'pumping'
    void this.#pull()
  }

  async #pull(): Promise<void> {
    try {
      while (this.#state === 'pumping') {
        if (this.#waiting.length >= this.#batchSize) {
          this.#state = 'paused'
          return
        }
        const step = await this.#iterator.next()
        if (step.done === true) this.#state = 'ended'
        else if (!this.#closed) this.#waiting.push(step.value)
        this.#notify()
      }
    } catch (error) {
      if (!this.#closed) this.#failure = { error }
      this.#state = 'ended'
    } finally {
      this.#notify()
    }
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Gives up what waits. Not awaited: a generator that hangs in its own `await` would hang its `return` too. */
  readonly #stop = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#signal.removeEventListener('abort', this.#stop)
    const wasEnded = this.#state === 'ended'
    this.#state = 'ended'
    this.#waiting = []
    if (!wasEnded) this.#iterator.return?.()?.catch(() => undefined)
    this.#notify()
  }
}
