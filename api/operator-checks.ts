/**
 * Checks of what users get from `operators/` and hand to streams.
 */
import { asyncMember } from '../checkpoint/async-functions.ts'
import type { Source } from '../operators/source.ts'
import type { WatermarkStrategy } from '../operators/time/watermarks.ts'
import {
  buildErrorHere,
  describeValue,
  requireFunction,
  requireMethods,
  requireText,
} from './build-error.ts'

/** Throws INVALID_ARGUMENT unless `value` is an AggregateFunction. */
export function requireAggregate(value: unknown, what: string): void {
  const methods = ['createAccumulator', 'add', 'getResult', 'merge']
  requireMethods(value, methods, `${what}: the first argument`, 'an AggregateFunction')
  refuseAsyncAggregate(value as object, what)
}

/** Throws INVALID_ARGUMENT for an AggregateFunction that has an async function. */
export function refuseAsyncAggregate(aggregate: object, what: string): void {
  const name = asyncMember(aggregate)
  if (name !== undefined)
    requireFunction(
      (aggregate as Record<string, unknown>)[name],
      `${what}: ${name}() of the aggregate`,
    )
}

/** Throws INVALID_ARGUMENT unless `value` is a WindowAssigner. */
export function requireAssigner(value: unknown, what: string): void {
  requireMethods(value, ['assignWindows'], `${what}: the argument`, 'a WindowAssigner')
  const { name, time } = value as { readonly name?: unknown; readonly time?: unknown }
  requireText(name, `${what}: the name of the assigner`)
  if (time === 'event' || time === 'processing') return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what}: the time of '${String(name)}' must be 'event' or 'processing', got ${describeValue(time)}`,
  )
}

/** Throws INVALID_ARGUMENT unless `value` is a WatermarkStrategy. */
export function requireWatermarks(value: unknown, what: string): void {
  requireMethods(value, ['createGenerator'], `${what}: watermarks`, 'a WatermarkStrategy')
}

/** Throws INVALID_ARGUMENT for aligned watermarks: only a source can be told to wait. */
export function refuseAlignment({ alignment }: WatermarkStrategy<never>, what: string): void {
  if (alignment === undefined) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what}: only sources can be aligned; give withAlignment(…) to env.from(…)`,
  )
}

/** Throws INVALID_ARGUMENT unless a source reads at least one split at once. */
export function requireSplitsAtOnce({ splitsAtOnce }: Source<unknown>): void {
  if (splitsAtOnce === undefined || (Number.isInteger(splitsAtOnce) && splitsAtOnce >= 1)) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `from: the source's splitsAtOnce must be an integer of at least 1, got ${describeValue(splitsAtOnce)}`,
  )
}

/** Throws INVALID_ARGUMENT unless `value` is an interval of time. */
export function requireWatermarkInterval(value: unknown, what: string): void {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what}: watermarkIntervalMs must be a number of milliseconds above 0, got ${describeValue(value)}`,
  )
}
