/**
 * The sink for a folder of files, which grows while the job runs.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Sink } from '../../operators/sink.ts'
import { commitFiles, type FileCommittable } from '../files/commit-files.ts'
import { nodeOutputDisk } from '../files/node-output-disk.ts'
import { packingBuckets } from '../files/packed-text.ts'
import type { BulkFormat, RecordFormat } from '../files/record-format.ts'
import { FolderWriter, type FolderOptions, type FolderState } from './folder-writer.ts'
import { isBulk, type FileFormat } from './part-file.ts'
import { checkOptions } from '../../runtime/known-options.ts'

const DEFAULT_ROLL_BYTES = 128 * 1024 * 1024

/** When a file is ended and the next one begun. */
export interface FileSinkRoll {
  /**
   * When a file has this many bytes; the records that were written at once with the last one may go beyond, and of Parquet
   * only whole row groups count. Default: 128 MiB.
   */
  readonly bytes?: number
  /** When a file has this many records. Default: any number. */
  readonly records?: number
  /** When a file was begun this many milliseconds ago, by the clock of the host. Default: any number. */
  readonly ageMs?: number
  /** When nothing has been written to a file for this many milliseconds, by the clock of the host. Default: any number. */
  readonly inactiveMs?: number
  /**
   * Whether each checkpoint ends all files. Then the output follows the checkpoints closely, in files as small as their interval makes
   * them; otherwise files grow over many checkpoints and appear at the first one behind their end. Parquet files can't do that.
   * Default: true.
   */
  readonly atCheckpoint?: boolean
}

/** Where and how a folder of files is written. */
export interface FileSinkOptions<T> {
  /** The folder; it is created with its parents. Its files with `prefix` belong to this sink of one job alone. */
  readonly directory: string
  /** `jsonLines()`, `csv(…)`, `parquet(…)`, or one of your own. */
  readonly format: RecordFormat<T> | BulkFormat<T>
  /** When files are ended. Default: at 128 MiB, and at each checkpoint. */
  readonly roll?: FileSinkRoll
  /**
   * The folder inside `directory` for a record and its event time (`MIN_TIMESTAMP` if it has none), e.g. `'2024-05-01'` or `'eu/de'`:
   * names with `/` between them. Several subtasks of one thread share the function, so it must hold no state.
   * Default: `directory` itself.
   */
  readonly bucket?: (record: T, timestamp: number) => string
  /** What the names of files begin with: letters, digits, `-`, `_`. Default: `part`. */
  readonly prefix?: string
}

/**
 * Writes records into files of a folder, exactly once with checkpoints: a file appears, complete and synced, when a
 * checkpoint that holds all of it is complete. Until then it has a hidden name, which begins with a dot.
 *
 * Each subtask writes files of its own, `part-00001-3f9a1c2b-000000.jsonl`, `…-000001.jsonl` …: number of the subtask, a mark that
 * no other run has, number of the file. A file ends as `roll` says: when it is large or old enough, and at each checkpoint. Age and
 * inactivity are looked at when records come and at each checkpoint: nothing appears between two checkpoints anyway. Without
 * checkpoints all files appear when the job has finished well. A
 * subtask writes to at most 64 buckets at once: another one ends the file that has not been written to for longest. A
 * restart ends the files that were open.
 *
 * A job that goes on from a checkpoint removes what its subtasks had written behind it, also visible files if it is not
 * the latest one; but not those of subtasks that a higher parallelism had added since. Leave files where they are as long as the job may
 * go on from a checkpoint or savepoint that names them.
 *
 * Errors: `INVALID_ARGUMENT` at once; `OUTPUT_NOT_WRITABLE`; `INVALID_BUCKET` (no relative path); `OUTPUT_WRITE_FAILED`;
 * `OUTPUT_LOST` (a file is to be committed and has vanished); those of the format.
 * Source of the idea: Flink's FileSink with its OnCheckpointRollingPolicy, or DefaultRollingPolicy with `atCheckpoint: false`.
 *
 * @example
 * stream.to(fileSink({ directory: 'out', format: jsonLines() }))
 *
 * @example
 * const byOrigin = fileSink<Flight>({
 *   directory: 'out',
 *   format: csv({ columns: ['origin', 'delay'] }),
 *   bucket: (flight) => flight.origin,
 *   roll: { records: 100_000 },
 * })
 */
export function fileSink<T>(options: FileSinkOptions<T>): Sink<T, FolderState, FileCommittable> {
  checkOptions(options, ['directory', 'format', 'roll', 'bucket', 'prefix'], 'fileSink')
  const { directory, format, roll = {}, bucket, prefix = 'part' } = options
  if (typeof directory !== 'string' || directory === '') {
    throw invalid(`"directory" must be the path of a folder, got ${String(directory)}`)
  }
  if (!isFormat(format)) throw invalid('"format" must be a format, like jsonLines() or csv()')
  if (bucket !== undefined && typeof bucket !== 'function') {
    throw invalid(`"bucket" must be a function, got ${typeof bucket}`)
  }
  if (typeof prefix !== 'string' || !/^[\w-]+$/.test(prefix)) {
    throw invalid(`"prefix" must be letters, digits, "-" and "_", got ${String(prefix)}`)
  }
  const limitNames = ['bytes', 'records', 'ageMs', 'inactiveMs', 'atCheckpoint']
  checkOptions(roll, limitNames, 'fileSink: roll')
  const { atCheckpoint = true } = roll
  if (typeof atCheckpoint !== 'boolean') {
    throw invalid(`"roll.atCheckpoint" must be true or false, got ${String(atCheckpoint)}`)
  }
  if (!atCheckpoint && isBulk(format)) {
    throw invalid(
      `"roll.atCheckpoint" must be true for ${format.name}: its files are whole only with their last bytes`,
    )
  }
  const limits = {
    bytes: limit(roll, 'bytes', DEFAULT_ROLL_BYTES),
    records: limit(roll, 'records', Number.POSITIVE_INFINITY),
    ageMs: limit(roll, 'ageMs', Number.POSITIVE_INFINITY),
    inactiveMs: limit(roll, 'inactiveMs', Number.POSITIVE_INFINITY),
  }
  return sinkOf({ directory, format, limits, atCheckpoint, bucket, prefix, disk: nodeOutputDisk })
}

function sinkOf<T>(options: FolderOptions<T>): Sink<T, FolderState, FileCommittable> {
  const { format, bucket, limits } = options
  // A file with so many records may end in the middle of what was packed together.
  const packs = !isBulk(format) && limits.records === Number.POSITIVE_INFINITY
  return {
    ...(packs ? packingBuckets(format, bucket) : {}),
    name: `files(${options.directory})`,
    open: (context) => FolderWriter.open(options, context),
    commit: (files) => commitFiles(files, options.disk),
    onDisk: (disk) => sinkOf({ ...options, disk }),
  }
}

function isFormat<T>(format: unknown): format is FileFormat<T> {
  if (typeof format !== 'object' || format === null) return false
  const { encoder, bulkEncoder } = format as Partial<RecordFormat<T> & BulkFormat<T>>
  return typeof encoder === 'function' || typeof bulkEncoder === 'function'
}

function limit(
  roll: FileSinkRoll,
  name: 'bytes' | 'records' | 'ageMs' | 'inactiveMs',
  missing: number,
): number {
  const value: unknown = roll[name]
  if (value === undefined) return missing
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(`"roll.${name}" must be a whole number of at least 1, got ${JSON.stringify(value)}`)
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `fileSink: ${message}`)
}
