/**
 * The check of an object of options, where a connector is made: a misspelt option would pass for its default, and be seen only in the output.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { refuseUnknownOptions } from '../../runtime/known-options.ts'

/** Throws `INVALID_ARGUMENT` unless `options` is an object that has no other options than these. `where` reads like `csvSource`. */
export function checkOptions(options: unknown, known: readonly string[], where: string): void {
  if (typeof options === 'object' && options !== null) {
    refuseUnknownOptions(options, known, where)
    return
  }
  const got = typeof options === 'string' ? JSON.stringify(options) : String(options)
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `${where}: expected an options object, with ${known.join(', ')}; got ${got}`,
  )
}
