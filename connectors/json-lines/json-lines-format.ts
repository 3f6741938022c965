/**
 * How records become JSON Lines. Used in subtasks, one encoder per file.
 */
import type { RecordEncoder, RecordFormat } from '../files/record-format.ts'
import { JsonRowEncoder } from './row-encoder.ts'

/**
 * The format of files with one JSON value per line, UTF-8, `\n` behind each, for sinks that take a format.
 *
 * Values: as `JSON.stringify` writes them, so a `Date` in ISO 8601, `NaN` and infinities as null, fields that are
 * undefined left out; a bigint as a string of digits.
 *
 * Errors: `NOT_JSON` (a record that JSON cannot hold), when it is written.
 *
 * `T`, the type of the records, follows from the stream.
 *
 * @example
 * flights.to(fileSink({ directory: 'out', format: jsonLines(), bucket: (flight) => flight.origin }))
 */
export function jsonLines<T = unknown>(): RecordFormat<T> {
  return {
    name: 'jsonLines',
    extension: '.jsonl',
    encoder: () => new JsonLinesEncoder(),
    pieces: () => new JsonRowEncoder(),
  }
}

class JsonLinesEncoder implements RecordEncoder<unknown> {
  readonly memory = undefined
  readonly #rows = new JsonRowEncoder()

  encode(values: readonly unknown[]): Uint8Array {
    return this.#rows.encode(values)
  }

  empty(): string {
    return ''
  }
}
