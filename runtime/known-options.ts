/**
 * The check that an object of options holds nothing that nobody reads: a misspelt option would pass for a default, and be seen only in what the job does.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { similarName } from './similar-name.ts'

/**
 * Throws an error with this code (default: `INVALID_ARGUMENT`) unless `options` is an object that has no other options than these. `where` reads like `csvSource`.
 */
export function checkOptions(
  options: unknown,
  known: readonly string[],
  where: string,
  code = 'INVALID_ARGUMENT',
): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    refuseUnknownOptions(options, known, where, code)
    return
  }
  const got = typeof options === 'string' ? JSON.stringify(options) : shown(options)
  throw new MillraceError(
    code,
    `${where}: expected an options object, with ${known.join(', ')}; got ${got}`,
  )
}

/** Throws an error with this code (default: `INVALID_ARGUMENT`), naming the option and the known ones. `where` reads like `spawn`. */
export function refuseUnknownOptions(
  options: object,
  known: readonly string[],
  where: string,
  code = 'INVALID_ARGUMENT',
): void {
  for (const key in options) {
    if (known.includes(key)) continue
    throw new MillraceError(code, `${where}: ${unknownOption(key, known)}`)
  }
}

/** What is said of an option that is not known: the one that was meant, perhaps, and all that there are. */
export function unknownOption(name: string, known: readonly string[]): string {
  // The unit is what is forgotten most.
  const withUnit = known.find((each) => each === `${name}Ms`)
  const similar = withUnit ?? similarName(name, known)
  const list = `known are ${known.join(', ')}`
  if (similar === undefined) return `unknown option '${name}'; ${list}`
  return `unknown option '${name}'; did you mean '${similar}'? (${list})`
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'function' ? 'a function' : String(value)
}
