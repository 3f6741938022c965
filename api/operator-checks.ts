/**
 * Checks of what users get from `operators/` and hand to streams.
 */
import { requireMethods } from './build-error.ts'

/** Throws INVALID_ARGUMENT unless `value` is an AggregateFunction. */
export function requireAggregate(value: unknown, what: string): void {
  const methods = ['createAccumulator', 'add', 'getResult', 'merge']
  requireMethods(value, methods, `${what}: the first argument`, 'an AggregateFunction')
}

/** Throws INVALID_ARGUMENT unless `value` is a WindowAssigner. */
export function requireAssigner(value: unknown, what: string): void {
  requireMethods(value, ['windowStart', 'windowEnd'], `${what}: the argument`, 'a WindowAssigner')
}

/** Throws INVALID_ARGUMENT unless `value` is a WatermarkStrategy. */
export function requireWatermarks(value: unknown, what: string): void {
  requireMethods(value, ['createGenerator'], `${what}: watermarks`, 'a WatermarkStrategy')
}
