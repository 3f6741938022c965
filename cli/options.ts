/**
 * The values of command line options, checked. Texts in, typed values or a `MillraceError` that names the option out.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { checkedFaults } from '../api/testing/simulate/fault-kinds.ts'
import type { FaultKind } from '../api/testing/simulate/fault-kinds.ts'
import type { RunOptions } from '../api/execution/run-options.ts'

/** Options that `run` and `plan` share. */
export interface JobCommandOptions {
  readonly arg: Readonly<Record<string, string>>
  readonly parallelism?: number
  readonly maxParallelism?: number
  readonly slots?: number
}

const PARALLELISM_LIMIT = 32_768
const SLOT_LIMIT = 256
const COUNT_LIMIT = 999_999_999
const SEED_LIMIT = 2 ** 32

/** Parses `--parallelism`. Throws `INVALID_PARALLELISM`. */
export function parseParallelism(text: string): number {
  return wholeNumber(text, '--parallelism', PARALLELISM_LIMIT, 'INVALID_PARALLELISM')
}

/** Parses a list such as `1,3,2`. Throws `INVALID_PARALLELISM`. */
export function parseParallelisms(text: string): readonly number[] {
  return text.split(',').map(parseParallelism)
}

/** Parses an option that counts something, from 1. Throws `INVALID_ARGUMENT`. */
export function parseCount(option: string): (text: string) => number {
  return (text) => wholeNumber(text, option, COUNT_LIMIT, 'INVALID_ARGUMENT')
}

/** Parses a seed, 0 to 2^32 - 1. Throws `INVALID_SEED`. */
export function parseSeed(option: string): (text: string) => number {
  return (text) => {
    const seed = /^\d{1,10}$/.test(text) ? Number(text) : SEED_LIMIT
    if (seed < SEED_LIMIT) return seed
    throw new MillraceError(
      'INVALID_SEED',
      `${option}: expected a whole number from 0 to ${SEED_LIMIT - 1}, got '${text}'`,
    )
  }
}

/** Parses `--faults`: kinds with commas between, or `none`. Throws `INVALID_FAULTS`. */
export function parseFaultKinds(text: string): readonly FaultKind[] {
  return text === 'none' ? [] : checkedFaults(text.split(','), '--faults')
}

/** Parses `--max-parallelism`. Throws `INVALID_PARALLELISM`. */
export function parseMaxParallelism(text: string): number {
  return wholeNumber(text, '--max-parallelism', PARALLELISM_LIMIT, 'INVALID_PARALLELISM')
}

/** Parses `--slots`. Throws `INVALID_SLOTS`. */
export function parseSlots(text: string): number {
  return wholeNumber(text, '--slots', SLOT_LIMIT, 'INVALID_SLOTS')
}

/** Parses `--rows`: how many rows a table has. Throws `INVALID_ROWS`. */
export function parseRows(text: string): number {
  return wholeNumber(text, '--rows', 1_000_000, 'INVALID_ROWS')
}

/** Adds one `--arg name=value`; the last one of a name counts. Throws `BAD_ARGUMENT` where there is no name or no `=`. */
export function collectArgument(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at <= 0) {
    throw new MillraceError('BAD_ARGUMENT', `--arg: expected name=value, got '${text}'`)
  }
  return Object.fromEntries([...Object.entries(before), [text.slice(0, at), text.slice(at + 1)]])
}

/** What of the options goes to the engine. */
export function runOptions(options: JobCommandOptions): RunOptions {
  const { arg, parallelism, maxParallelism, slots } = options
  return {
    args: arg,
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
    ...(slots === undefined ? {} : { slots }),
  }
}

function wholeNumber(text: string, option: string, max: number, code: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= max) return value
  throw new MillraceError(
    code,
    `${option}: expected a whole number from 1 to ${max}, got '${text}'`,
  )
}
