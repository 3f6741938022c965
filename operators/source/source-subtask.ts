/**
 * The subtask that reads a source: asks for splits, reads them batch by batch, and makes timestamps and watermarks.
 *
 * Everything it waits for (a split, a reader, a batch) comes back by `slot.whenSettled`; meanwhile it is idle, not blocked.
 *
 *     asking for a split ──► opening it ──► reading ⇄ a batch under way ──► split ended ──► asking …  ──► no more splits: end
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { BadRecordHandler } from '../bad-records.ts'
import { checkedBatch, checkedReader, isThenable } from '../connector-checks.ts'
import { OperatorError, operatorError } from '../operator-error.ts'
import type { ReaderContext, Source, SplitReader } from '../source.ts'
import { Subtask } from '../subtask.ts'
import type { SubtaskParts } from '../subtask.ts'
import type { WatermarkGenerator, WatermarkStrategy } from '../time/watermarks.ts'

/** Records that a reader is asked for at once. */
const READ_BATCH = 1024
/** How long a reader is left alone after an empty batch. */
const EMPTY_PAUSE_MS = 1

/** What a source subtask needs besides what every subtask needs. */
export interface SourceParts extends SubtaskParts {
  readonly source: Source<unknown>
  /** Name of the source operator, for errors. */
  readonly sourceName: string
  /** Event time of a record; undefined: the reader says, or there is none. */
  readonly timestamp: ((value: never) => number) | undefined
  /** Undefined: no watermark before the final one. */
  readonly watermarks: WatermarkStrategy | undefined
  /** Who takes the records that can't be read or have no valid time; undefined where the first one fails the job. */
  readonly badRecords?: BadRecordHandler | undefined
  /** The next split for this subtask, from the enumerator on the coordinator; undefined when there is none left. */
  readonly nextSplit: () => Promise<{ readonly split: unknown } | undefined>
}

/** What it is doing: exactly one thing at a time. */
type Activity = 'ready' | 'waiting' | 'batch' | 'watermark' | 'ending'

/** The subtask of a source. */
export class SourceSubtask extends Subtask {
  readonly bringsWork = true
  readonly #source: SourceParts
  readonly #abort = new AbortController()
  readonly #context: ReaderContext
  #activity: Activity = 'ready'
  #reader: SplitReader<unknown> | undefined
  /** The reader that is being opened; it must be closed even when nobody wants it any more. */
  #opening: Promise<SplitReader<unknown>> | undefined
  #generator: WatermarkGenerator | undefined
  #values: readonly unknown[] = []
  #timestamps = new Float64Array(READ_BATCH)
  #next = 0

