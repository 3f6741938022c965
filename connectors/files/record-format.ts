/**
 * How records become the contents of files, apart from where these go: what the sinks for single files and the one for folders share.
 */
import type { PlainData } from '../../operators/source.ts'

/** A text format for files of records. A definition without state of its own: each file gets an encoder. */
export interface RecordFormat<T> {
  /** Shown in plans and errors, e.g. `jsonLines`. */
  readonly name: string
  /** What names of files end with, e.g. `.jsonl`. */
  readonly extension: string
  /** The encoder of one file; `memory` is what the encoder of the same file had said when the job stood still. */
  encoder(memory?: PlainData): RecordEncoder<T>
  /**
   * Makes an encoder of pieces: texts of records that may stand anywhere in any file of this format behind what its encoder calls `empty()`. Then
   * records on their way to writers on other threads become text where they come from. Default: the text depends on what stands before it.
   */
  pieces?(): PieceEncoder<T>
}

/** Turns records into text, whatever file they are for. Used by one subtask. */
export interface PieceEncoder<T> {
  /** The text of some records, at least one, as it is or as UTF-8 that is not changed later. Throws a `MillraceError` for a record that the format can't hold. */
  encode(values: readonly T[]): string | Uint8Array
}

/** Turns the records of one file into text. Used by one subtask. */
export interface RecordEncoder<T> {
  /**
   * The text of some records, as it is or as UTF-8 that is not changed later; `first`: nothing is in the file yet. Throws a `MillraceError`
   * for a record that the format can't hold.
   */
  encode(values: readonly T[], first: boolean): string | Uint8Array
  /** What a file without any record holds; of a format with pieces, what stands before the first one. */
  empty(): string
  /** What an encoder needs to go on with the file, plain data. */
  readonly memory: PlainData
}

/**
 * A format whose files are whole only with their last bytes, so that none can be cut off at a barrier and gone on with: a file
 * ends at each checkpoint. Flink calls these bulk formats. A definition without state of its own.
 */
export interface BulkFormat<T> {
  /** Shown in plans and errors, e.g. `parquet`. */
  readonly name: string
  /** What names of files end with, e.g. `.parquet`. */
  readonly extension: string
  /** The encoder of one file. */
  bulkEncoder(): BulkEncoder<T>
}

/** Turns the records of one file into bytes. Used by one subtask. */
export interface BulkEncoder<T> {
  /**
   * Takes records over and returns the bytes that can be written by now, if any; they are not changed later. Throws a `MillraceError`
   * for a record that the format can't hold.
   */
  encode(values: readonly T[]): Uint8Array | undefined
  /** Returns the last bytes of the file. Called once, after at least one record. */
  end(): Uint8Array
}
