/**
 * What subtasks make of records for the writers of files on other threads: UTF-8, ready to be written. Shared by the sinks for files.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { RecordPacker } from '../../operators/sink.ts'
import type { PieceEncoder, RecordFormat } from './record-format.ts'

/** Records for one bucket of a folder as text. Plain data. */
export interface BucketText {
  /** What the bucket function said; undefined: there is none. */
  readonly bucket: string | undefined
  readonly bytes: Uint8Array
  readonly records: number
}

/** Which folder a record belongs to. */
export type BucketOf<T> = (record: T, timestamp: number) => string

/** The part of a sink that packs records for one file, as bytes. Empty where the format has no pieces. */
export function packingText<T>(format: RecordFormat<T>): {
  createPacker?: () => RecordPacker<T, Uint8Array>
} {
  if (format.pieces === undefined) return {}
  return {
    createPacker: () => {
      const encoder = piecesOf(format)
      return { pack: (values) => bytesOf(encoder.encode(values)) }
    },
  }
}

/** The part of a sink that packs records for the buckets of a folder, in the order in which these come up. Empty as above. */
export function packingBuckets<T>(
  format: RecordFormat<T>,
  bucket: BucketOf<T> | undefined,
): { createPacker?: () => RecordPacker<T, readonly BucketText[]> } {
  if (format.pieces === undefined) return {}
  return {
    createPacker: () => {
      const encoder = piecesOf(format)
      return {
        pack: (values, timestamps) =>
          inBuckets(values, timestamps, bucket).map(([name, records]) => ({
            bucket: name,
            bytes: bytesOf(encoder.encode(records)),
            records: records.length,
          })),
      }
    },
  }
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text
}

function piecesOf<T>(format: RecordFormat<T>): PieceEncoder<T> {
  const encoder: unknown = format.pieces?.()
  if (typeof (encoder as Partial<PieceEncoder<T>> | undefined)?.encode === 'function')
    return encoder as PieceEncoder<T>
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `expected pieces() of the format '${format.name}' to return an object with the function encode`,
  )
}

/** Undefined would mean that there are no buckets, but a function that forgot to return is a mistake. Errors: `INVALID_BUCKET`. */
function named(bucket: string | undefined): string {
  if (bucket !== undefined) return bucket
  throw new MillraceError(
    'INVALID_BUCKET',
    'fileSink: "bucket" must return names of folders with "/" between them, got undefined',
  )
}

/** The records of each bucket, in the order in which the buckets come up. */
export function inBuckets<T>(
  values: readonly T[],
  timestamps: Float64Array,
  bucket: BucketOf<T> | undefined,
): (readonly [string | undefined, readonly T[]])[] {
  if (bucket === undefined) return [[undefined, values]]
  const byBucket = new Map<string, T[]>()
  for (const [index, value] of values.entries()) {
    const name = bucket(value, timestamps[index] ?? Number.NaN)
    const records = byBucket.get(name)
    if (records !== undefined) records.push(value)
    else byBucket.set(named(name), [value])
  }
  return [...byBucket]
}
