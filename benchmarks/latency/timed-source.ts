/**
 * Records whose times are fixed before anything runs: record `n` belongs to a moment of the clock, and is handed out at that moment or
 * late. Its event time is the moment, not when it was made, so what the source is late by counts as latency.
 */
import type { ReaderContext, Source, SplitReader } from '../../operators/source.ts'

/** Number of records per second, and for how long. */
export interface TimedSourceOptions {
  /** Of all readers together. */
  readonly perSecond: number
  /** The moment of the first record, in ms since 1970. */
  readonly startMs: number
  readonly seconds: number
  /** How long a reader waits between two batches, in ms: what is late by it counts. Default 0: each record leaves when it is due. */
  readonly everyMs?: number
}

/** The clock of all threads in ms since 1970, finer than a millisecond. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}

/** A source of the numbers 0, 1, 2 … made into records; readers take them in turns. */
export function timedSource<T>(
  { perSecond, startMs, seconds, everyMs = 0 }: TimedSourceOptions,
  make: (n: number) => T,
): Source<T, number, number> {
  const records = Math.round(perSecond * seconds)
  return {
    name: `timed(${records})`,
    enumerate({ parallelism }) {
      const left = new Set(Array.from({ length: parallelism }, (_, reader) => reader))
      return {
        recordsExpected: records,
        next: (subtaskIndex) => (left.delete(subtaskIndex) ? subtaskIndex : undefined),
      }
    },
    open(first, context, position) {
      const msPerRecord = 1000 / perSecond
      return new TimedReader(
        { first, context, records, startMs, msPerRecord, everyMs, make },
        position,
      )
    },
  }
}

interface ReaderParts<T> {
  readonly first: number
  readonly context: ReaderContext
  readonly records: number
  readonly startMs: number
  readonly msPerRecord: number
  readonly everyMs: number
  readonly make: (n: number) => T
}

/** Timers are up to a millisecond late, which would be most of what is measured: the last bit is waited for without one. */
function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    if (milliseconds < 2) setImmediate(resolve)
    else setTimeout(resolve, Math.floor(milliseconds) - 1)
  })
}

class TimedReader<T> implements SplitReader<T, number> {
  readonly #parts: ReaderParts<T>
  #next: number
  /** More records may be due than the last batch had room for. */
  #behind = false
  /** Of one batch after the other: these are many and small, for a record leaves when it is due. */
  readonly timestamps: Float64Array

  constructor(parts: ReaderParts<T>, position: number | undefined) {
    this.#parts = parts
    this.#next = position ?? parts.first
    this.timestamps = new Float64Array(parts.context.batchSize)
  }

  get position(): number {
    return this.#next
  }

  read(): readonly T[] | undefined | Promise<readonly T[] | undefined> {
    const { records, context, everyMs } = this.#parts
    if (this.#next >= records || context.signal.aborted) return undefined
    return everyMs > 0 && !this.#behind ? this.#rest(everyMs) : this.#readDue()
  }

  async #rest(everyMs: number): Promise<readonly T[] | undefined> {
    await new Promise((resolve) => setTimeout(resolve, everyMs))
    return this.#parts.context.signal.aborted ? undefined : this.#readDue()
  }

  #readDue(): readonly T[] | Promise<readonly T[] | undefined> {
    const due = this.#due()
    this.#behind = due === this.#parts.context.batchSize
    return due > 0 ? this.#make(due) : this.#wait()
  }

  async #wait(): Promise<readonly T[] | undefined> {
    const { startMs, msPerRecord, context } = this.#parts
    for (;;) {
      await sleep(startMs + this.#next * msPerRecord - preciseNow())
      if (context.signal.aborted) return undefined
      const due = this.#due()
      if (due > 0) return this.#make(due)
    }
  }

  /** How many records of this reader are due, at most as many as a batch has. */
  #due(): number {
    const { startMs, msPerRecord, records, context } = this.#parts
    const passed = Math.floor((preciseNow() - startMs) / msPerRecord)
    const last = Math.min(passed, records - 1)
    const due = Math.floor((last - this.#next) / context.parallelism) + 1
    return Math.min(due, context.batchSize)
  }

  #make(length: number): readonly T[] {
    const { startMs, msPerRecord, context, make } = this.#parts
    const values = new Array<T>(length)
    for (let at = 0; at < length; at++) {
      values[at] = make(this.#next)
      this.timestamps[at] = Math.floor(startMs + this.#next * msPerRecord)
      this.#next += context.parallelism
    }
    return values
  }
}
