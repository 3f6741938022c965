/**
 * The CSV sink.
 */
import type { Sink } from '../../operators/sink.ts'
import type { FileCommittable } from '../files/commit-files.ts'
import { outputPath } from '../files/output-file.ts'
import { partSink, type OutputState } from '../files/part-writer.ts'
import { csvFormat, type CsvFormatOptions } from './csv-format.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** Where and how CSV is written. */
export interface CsvSinkOptions extends CsvFormatOptions {
  /** Path of the file. Its folder must exist. */
  readonly path: string
}

/**
 * Writes flat records as CSV (RFC 4180), UTF-8, `\n` behind each line; fields are quoted where they must be.
 *
 * The file appears under its name when the job has finished well; parts at a higher parallelism are named as those of
 * `jsonLinesSink`, each with its own header. Exactly once with checkpoints, in the same way.
 *
 * Values: a `Date` in ISO 8601, null and undefined as an empty field, numbers, bigints and booleans as JavaScript prints them.
 *
 * Errors: `INVALID_ARGUMENT` at once; `OUTPUT_IN_USE`, as with `jsonLinesSink`; `OUTPUT_NOT_WRITABLE` at open; `NOT_CSV` (a record that is no flat object, or has a field that
 * has no column); `OUTPUT_WRITE_FAILED`, `OUTPUT_CLOSED`, `OUTPUT_LOST`.
 *
 * @example
 * stream.to(csvSink({ path: 'out.csv', columns: ['origin', 'flights'] }))
 */
export function csvSink(options: CsvSinkOptions): Sink<object, OutputState, FileCommittable> {
  checkOptions(options, ['path', 'columns', 'header', 'delimiter'], 'csvSink')
  const path = outputPath(options.path, 'csvSink')
  return partSink(path, csvFormat(options, 'csvSink'))
}
