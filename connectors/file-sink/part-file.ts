/**
 * One file of a folder sink while it is being written: its contents, how much it has, and how old it is. Used by one writer.
 */
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import type { FileCommittable } from '../files/commit-files.ts'
import { OutputFile, type FileState } from '../files/output-file.ts'
import type {
  BulkEncoder,
  BulkFormat,
  RecordEncoder,
  RecordFormat,
} from '../files/record-format.ts'

/** What files of a folder can be made of. */
export type FileFormat<T> = RecordFormat<T> | BulkFormat<T>

/** When a file is ended; infinite where nothing was said. Times in milliseconds. */
export interface RollLimits {
  readonly bytes: number
  readonly records: number
  readonly ageMs: number
  readonly inactiveMs: number
}

/** Whether files are whole only with their last bytes. */
export function isBulk<T>(format: FileFormat<T>): format is BulkFormat<T> {
  return 'bulkEncoder' in format
}

/** See the head of this file. */
export class PartFile<T> {
  readonly committable: FileCommittable
  readonly #file: OutputFile
  readonly #text: RecordEncoder<T> | undefined
  readonly #bulk: BulkEncoder<T> | undefined
  readonly #begunMs: number
  #writtenMs: number
  #records = 0
  #bytes = 0

  private constructor(
    committable: FileCommittable,
    file: OutputFile,
    format: FileFormat<T>,
    nowMs: number,
  ) {
    this.committable = committable
    this.#file = file
    if (isBulk(format)) this.#bulk = format.bulkEncoder()
    else this.#text = format.encoder()
    this.#begunMs = nowMs
    this.#writtenMs = nowMs
  }

  /** Creates the hidden file. Rejects as the disk does. */
  static async create<T>(
    committable: FileCommittable,
    format: FileFormat<T>,
    nowMs: number,
    disk: OutputDisk,
  ): Promise<PartFile<T>> {
    return new PartFile(committable, await OutputFile.create(committable, disk), format, nowMs)
  }

  /** How many more records it may take. */
  room({ records }: RollLimits): number {
    return records - this.#records
  }

  /** Whether it has as much as it may have. */
  isFull({ records, bytes }: RollLimits): boolean {
    return this.#records >= records || this.#bytes >= bytes
  }

  /** Whether it is too old, or has not been written to for too long. */
  isDue({ ageMs, inactiveMs }: RollLimits, nowMs: number): boolean {
    return nowMs - this.#begunMs >= ageMs || nowMs - this.#writtenMs >= inactiveMs
  }

  /** Writes records. Settles when more may come. */
  async append(values: readonly T[], nowMs: number): Promise<void> {
    const first = this.#records === 0
    this.#records += values.length
    this.#writtenMs = nowMs
    if (this.#text !== undefined) {
      const text = this.#text.encode(values, first)
      this.#bytes += Buffer.byteLength(text)
      await this.#file.write(text)
      return
    }
    const bytes = this.#bulk?.encode(values)
    if (bytes === undefined) return
    this.#bytes += bytes.length
    await this.#file.writeBytes(bytes)
  }

  /** Writes a piece of text, UTF-8, of so many records. Only for text. Settles as `append` does. */
  async appendText(piece: Uint8Array, records: number, nowMs: number): Promise<void> {
    const begins = this.#records === 0 ? (this.#text?.empty() ?? '') : ''
    if (begins !== '') await this.#file.write(begins)
    this.#records += records
    this.#writtenMs = nowMs
    this.#bytes += Buffer.byteLength(begins) + piece.length
    await this.#file.write(piece)
  }

  /** Hands what it can to the operating system. */
  flush(): Promise<void> {
    return this.#file.flush()
  }

  /** Waits for the disk and says how far the file is. Only for text. */
  sync(): Promise<FileState> {
    return this.#file.sync()
  }

  /** Writes the rest, waits for the disk and closes the file, which stays hidden. */
  async end(): Promise<void> {
    if (this.#bulk !== undefined) await this.#file.writeBytes(this.#bulk.end())
    await this.#file.finish()
  }

  /** Gives it up; `keep`: what is on disk stays. Never throws. */
  abort(keep: boolean): Promise<void> {
    return this.#file.abort(keep)
  }
}
