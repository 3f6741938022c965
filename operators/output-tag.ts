/**
 * Tags of side outputs: a name, and the type of the records that leave there.
 */
import { MillraceError } from '../mailbox/errors.ts'

/** Names a side output of records of type `T`. Tags of equal name are the same side output. */
export interface OutputTag<T> {
  readonly name: string
  /** Never set: it makes the compiler remember `T`. */
  readonly record?: T
}

/**
 * A tag for a side output (Flink's OutputTag). Define it once, beside the job, and use it where records are sent and where the
 * stream is read. Errors: `INVALID_TAG` unless `name` is a text with at least one character.
 *
 * @example
 * const late = outputTag<Order>('late')
 */
export function outputTag<T>(name: string): OutputTag<T> {
  if (typeof name !== 'string' || name === '') {
    throw new MillraceError(
      'INVALID_TAG',
      `outputTag expects a name of at least one character, got ${typeof name === 'string' ? "''" : String(name)}`,
    )
  }
  return { name }
}
