/**
 * Checks of what users give to the functions that make or extend watermark strategies.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { describeRecord } from '../operator-error.ts'
import type { WatermarkStrategy } from './watermarks.ts'

/** How the errors of these checks are told apart. */
export type StrategyErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_IDLE_TIMEOUT'
  | 'INVALID_WATERMARK_ALIGNMENT'
  | 'INVALID_WATERMARK_INTERVAL'

/** Throws unless `value` is a finite number of milliseconds above 0, or 0 with `orZero`. */
export function requireMs(
  value: unknown,
  what: string,
  code: StrategyErrorCode,
  { orZero = false }: { readonly orZero?: boolean } = {},
): void {
  const given = typeof value === 'number' && Number.isFinite(value)
  if (given && (value > 0 || (orZero && value === 0))) return
  const bound = orZero ? 'of at least 0' : 'above 0'
  throw new MillraceError(
    code,
    `${what} expects a number of milliseconds ${bound}, got ${describeRecord(value)}`,
  )
}

/** Throws `INVALID_ARGUMENT` unless `value` is a function. */
export function requireFunctionFor(value: unknown, what: string): void {
  if (typeof value === 'function') return
  throw new MillraceError('INVALID_ARGUMENT', `${what} expects a function, got ${typeof value}`)
}

/** Throws `INVALID_ARGUMENT` unless `value` is a strategy. */
export function requireStrategy(value: unknown, what: string): void {
  const strategy = value as Partial<WatermarkStrategy> | null | undefined
  if (typeof strategy === 'object' && typeof strategy?.createGenerator === 'function') return
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `${what} expects a WatermarkStrategy, got ${value === null ? 'null' : typeof value}`,
  )
}

/** A watermark that a user's function gave. Throws `BAD_TIMESTAMP` unless it is a number or undefined. */
export function checkedWatermark(value: unknown, what: string): number | undefined {
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return value
  throw new MillraceError(
    'BAD_TIMESTAMP',
    `${what}: expected a watermark in milliseconds or undefined, got ${describeRecord(value)}`,
  )
}
