/**
 * Watermark strategies: how far event time has advanced, judged by the records seen so far.
 *
 * A strategy is shared by all subtasks of a thread; a generator belongs to one split (or one subtask) and one thread. A generator that
 * looks at times only sees whole batches, so that records pay nothing.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'

/**
 * Makes a generator per split. `T`: the records whose values it looks at; `unknown` where it looks at times only.
 *
 * Ready-made: `monotonous`, `boundedOutOfOrderness`, `periodicWatermarks`, `punctuatedWatermarks`; `withIdleness` and
 * `withAlignment` add to any of them.
 */
export interface WatermarkStrategy<in T = unknown> {
  /** Shown in plans, e.g. `boundedOutOfOrderness(5000 ms)`. */
  readonly name: string
  createGenerator(): WatermarkGenerator<T>
  /** How often `onPeriodicEmit` of its generators is called, in milliseconds. Default: the source's `watermarkIntervalMs`, else 200. */
  readonly intervalMs?: number | undefined
  /** A split without records for so many milliseconds is idle (see `withIdleness`). Default: never. */
  readonly idleTimeoutMs?: number | undefined
  /** Does not run too far ahead of other sources (see `withAlignment`). Sources only. Default: as fast as it can. */
  readonly alignment?: WatermarkAlignment | undefined
}

/** Follows the records of one split. */
export interface WatermarkGenerator<in T = unknown> {
  /**
   * No record with a smaller or equal timestamp is expected. `MIN_TIMESTAMP` before the first; what goes back is ignored, and so
   * is `MAX_TIMESTAMP`. Read after every batch and, with `onRecord`, after every record.
   */
  readonly current: number
  /** A batch has been read; only the first `length` timestamps count, `MIN_TIMESTAMP` entries do not. */
  onBatch?(timestamps: Float64Array, length: number): void
  /**
   * Instead of `onBatch`: a record is about to be processed. When `current` has advanced, the watermark follows this record before the
   * next one. Costs a call per record. A property, not a method, so that the type of the records is checked.
   */
  readonly onRecord?: ((value: T, timestamp: number) => void) | undefined
  /** Called every `intervalMs`, whether or not there were records; not under backpressure. `current` is read afterwards. */
  onPeriodicEmit?(): void
}

/** Who must not run ahead of whom. */
export interface WatermarkAlignment {
  /** All sources of the job that name the same group wait for each other. */
  readonly group: string
  /** How far, in milliseconds of event time, a split may be ahead of the slowest subtask of the group. */
  readonly maxDriftMs: number
  /** How often a subtask tells the others its watermark, in milliseconds. */
  readonly updateIntervalMs: number
}

/**
 * For timestamps that never go down within a split. The watermark is 1 ms behind the newest timestamp, because
 * more records may carry the same one (Flink's AscendingTimestampsWatermarks).
 */
export function monotonous(): WatermarkStrategy {
  return { name: 'monotonous', createGenerator: () => new BehindNewest(1) }
}

/**
 * For timestamps that are at most `delayMs` behind the newest one of their split; what comes later still is late.
 * The watermark is newest - delay - 1 (Flink's BoundedOutOfOrdernessWatermarks).
 * Errors: `INVALID_WATERMARK_DELAY` unless `delayMs` is a finite number of at least 0.
 *
 * @example
 * env.from(jsonLinesSource<Order>({ path: 'orders.jsonl' }), {
 *   timestamp: (order) => order.placedAt,
 *   watermarks: boundedOutOfOrderness(5_000),
 * })
 */
export function boundedOutOfOrderness(delayMs: number): WatermarkStrategy {
  if (typeof delayMs !== 'number' || !Number.isFinite(delayMs) || delayMs < 0) {
    throw new MillraceError(
      'INVALID_WATERMARK_DELAY',
      `boundedOutOfOrderness expects a number of milliseconds of at least 0, got ${String(delayMs)}`,
    )
  }
  return {
    name: `boundedOutOfOrderness(${delayMs} ms)`,
    createGenerator: () => new BehindNewest(delayMs + 1),
  }
}

class BehindNewest implements WatermarkGenerator {
  readonly #distance: number
  #newest = MIN_TIMESTAMP

  constructor(distance: number) {
    this.#distance = distance
  }

  get current(): number {
    return this.#newest - this.#distance
  }

  onBatch(timestamps: Float64Array, length: number): void {
    let newest = this.#newest
    for (let i = 0; i < length; i++) {
      const timestamp = timestamps[i] ?? MIN_TIMESTAMP
      if (timestamp > newest) newest = timestamp
    }
    this.#newest = newest
  }
}
