/** Checks what users give to the functions of `declare-state.ts`. All throw `INVALID_STATE` with what was expected and what came. */
import { MillraceError } from '../../mailbox/errors.ts'
import { isAsync } from '../async-functions.ts'
import type { TtlUpdate, TtlVisibility } from './ttl.ts'

const OPERATOR_OPTIONS = ['name', 'version', 'migrate']
const KEYED_OPTIONS = [...OPERATOR_OPTIONS, 'ttl']
const TTL_OPTIONS = ['ttlMs', 'update', 'visibility', 'cleanupPerAccess']
const UPDATES: readonly TtlUpdate[] = ['createAndWrite', 'readAndWrite']
const VISIBILITIES: readonly TtlVisibility[] = ['neverReturnExpired', 'returnExpiredIfNotCleanedUp']
const AGGREGATE_FUNCTIONS = ['createAccumulator', 'add', 'getResult', 'merge'] as const

/** Checks the options of a state without keys. `where` is the function that got them. */
export function checkOperatorOptions(where: string, options: unknown): void {
  checkCommon(where, options, OPERATOR_OPTIONS)
}

/** Checks the options of a keyed state. `initial` belongs to value states and is checked there. */
export function checkKeyedOptions(where: string, options: unknown): void {
  const known = where === 'valueState' ? [...KEYED_OPTIONS, 'initial'] : KEYED_OPTIONS
  const { ttl } = checkCommon(where, options, known)
  if (ttl !== undefined) checkTtl(where, ttl)
}

/** Checks that `value` is a function, and not an async one. `expected` says which. */
export function checkFunction(where: string, what: string, value: unknown, expected: string): void {
  if (typeof value !== 'function' || isAsync(value)) throw invalid(where, what, expected, value)
}

/** Checks that an aggregate has all its functions. */
export function checkAggregate(where: string, aggregate: unknown): void {
  const functions = checkObject(where, 'aggregate', aggregate, 'an aggregate function')
  for (const name of AGGREGATE_FUNCTIONS)
    checkFunction(where, `aggregate.${name}`, functions[name], 'a function')
}

function checkCommon(
  where: string,
  options: unknown,
  known: readonly string[],
): Record<string, unknown> {
  const fields = checkObject(where, 'options', options, 'an object')
  checkNames(where, '', fields, known)
  const { name, version, migrate } = fields
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw invalid(where, 'name', 'a string of at least one character', name)
  if (version !== undefined && !(Number.isSafeInteger(version) && (version as number) >= 1))
    throw invalid(where, 'version', 'a whole number from 1', version)
  if (migrate !== undefined)
    checkFunction(where, 'migrate', migrate, 'a function (stored, version) => value')
  return fields
}

function checkTtl(where: string, ttl: unknown): void {
  const fields = checkObject(where, 'ttl', ttl, 'an object such as { ttlMs: 60_000 }')
  checkNames(where, 'ttl.', fields, TTL_OPTIONS)
  const { ttlMs, update, visibility, cleanupPerAccess } = fields
  if (typeof ttlMs !== 'number' || !Number.isFinite(ttlMs) || ttlMs <= 0)
    throw invalid(where, 'ttl.ttlMs', 'a finite number of milliseconds above 0', ttlMs)
  checkChoice(where, 'ttl.update', update, UPDATES)
  checkChoice(where, 'ttl.visibility', visibility, VISIBILITIES)
  if (
    cleanupPerAccess !== undefined &&
    !(Number.isSafeInteger(cleanupPerAccess) && (cleanupPerAccess as number) >= 0)
  )
    throw invalid(where, 'ttl.cleanupPerAccess', 'a whole number from 0', cleanupPerAccess)
}

function checkChoice(
  where: string,
  what: string,
  value: unknown,
  choices: readonly string[],
): void {
  if (value === undefined || choices.includes(value as string)) return
  throw invalid(where, what, choices.map((choice) => `'${choice}'`).join(' or '), value)
}

function checkObject(
  where: string,
  what: string,
  value: unknown,
  expected: string,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(where, what, expected, value)
  return value as Record<string, unknown>
}

function checkNames(
  where: string,
  prefix: string,
  fields: Record<string, unknown>,
  known: readonly string[],
): void {
  const wrong = Object.keys(fields).find((name) => !known.includes(name))
  if (wrong === undefined) return
  throw new MillraceError(
    'INVALID_STATE',
    `${where}: there is no option ${prefix}${wrong}; expected ${known.join(', ')}`,
  )
}

function invalid(where: string, what: string, expected: string, got: unknown): MillraceError {
  return new MillraceError(
    'INVALID_STATE',
    `${where}: expected ${expected} as ${what}, got ${describe(got)}`,
  )
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (isAsync(value)) return 'an async function, for which nobody waits'
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
