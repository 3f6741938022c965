/**
 * Watermark strategies with a user's own rule: asked at intervals, or after every record.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { checkOptions } from '../../runtime/known-options.ts'
import { describeRecord } from '../operator-error.ts'
import { checkedWatermark, requireFunctionFor, requireMs } from './strategy-checks.ts'
import type { WatermarkGenerator, WatermarkStrategy } from './watermarks.ts'

/** How often periodic generators are asked where nobody says (Flink's default). */
export const DEFAULT_WATERMARK_INTERVAL_MS = 200

/** A user's generator, for one split: what it has seen may be kept in it, for it starts anew with the split. */
export interface PeriodicGenerator<in T = unknown> {
  /** Sees every record before it is processed. */
  readonly onRecord?: ((value: T, timestamp: number) => void) | undefined
  /** Instead of `onRecord`, where the times are enough: cheaper, because it sees a whole batch. Only the first `length` times count. */
  readonly onBatch?: ((timestamps: Float64Array, length: number) => void) | undefined
  /** Asked at intervals: the watermark, or undefined for none. What does not advance it is ignored, and so is `Infinity`. */
  readonly onPeriodicEmit: () => number | undefined
}

/** What `periodicWatermarks` takes. */
export interface PeriodicWatermarksOptions<in T = unknown> {
  /** Called for each split. */
  readonly create: () => PeriodicGenerator<T>
  /** How often it is asked, in milliseconds. Default: the source's `watermarkIntervalMs`, else 200. */
  readonly intervalMs?: number
}

/**
 * Asks a generator of yours for the watermark at intervals of the host's clock, also while no records come (Flink's
 * `WatermarkGenerator` with `onPeriodicEmit`; as there, not while the output has no room).
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_WATERMARK_INTERVAL`; `BAD_TIMESTAMP` fails the job for what is no watermark.
 *
 * @example
 * periodicWatermarks({
 *   create: () => {
 *     let newest = -Infinity
 *     return {
 *       onRecord: (order: Order) => (newest = Math.max(newest, order.placedAt)),
 *       onPeriodicEmit: () => newest - 60_000,
 *     }
 *   },
 * })
 */
export function periodicWatermarks<T = unknown>(
  options: PeriodicWatermarksOptions<T>,
): WatermarkStrategy<T> {
  const what = 'periodicWatermarks'
  checkOptions(options, ['create', 'intervalMs'], what)
  const { create, intervalMs } = options
  requireFunctionFor(create, `${what}: create`)
  if (intervalMs !== undefined) {
    requireMs(intervalMs, `${what}: intervalMs`, 'INVALID_WATERMARK_INTERVAL')
  }
  const strategy = {
    name: intervalMs === undefined ? 'periodic' : `periodic(${intervalMs} ms)`,
    createGenerator: () => new Periodic(checkedGenerator(create())),
    intervalMs,
    // For the fingerprint of the job, which compares the text of functions.
    create,
  }
  return strategy
}

/**
 * Asks a function of yours after every record (Flink's punctuated generators). A watermark that it returns follows this record
 * before the next one is processed. Costs a call per record.
 *
 * The function is shared by all splits and must keep nothing.
 * Errors: `INVALID_ARGUMENT`; `BAD_TIMESTAMP` fails the job for what is no watermark.
 *
 * @example
 * punctuatedWatermarks((order: Order, timestamp) => (order.count === 0 ? timestamp : undefined))
 */
export function punctuatedWatermarks<T = unknown>(
  watermarkOf: (value: T, timestamp: number) => number | undefined,
): WatermarkStrategy<T> {
  requireFunctionFor(watermarkOf, 'punctuatedWatermarks')
  const strategy = {
    name: 'punctuated',
    createGenerator: () => new Punctuated(watermarkOf),
    watermarkOf,
  }
  return strategy
}

class Punctuated<T> implements WatermarkGenerator<T> {
  current = MIN_TIMESTAMP
  readonly onRecord: (value: T, timestamp: number) => void

  constructor(watermarkOf: (value: T, timestamp: number) => number | undefined) {
    this.onRecord = (value, timestamp) => {
      const watermark = checkedWatermark(watermarkOf(value, timestamp), 'punctuatedWatermarks')
      if (advances(watermark, this.current)) this.current = watermark
    }
  }
}

class Periodic<T> implements WatermarkGenerator<T> {
  current = MIN_TIMESTAMP
  readonly onRecord: ((value: T, timestamp: number) => void) | undefined
  readonly #own: PeriodicGenerator<T>

  constructor(own: PeriodicGenerator<T>) {
    this.#own = own
    if (own.onRecord !== undefined) {
      this.onRecord = (value, timestamp) => {
        own.onRecord?.(value, timestamp)
      }
    }
  }

  onBatch(timestamps: Float64Array, length: number): void {
    this.#own.onBatch?.(timestamps, length)
  }

  onPeriodicEmit(): void {
    const watermark = checkedWatermark(this.#own.onPeriodicEmit(), 'onPeriodicEmit')
    if (advances(watermark, this.current)) this.current = watermark
  }
}

/** The final watermark does not count: the smallest of no records, say, is no reason to ignore all that follow. */
function advances(watermark: number | undefined, current: number): watermark is number {
  return watermark !== undefined && watermark > current && watermark < MAX_TIMESTAMP
}

function checkedGenerator<T>(generator: PeriodicGenerator<T>): PeriodicGenerator<T> {
  const given = generator as PeriodicGenerator<T> | null | undefined
  if (typeof given?.onPeriodicEmit === 'function') return generator
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `periodicWatermarks: create must return an object with the function onPeriodicEmit, got ${describeRecord(generator)}`,
  )
}
