/**
 * A source that computes its records from their index: deterministic, and so it can be read again from any position.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ReaderContext, Source, SplitReader } from '../../operators/source.ts'
import type { Clock } from '../../runtime/clock.ts'
import { indexRanges, type IndexRange, type RangeFacts } from '../files/index-ranges.ts'
import { listEnumerator, restoredList } from '../files/split-list.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** After a pause a reader catches up at most this much. */
const BURST_MS = 100

/** What a generator needs of a clock. */
export type GeneratorClock = Pick<Clock, 'monotonicMs' | 'schedule'>

/** What is generated, and how fast. */
export interface GeneratorSourceOptions<T> {
  /** The record with this index, which counts from 0. Must depend on nothing else. */
  readonly generate: (index: number) => T
  /** How many records there are. Default: endless. */
  readonly count?: number
  /** Event time of a record, in epoch milliseconds. Default: what the stream's own timestamp function says. */
  readonly timestamp?: (value: T, index: number) => number
  /** Records per second of all readers together. Default: as fast as the job takes them. */
  readonly rate?: number
  /** How many splits. Default: one per reader. An endless generator needs at least one per reader to keep all busy. */
  readonly splits?: number
  /** Time for `rate`. Default: the machine's clock. */
  readonly clock?: GeneratorClock
}

/**
 * Generates records: `generate(0)`, `generate(1)` … A finite number is cut into ranges of indexes, one per reader; endless indexes
 * are dealt out to the readers in turn.
 *
 * Position: the next index.
 *
 * Errors: `INVALID_ARGUMENT`; whatever `generate` throws fails the job.
 *
 * @example
 * const ticks = generatorSource({ count: 1_000, generate: (index) => ({ index }), rate: 100 })
 */
export function generatorSource<T>(
  options: GeneratorSourceOptions<T>,
): Source<T, IndexRange, number> {
  const known = ['generate', 'count', 'timestamp', 'rate', 'splits', 'clock']
  checkOptions(options, known, 'generatorSource')
  const { generate, timestamp, count = Number.POSITIVE_INFINITY, splits, rate } = options
  if (typeof generate !== 'function') throw invalid('"generate" must be a function')
  if (timestamp !== undefined && typeof timestamp !== 'function') {
    throw invalid('"timestamp" must be a function')
  }
  if (count !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(count) && count >= 0)) {
    throw invalid(`"count" must be a whole number of at least 0, or Infinity, got ${count}`)
  }
  if (splits !== undefined && !(Number.isSafeInteger(splits) && splits >= 1)) {
    throw invalid(`"splits" must be a whole number of at least 1, got ${splits}`)
  }
  if (rate !== undefined && !(rate > 0 && rate < Number.POSITIVE_INFINITY)) {
    throw invalid(`"rate" must be a number of records per second above 0, got ${rate}`)
  }
  const clock = options.clock ?? machineClock
  return {
    name: count === Number.POSITIVE_INFINITY ? 'generator' : `generator(${count})`,
    enumerate({ parallelism, restored }) {
      const progress = restoredList<RangeFacts>(restored, 'generatorSource') ?? {
        kind: 'generatorSource',
        facts: { count, parts: splits ?? parallelism },
        given: 0,
      }
      const { facts } = progress
      const ranges = indexRanges(facts.count, facts.parts)
      return listEnumerator(ranges, { recordsExpected: facts.count, progress })
    },
    open(split, context, position = split.start) {
      const pace =
        rate === undefined ? undefined : new Pace(rate / context.parallelism, clock, context.signal)
      return new GeneratorReader({ split, context, position, generate, timestamp, pace })
    },
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `generatorSource: ${message}`)
}

const machineClock: GeneratorClock = {
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

interface ReaderParts<T> {
  readonly split: IndexRange
  readonly context: ReaderContext
  readonly position: number
  readonly generate: (index: number) => T
  readonly timestamp: ((value: T, index: number) => number) | undefined
  readonly pace: Pace | undefined
}

class GeneratorReader<T> implements SplitReader<T, number> {
  readonly #parts: ReaderParts<T>
  #next: number
  /** Event times of the last batch; only with `timestamp` in the options. */
  timestamps?: Float64Array

  constructor(parts: ReaderParts<T>) {
    this.#parts = parts
    this.#next = parts.position
  }

  get position(): number {
    return this.#next
  }

  read(): readonly T[] | undefined | Promise<readonly T[] | undefined> {
    const { split, context, pace } = this.#parts
    if (this.#next >= split.end || context.signal.aborted) return undefined
    if (pace === undefined) return this.#generate(context.batchSize)
    const due = pace.take(context.batchSize)
    return due > 0 ? this.#generate(due) : this.#waitAndRead(pace)
  }

  async #waitAndRead(pace: Pace): Promise<readonly T[] | undefined> {
    for (;;) {
      if (!(await pace.wait())) return undefined
      const due = pace.take(this.#parts.context.batchSize)
      if (due > 0) return this.#generate(due)
    }
  }

  #generate(limit: number): readonly T[] {
    const { split, generate, timestamp } = this.#parts
    const { step } = split
    const left = Math.ceil((split.end - this.#next) / step)
    const length = Math.min(limit, left)
    const records = new Array<T>(length)
    const timestamps = timestamp === undefined ? undefined : new Float64Array(length)
    let index = this.#next
    for (let at = 0; at < length; at++, index += step) {
      const value = generate(index)
      records[at] = value
      if (timestamps !== undefined && timestamp !== undefined)
        timestamps[at] = timestamp(value, index)
    }
    this.#next = index
    if (timestamps !== undefined) this.timestamps = timestamps
    return records
  }
}

/** How many records are due: so many per second, and after a pause not all that were missed. */
class Pace {
  readonly #perMs: number
  readonly #most: number
  readonly #clock: GeneratorClock
  readonly #signal: ReaderContext['signal']
  #due: number
  #since: number

  constructor(perSecond: number, clock: GeneratorClock, signal: ReaderContext['signal']) {
    this.#perMs = perSecond / 1000
    this.#most = Math.max(1, this.#perMs * BURST_MS)
    this.#clock = clock
    this.#signal = signal
    this.#due = 1
    this.#since = clock.monotonicMs()
  }

  take(limit: number): number {
    const now = this.#clock.monotonicMs()
    this.#due = Math.min(this.#most, this.#due + (now - this.#since) * this.#perMs)
    this.#since = now
    // sums of fractions: 0.9999999 is a whole record
    const taken = Math.min(limit, Math.floor(this.#due + 1e-6))
    this.#due -= taken
    return taken
  }

  /** Resolves with true when the next record is due, with false when the job is over. */
  wait(): Promise<boolean> {
    return new Promise((resolve) => {
      const signal = this.#signal
      if (signal.aborted) {
        resolve(false)
        return
      }
      const stop = (): void => {
        cancel()
        resolve(false)
      }
      const delayMs = Math.max(1, Math.ceil((1 - this.#due) / this.#perMs))
      const cancel = this.#clock.schedule(delayMs, () => {
        signal.removeEventListener('abort', stop)
        resolve(true)
      })
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
