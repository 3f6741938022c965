/**
 * What the first phase of a windowed aggregate is told (`local-aggregate`).
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'

/** Which records are added up together. Times in ms of event time. */
export interface LocalSlices {
  /** Whether records must have a timestamp. */
  readonly needsTimestamps: boolean
  /** Start of the window or slice that holds `timestamp`. */
  start(timestamp: number): number
  /** Its end, exclusive. */
  end(start: number): number
  /** The watermark at which the second phase must have all of it. */
  deadline(start: number): number
}

/** What `localAggregate` adds up. */
export interface LocalAggregateOptions<In, Acc> {
  readonly slices: LocalSlices
  readonly aggregate: AggregateFunction<In, Acc, unknown>
  /** The key of a record. Default: all records of a slice together. */
  readonly key: ((value: In) => unknown) | undefined
  /** How much later than the watermark the second phase closes windows. */
  readonly latenessMs: number
  /** How long records are held by the clock, in ms. Default: until their window is over. */
  readonly holdMs?: number | undefined
}
