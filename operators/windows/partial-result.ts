/**
 * What the first phase of a windowed aggregate sends to the second: the accumulator of some records of one key and window.
 *
 * It travels among records, with the event time of one of its records, so that the second phase finds the window as it would have
 * found it for that record. A field name that records do not have tells them apart, because batches of records must say by
 * themselves what they hold: they may lie in a checkpoint and be read by a job that is planned in another way.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { compileFlattening } from '../aggregates/flat-accumulator.ts'

/** The field that only partial results have. */
const RECORDS = 'millrace.partialOf'

/**
 * See the head of this file. Plain data, so that any codec can carry it: besides these fields `accumulator`, or where the fields of accumulators are known,
 * all their values in one level, which travel as columns.
 */
export interface PartialResult {
  /** How many records it stands for. */
  readonly 'millrace.partialOf': number
  /** Their key; null where all records of a window are together. */
  readonly key: unknown
}

/** How partial results of one aggregate are made and taken apart. */
export interface PartialForm<Acc> {
  readonly make: (accumulator: Acc, records: number, key: unknown) => PartialResult
  /** The accumulator, which belongs to the caller. */
  readonly accumulatorOf: (partial: PartialResult) => Acc
}

/** The form for an aggregate: the same on both sides of the exchange. */
export function partialForm<Acc>(
  aggregate: AggregateFunction<never, Acc, unknown>,
): PartialForm<Acc> {
  const flattening = compileFlattening(aggregate, [RECORDS, 'key'])
  if (flattening === undefined) return nested(aggregate)
  const { flatten, restore } = flattening
  return { make: flatten, accumulatorOf: restore } as PartialForm<Acc>
}

/** Merged into a fresh accumulator, so that all are of one kind to V8, whether they came over a link or not. */
function nested<Acc>(aggregate: AggregateFunction<never, Acc, unknown>): PartialForm<Acc> {
  return {
    make: (accumulator, records, key): NestedPartial => ({
      'millrace.partialOf': records,
      key,
      accumulator,
    }),
    accumulatorOf: (partial) =>
      aggregate.merge(aggregate.createAccumulator(), (partial as NestedPartial).accumulator as Acc),
  }
}

interface NestedPartial extends PartialResult {
  readonly accumulator: unknown
}

/** Whether a value that comes over an exchange is a partial result and not a record. */
export function isPartialResult(value: unknown): value is PartialResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Readonly<Record<string, unknown>>)[RECORDS] !== undefined
  )
}

/** A key selector that takes partial results too, whose key was computed before. */
export function keyOfEither(selector: (value: never) => unknown): (value: unknown) => unknown {
  return (value) => (isPartialResult(value) ? value.key : selector(value as never))
}
