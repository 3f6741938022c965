/**
 * Async functions where nobody waits for them: their promises would pass for results. Those that can be told by looking at them are refused
 * where users hand them over. Pure, any thread.
 */
import type { AggregateFunction } from './aggregate-function.ts'

const ASYNC = /^\[object Async(Generator)?Function\]$/

/** Whether a value is an async function, or an async generator. */
export function isAsync(value: unknown): boolean {
  return typeof value === 'function' && ASYNC.test(Object.prototype.toString.call(value))
}

const MEMBERS = ['createAccumulator', 'add', 'getResult', 'merge', 'size'] as const

/** The name of a function of an aggregate that is async; undefined: none is. */
export function asyncMember(
  aggregate: Partial<AggregateFunction<never, unknown, unknown>>,
): string | undefined {
  return MEMBERS.find((name) => isAsync(aggregate[name]))
}
