/**
 * The check that an object of options holds nothing that nobody reads: a misspelt option would pass for a default.
 */
import { MillraceError } from '../mailbox/errors.ts'

/** Throws `INVALID_ARGUMENT`, naming the option and the known ones. `where` reads like `spawn`. */
export function refuseUnknownOptions(
  options: object,
  known: readonly string[],
  where: string,
): void {
  for (const key in options) {
    if (known.includes(key)) continue
    const list = known.join(', ')
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: unknown option '${key}'; known are ${list}`,
    )
  }
}
