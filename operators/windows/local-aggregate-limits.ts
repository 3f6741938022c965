/**
 * How much the first phase of a windowed aggregate holds, and when adding records up is worth it to it: figures, without any state.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { partsOf } from '../aggregates/combine.ts'

/** Records after which it is decided whether adding up is worth it. */
const SAMPLE_RECORDS = 8_192
/** Records in held accumulators at the most, where these grow with their records; divided by the number of parts that do. */
const MAX_GROWN_RECORDS = 131_072

const LIMITS = {
  /** Accumulators that are held at the most. */
  MAX_HELD: 16_384,
  /** A slice behind one with so many keys is packed, */
  PACKED_FROM: 256,
  /** and, where accumulators are more than one number, with at most so many records per key: adding to those is twice as fast in an object. */
  PACKED_RECORDS: 6,
  /** unless so many slices are held already: each has arrays of its own, however few its keys. */
  PACKED_SLICES: 16,
  /** To send a value of an accumulator that grows costs about so much of what sending a record does. */
  VALUE_COST: 0.25,
  /** One of so many records that are let through is watched: looking a key up costs more than letting its record through. A prime, for keys may take turns. */
  WATCH_EVERY: 7,
  /** Watched records of a key after which its records are added up to an accumulator that grows. */
  HOT_RECORDS: 32,
  /** Keys that are watched at the most; with more, all are forgotten. */
  MAX_WATCHED: 65_536,
  SAMPLE_RECORDS,
  /** An accumulator must stand for so many records on average. */
  WORTH_RECORDS: 2,
  /** Records that are let through after a sample that was not worth it; twice as many after each further one. */
  MIN_PASSED: 16 * SAMPLE_RECORDS,
  MAX_PASSED: 1_048_576,
}

/** See the head of this file. */
export interface LocalAggregateLimits extends Readonly<typeof LIMITS> {
  /** See `MAX_GROWN_RECORDS`; of this aggregate. */
  readonly maxGrownRecords: number
}

/** Those for an aggregate. */
export function localAggregateLimits(
  aggregate: AggregateFunction<never, unknown, unknown>,
): LocalAggregateLimits {
  const maxGrownRecords = MAX_GROWN_RECORDS / Math.max(1, growingParts(aggregate))
  return { ...LIMITS, maxGrownRecords }
}

/** How many aggregates inside have accumulators that grow: a record may add a value to each. */
function growingParts(aggregate: AggregateFunction<never, unknown, unknown>): number {
  const parts = partsOf(aggregate)
  if (parts === undefined) return typeof aggregate.size === 'function' ? 1 : 0
  return parts.reduce((sum, part) => sum + growingParts(part), 0)
}
