/**
 * The JSON Lines sink: one JSON value per line.
 */
import type { Sink } from '../../operators/sink.ts'
import type { FileCommittable } from '../files/commit-files.ts'
import { outputPath } from '../files/output-file.ts'
import { partSink, type OutputState } from '../files/part-writer.ts'
import { jsonLines } from './json-lines-format.ts'
import { checkOptions } from '../../runtime/known-options.ts'

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
 * Exactly once with checkpoints: a job that goes on from one cuts off what had been written behind it. When it goes on at another
 * parallelism, files that were begun keep their names, and further ones get names of their own, `out-00002-5f0c….jsonl`; all of
 * them together are the output. Into a pipe or device everything goes at once, and again after a failure.
 *
 * Values: as `JSON.stringify` writes them, so a `Date` in ISO 8601, `NaN` and infinities as null, fields that are
 * undefined left out; a bigint as a string of digits.
 *
 * Two sinks of one process cannot write one file at the same time (`OUTPUT_IN_USE`); a path that is named like a part of another one is not seen. Two processes are not kept apart: the last one to finish
 * replaces the file of the other.
 *
 * Errors: `INVALID_ARGUMENT` at once; `OUTPUT_IN_USE` before the first record; `OUTPUT_NOT_WRITABLE` at open; `NOT_JSON` (a record that JSON cannot hold);
 * `OUTPUT_WRITE_FAILED`, `OUTPUT_CLOSED` (a pipe whose reader has gone); `OUTPUT_LOST` (a job goes on, and what it had written is gone).
 *
 * @example
 * stream.to(jsonLinesSink({ path: 'out.jsonl' }))
 */
export function jsonLinesSink(
  options: JsonLinesSinkOptions,
): Sink<unknown, OutputState, FileCommittable> {
  checkOptions(options, ['path'], 'jsonLinesSink')
  return partSink(outputPath(options.path, 'jsonLinesSink'), jsonLines())
}
