/**
 * Nexmark events as a source. A reader goes on from any event.
 */
import { MillraceError } from '../../../mailbox/errors.ts'
import type { ReaderContext, Source, SplitReader } from '../../../operators/source.ts'
import { eventTime } from '../model.ts'
import type { NexmarkEvent } from '../model.ts'
import { EventGenerator } from './events.ts'
import { BLOCK, ranges, shares } from './nexmark-splits.ts'
import type { NexmarkSplit } from './nexmark-splits.ts'
import type { TimelineOptions } from './timeline.ts'

/** Out of order inside it, a block must hold whole groups. */
const LARGEST_GROUP = BLOCK

/** Which events, and how fast. */
export interface NexmarkSourceOptions extends TimelineOptions {
  /** How many. */
  readonly events: number
  /** Number of the first one. Default: 0. */
  readonly firstEvent?: number
  /** Events per second of the clock, of all readers together. Default: as fast as they are taken. */
  readonly rate?: number
}

/** Makes the source. Errors: `INVALID_ARGUMENT`. */
export function nexmarkSource(
  options: NexmarkSourceOptions,
): Source<NexmarkEvent, NexmarkSplit, number> {
  const { events, firstEvent = 0, rate, groupSize = 1 } = options
  requireWhole('events', events, 0)
  requireWhole('firstEvent', firstEvent, 0)
  requireWhole('groupSize', groupSize, 1)
  if (BLOCK % groupSize !== 0 || firstEvent % groupSize !== 0) {
    throw invalid(
      `"groupSize" must divide ${LARGEST_GROUP} and "firstEvent", got ${groupSize} and ${firstEvent}`,
    )
  }
  if (rate !== undefined && !(rate > 0 && rate < Number.POSITIVE_INFINITY))
    throw invalid(`"rate" must be a number of events per second above 0, got ${rate}`)
  return {
    name: `nexmark(${events})`,
    // Rescaled, a reader may have several shares: they go on side by side.
    splitsAtOnce: rate === undefined ? 1 : 1_024,
    enumerate({ parallelism, restored }) {
      const all = { from: firstEvent, to: firstEvent + events }
      return rate === undefined ? ranges(all, restored) : shares(all, { parallelism, restored })
    },
    open(split, context, position) {
      return new NexmarkReader({ split, context, position, options })
    },
  }
}

interface ReaderParts {
  readonly split: NexmarkSplit
  readonly context: ReaderContext
  readonly position: number | undefined
  readonly options: NexmarkSourceOptions
}

class NexmarkReader implements SplitReader<NexmarkEvent, number> {
  readonly #parts: ReaderParts
  readonly #generator: EventGenerator
  readonly #end: number
  readonly #pace: Pace | undefined
  /** The next event; every block begins at a multiple of `BLOCK` behind the first event. */
  #next: number
  /** Those of the last batch: the beginning of `#times`. */
  timestamps = new Float64Array(0)
  /** Room for the times of a batch; used again for the next. */
  readonly #times: Float64Array<ArrayBuffer>

  constructor(parts: ReaderParts) {
    const { split, context, position, options } = parts
    const { rate } = options
    this.#parts = parts
    this.#generator = new EventGenerator(options)
    this.#end = split.to
    this.#times = new Float64Array(context.batchSize)
    this.#next = position ?? split.from
    if (rate !== undefined)
      this.#pace = new Pace(context.signal, { msPerEvent: 1000 / rate, first: this.#next })
  }

  get position(): number {
    return this.#next
  }

  read(): readonly NexmarkEvent[] | undefined | Promise<readonly NexmarkEvent[] | undefined> {
    if (this.#next >= this.#end || this.#parts.context.signal.aborted) return undefined
    const most = Math.min(this.#parts.context.batchSize, this.#leftInBlock())
    if (this.#pace === undefined) return this.#make(most)
    const due = this.#pace.due(this.#next)
    return due > 0 ? this.#make(Math.min(due, most)) : this.#waitAndRead(this.#pace, most)
  }

  async #waitAndRead(pace: Pace, most: number): Promise<readonly NexmarkEvent[] | undefined> {
    for (;;) {
      if (!(await pace.wait(this.#next))) return undefined
      const due = pace.due(this.#next)
      if (due > 0) return this.#make(Math.min(due, most))
    }
  }

  #leftInBlock(): number {
    const { firstEvent = 0 } = this.#parts.options
    const inBlock = (this.#next - firstEvent) % BLOCK
    return Math.min(BLOCK - inBlock, this.#end - this.#next)
  }

  #make(length: number): readonly NexmarkEvent[] {
    const events = new Array<NexmarkEvent>(length)
    const times = this.#times
    const generator = this.#generator
    for (let at = 0; at < length; at++) {
      const event = generator.at(this.#next + at)
      events[at] = event
      times[at] = eventTime(event)
    }
    if (length !== this.timestamps.length) this.timestamps = times.subarray(0, length)
    this.#moveOn(length)
    return events
  }

  #moveOn(length: number): void {
    const { firstEvent = 0 } = this.#parts.options
    const next = this.#next + length
    const atBlockEnd = (next - firstEvent) % BLOCK === 0
    this.#next = atBlockEnd ? next + (this.#parts.split.step - 1) * BLOCK : next
  }
}

/** When events are due: event `n` so many milliseconds behind the first that is read. Lost time is caught up. */
class Pace {
  readonly #signal: AbortSignal
  readonly #msPerEvent: number
  readonly #first: number
  readonly #startedMs = performance.now()

  constructor(
    signal: AbortSignal,
    { msPerEvent, first }: { readonly msPerEvent: number; readonly first: number },
  ) {
    this.#signal = signal
    this.#msPerEvent = msPerEvent
    this.#first = first
  }

  /** How many events are due from `next` on, at most to be made at once. */
  due(next: number): number {
    const elapsed = performance.now() - this.#startedMs
    return Math.floor(elapsed / this.#msPerEvent) - (next - this.#first) + 1
  }

  /** Resolves with true when `next` is due, with false when the job is over. */
  wait(next: number): Promise<boolean> {
    const dueMs = this.#startedMs + (next - this.#first) * this.#msPerEvent
    return new Promise((resolve) => {
      const signal = this.#signal
      if (signal.aborted) {
        resolve(false)
        return
      }
      const stop = (): void => {
        clearTimeout(timer)
        resolve(false)
      }
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', stop)
          resolve(true)
        },
        Math.max(1, dueMs - performance.now()),
      )
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw invalid(`"${name}" must be a whole number of at least ${least}, got ${value}`)
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `nexmarkSource: ${message}`)
}