  constructor(parts: SourceParts) {
    super(parts)
    this.#source = parts
    this.#context = {
      subtaskIndex: parts.identity.index,
      parallelism: parts.identity.parallelism,
      batchSize: READ_BATCH,
      signal: this.#abort.signal,
    }
  }

  override cancel(): void {
    super.cancel()
    this.#abort.abort()
  }

  override async abort(): Promise<void> {
    this.#abort.abort()
    // Side by side: a reader that can't be closed must not keep half-written output.
    const results = await Promise.allSettled([this.#closeReader(), super.abort()])
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason
    }
  }

  protected override bytesIn(): number {
    return 0
  }

  protected override fail(error: unknown): void {
    this.#abort.abort()
    const { sourceName: operatorName, identity } = this.#source
    super.fail(operatorError({ operatorName, subtaskIndex: identity.index }, error))
  }

  protected override step(): boolean {
    switch (this.#activity) {
      case 'waiting':
        return false
      case 'batch':
        return this.#continueBatch()
      case 'watermark':
        return this.#continueWatermark()
      case 'ending':
        return this.finishInput()
      case 'ready':
        return this.#reader === undefined ? this.#askForSplit() : this.#read(this.#reader)
    }
  }

  #askForSplit(): boolean {
    this.#waitFor(
      this.#source.nextSplit().then((next) => {
        if (next === undefined || this.state !== 'running') return undefined
        const opened = this.#source.source.open(next.split, this.#context)
        this.#opening = Promise.resolve(opened).then(checkedReader)
        return this.#opening
      }),
      (reader) => {
        this.#opening = undefined
        this.#reader = reader
        this.#generator =
          reader === undefined ? undefined : this.#source.watermarks?.createGenerator()
        this.#activity = reader === undefined ? 'ending' : 'ready'
      },
    )
    return false
  }

  #read(reader: SplitReader<unknown>): boolean {
    const read: unknown = reader.read()
    if (!isThenable(read)) {
      this.#take(checkedBatch(read), reader)
      return true
    }
    this.#waitFor(read, (values) => {
      this.#take(checkedBatch(values), reader)
    })
    return false
  }

  /** A batch has come, or the split has ended. */
  #take(values: readonly unknown[] | undefined, reader: SplitReader<unknown>): void {
    if (values === undefined) {
      this.#reader = undefined
      this.#activity = 'ready'
      const closed = reader.close?.()
      if (closed !== undefined) this.#waitFor(closed, () => (this.#activity = 'ready'))
      return
    }
    if (values.length === 0) {
      this.#pause()
      return
    }
    this.recordsIn += values.length
    this.#values = values
    this.#next = 0
    this.#stamp(values, reader)
    this.#generator?.onBatch(this.#timestamps, values.length)
    this.#activity = 'batch'
  }

  /** Nothing has come yet: asking again at once would take the thread from whoever makes the records. */
  #pause(): void {
    this.#activity = 'waiting'
    this.slot.clock.schedule(EMPTY_PAUSE_MS, () => {
      if (this.state !== 'running') return
      this.#activity = 'ready'
      this.slot.ready(this)
    })
  }

  #continueBatch(): boolean {
    const { length } = this.#values
    this.#next = this.chain.processBatch(this.#values, this.#timestamps, this.#next, length)
    if (this.#next < length) return true
    this.#values = []
    this.#activity = this.#generator === undefined ? 'ready' : 'watermark'
    return true
  }

  #continueWatermark(): boolean {
    const watermark = this.#generator?.current ?? MIN_TIMESTAMP
    // The final watermark is not a generator's to give: another split may follow.
    if (watermark < MAX_TIMESTAMP && !this.advanceWatermark(watermark)) return true
    this.#activity = 'ready'
    return true
  }

  /** Fills the timestamps of a batch. */
  #stamp(values: readonly unknown[], reader: SplitReader<unknown>): void {
    const { length } = values
    if (length > this.#timestamps.length) this.#timestamps = new Float64Array(length)
    const timestamps = this.#timestamps
    const { timestamp } = this.#source
    if (timestamp === undefined) {
      if (reader.timestamps === undefined) timestamps.fill(MIN_TIMESTAMP, 0, length)
      else timestamps.set(reader.timestamps.subarray(0, length))
      return
    }
    for (let i = 0; i < length; i++) {
      const time = timestamp(values[i] as never)
      // Also refuses NaN, which compares false with everything.
      if (!(time > MIN_TIMESTAMP && time < MAX_TIMESTAMP)) throw this.#badTimestamp(time, values[i])
      timestamps[i] = time
    }
  }

  #badTimestamp(time: unknown, value: unknown): OperatorError {
    const { sourceName: operatorName, identity } = this.#source
    return new OperatorError(
      { operatorName, subtaskIndex: identity.index, record: { value } },
      new MillraceError(
        'BAD_TIMESTAMP',
        `expected the event time in milliseconds, got ${String(time)}`,
      ),
    )
  }

  #waitFor<T>(promise: PromiseLike<T>, then: (value: T) => void): void {
    this.#activity = 'waiting'
    this.slot.whenSettled(
      promise,
      (value) => {
        if (this.state !== 'running') return
        try {
          then(value)
        } catch (error) {
          this.fail(error)
          return
        }
        this.slot.ready(this)
      },
      (error) => {
        if (this.state === 'running') this.fail(error)
      },
    )
  }

  async #closeReader(): Promise<void> {
    const opening = this.#opening
    this.#opening = undefined
    // It failed to open: there is nothing to close, and the subtask has heard of it.
    const reader = this.#reader ?? (await opening?.catch(() => undefined))
    this.#reader = undefined
    await reader?.close?.()
  }
}
