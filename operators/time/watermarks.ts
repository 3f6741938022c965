/**
 * Watermark strategies: how far event time has advanced, judged by the timestamps seen so far.
 *
 * A generator belongs to one split (or one subtask) and one thread. It sees whole batches, so that records pay nothing.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'

/** Makes a generator per split. */
export interface WatermarkStrategy {
  /** Shown in plans, e.g. `boundedOutOfOrderness(5000 ms)`. */
  readonly name: string
  createGenerator(): WatermarkGenerator
}

/** Follows the timestamps of one split. */
export interface WatermarkGenerator {
  /** A batch has been read; only the first `length` timestamps count, `MIN_TIMESTAMP` entries do not. */
  onBatch(timestamps: Float64Array, length: number): void
  /** No record with a smaller or equal timestamp is expected. `MIN_TIMESTAMP` before the first; never goes back. */
  readonly current: number
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
