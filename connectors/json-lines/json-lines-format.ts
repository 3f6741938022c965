/**
 * How records become JSON Lines. Used in subtasks, one encoder per file.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { RecordEncoder, RecordFormat } from '../files/record-format.ts'

/**
 * The format of files with one JSON value per line, UTF-8, `\n` behind each, for sinks that take a format.
 *
 * Values: as `JSON.stringify` writes them, so a `Date` in ISO 8601, `NaN` and infinities as null, fields that are
 * undefined left out; a bigint as a string of digits.
 *
 * Errors: `NOT_JSON` (a record that JSON cannot hold), when it is written.
 *
 * @example
 * stream.to(fileSink({ directory: 'out', format: jsonLines() }))
 */
export function jsonLines(): RecordFormat<unknown> {
  return {
    name: 'jsonLines',
    extension: '.jsonl',
    encoder: () => new JsonLinesEncoder(),
    pieces: () => new JsonLinesEncoder(),
  }
}

type Replacer = (key: string, value: unknown) => unknown

/** JSON has no bigint; digits in a string are what most readers of such files expect. */
const bigintAsString: Replacer = (_key, value) =>
  typeof value === 'bigint' ? value.toString() : value

class JsonLinesEncoder implements RecordEncoder<unknown> {
  readonly memory = undefined
  /** Set by the first batch with a bigint: a replacer makes `JSON.stringify` several times slower. */
  #replacer: Replacer | undefined

  encode(values: readonly unknown[]): string {
    try {
      return stringifyLines(values, this.#replacer)
    } catch (error) {
      // a bigint and a cycle both throw a TypeError; with the replacer only the cycle does
      if (error instanceof TypeError && this.#replacer === undefined) {
        this.#replacer = bigintAsString
        return this.encode(values)
      }
      if (error instanceof MillraceError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new MillraceError('NOT_JSON', `a record cannot be written as JSON: ${why}`, {
        cause: error,
      })
    }
  }

  empty(): string {
    return ''
  }
}

function stringifyLines(values: readonly unknown[], replacer: Replacer | undefined): string {
  let lines = ''
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    const line: string | undefined =
      replacer === undefined ? JSON.stringify(value) : JSON.stringify(value, replacer)
    if (line === undefined) {
      throw new MillraceError(
        'NOT_JSON',
        `a record cannot be written as JSON: it is ${typeof value}`,
      )
    }
    lines += line + '\n'
  }
  return lines
}
