/**
 * The evictors that everybody needs (Flink's CountEvictor, TimeEvictor and DeltaEvictor). Together they are `evictors`.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { checkOptions } from '../../runtime/known-options.ts'
import type { Evictor, WindowElement } from './evictor.ts'

/** Options of all evictors. */
export interface EvictOptions {
  /** Whether records leave before the window's function has seen them, or after. Default: `before`. */
  readonly when?: 'before' | 'after'
}

type Keep<T> = (elements: readonly WindowElement<T>[]) => readonly WindowElement<T>[]

/** Keeps the `maxCount` records that came last, a whole number from 0. Errors: `INVALID_EVICTOR`. */
function count<T = unknown>(maxCount: number, options?: EvictOptions): Evictor<T> {
  if (!Number.isSafeInteger(maxCount) || maxCount < 0) {
    throw invalid(`count expects a whole number from 0, got ${String(maxCount)}`)
  }
  return evictor<T>(`count(${maxCount})`, options, (elements) =>
    elements.length <= maxCount ? elements : elements.slice(elements.length - maxCount),
  )
}

/**
 * Keeps the records whose event time is less than `ms` before the latest one in the window. Where the first record has no event
 * time, all are kept. Errors: `INVALID_EVICTOR`.
 */
function time<T = unknown>(ms: number, options?: EvictOptions): Evictor<T> {
  if (!(typeof ms === 'number' && ms >= 0)) {
    throw invalid(`time expects a number of ms from 0, got ${String(ms)}`)
  }
  return evictor<T>(`time(${ms} ms)`, options, (elements) => {
    if (elements[0] === undefined || elements[0].timestamp === MIN_TIMESTAMP) return elements
    let latest = MIN_TIMESTAMP
    for (const { timestamp } of elements) if (timestamp > latest) latest = timestamp
    return elements.filter(({ timestamp }) => timestamp > latest - ms)
  })
}

/**
 * Keeps the records that differ from the last one by less than `threshold`. Errors: `INVALID_EVICTOR`.
 *
 * @param deltaOf how much the last record of the window, its second argument, differs from another one, its first
 */
function delta<T>(
  threshold: number,
  deltaOf: (value: T, last: T) => number,
  options?: EvictOptions,
): Evictor<T> {
  if (typeof threshold !== 'number' || threshold !== threshold) {
    throw invalid(`delta expects a number as threshold, got ${String(threshold)}`)
  }
  if (typeof deltaOf !== 'function') {
    throw invalid(`delta expects a function as second argument, got ${String(deltaOf)}`)
  }
  return evictor<T>(`delta(${threshold})`, options, (elements) => {
    const last = elements.at(-1)
    if (last === undefined) return elements
    return elements.filter(({ value }) => !(deltaOf(value, last.value) >= threshold))
  })
}

function evictor<T>(name: string, options: EvictOptions = {}, keep: Keep<T>): Evictor<T> {
  checkOptions(options, ['when'], 'evictors', 'INVALID_EVICTOR')
  const { when = 'before' } = options
  if (when === 'before') return { name, evictBefore: keep }
  if (when === 'after') return { name: `${name} after`, evictAfter: keep }
  throw invalid(`'when' must be 'before' or 'after', got ${String(when)}`)
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_EVICTOR', `evictors: ${message}`)
}

/** All evictors: `evictors.count(100)`. */
export const evictors = { count, time, delta } as const
