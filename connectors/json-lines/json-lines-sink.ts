/**
 * The JSON Lines sink: one JSON value per line.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Sink, SinkWriter } from '../../operators/sink.ts'
import { outputPath, OutputFile } from '../files/output-file.ts'

/** Where JSON Lines go. */
export interface JsonLinesSinkOptions {
  /** Path of the file. Its folder must exist. */
  readonly path: string
}

/**
 * Writes records as JSON, one per line, UTF-8, `\n` behind each.
 *
 * The file appears under its name, replacing an older one, when the job has finished well; until then, and after a failure, it
 * does not. At parallelism 1 it is `path`; more subtasks write `out-00001.jsonl`, `out-00002.jsonl` … for
 * `out.jsonl` (parts of an earlier run at a higher parallelism are not removed).
 *
 * Values: as `JSON.stringify` writes them, so a `Date` in ISO 8601, `NaN` and infinities as null, fields that are
 * undefined left out; a bigint as a string of digits.
 *
 * Errors: `INVALID_ARGUMENT` at once; `OUTPUT_NOT_WRITABLE` at open; `NOT_JSON` (a record that JSON cannot hold);
 * `OUTPUT_WRITE_FAILED`, `OUTPUT_CLOSED` (a pipe whose reader has gone).
 *
 * @example
 * stream.to(jsonLinesSink({ path: 'out.jsonl' }))
 */
export function jsonLinesSink(options: JsonLinesSinkOptions): Sink<unknown> {
  const path = outputPath(options.path, 'jsonLinesSink')
  return {
    name: `jsonLines(${path})`,
    async open(context) {
      return new JsonLinesWriter(await OutputFile.open(path, context))
    },
  }
}

type Replacer = (key: string, value: unknown) => unknown

/** JSON has no bigint; digits in a string are what most readers of such files expect. */
const bigintAsString: Replacer = (_key, value) =>
  typeof value === 'bigint' ? value.toString() : value

class JsonLinesWriter implements SinkWriter<unknown> {
  readonly #file: OutputFile
  /** Set by the first batch with a bigint: a replacer makes `JSON.stringify` several times slower. */
  #replacer: Replacer | undefined

  constructor(file: OutputFile) {
    this.#file = file
  }

  write(values: readonly unknown[]): void | Promise<void> {
    return this.#file.write(this.#linesOf(values))
  }

  flush(): Promise<void> {
    return this.#file.flush()
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  abort(): Promise<void> {
    return this.#file.abort()
  }

  #linesOf(values: readonly unknown[]): string {
    try {
      return stringifyLines(values, this.#replacer)
    } catch (error) {
      // a bigint and a cycle both throw a TypeError; with the replacer only the cycle does
      if (error instanceof TypeError && this.#replacer === undefined) {
        this.#replacer = bigintAsString
        return this.#linesOf(values)
      }
      if (error instanceof MillraceError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new MillraceError('NOT_JSON', `a record cannot be written as JSON: ${why}`, {
        cause: error,
      })
    }
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
