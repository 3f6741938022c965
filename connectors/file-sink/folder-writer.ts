/**
 * Writes the files of one subtask into a folder. A file is ended at each barrier, so all that a writer has to remember is the number
 * of the next file.
 */
import { stat, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { PreparedWrites, SinkWriter, WriterContext } from '../../operators/sink.ts'
import { commitFiles, type FileCommittable } from '../files/commit-files.ts'
import { notWritable, outputError, OutputFile } from '../files/output-file.ts'
import { systemCode } from '../files/paths.ts'
import type { RecordEncoder, RecordFormat } from '../files/record-format.ts'
import {
  bucketFolder,
  folderTarget,
  makeFolder,
  newTag,
  removePending,
  withdraw,
} from './folder-names.ts'

/** More files than these are not open at once. */
const MOST_OPEN_FILES = 64

/** The checked options of the sink. */
export interface FolderOptions<T> {
  readonly directory: string
  readonly format: RecordFormat<T>
  readonly rollBytes: number
  readonly rollRecords: number
  readonly bucket: ((record: T) => string) | undefined
  readonly prefix: string
}

/** What a writer needs to go on. Plain data, part of checkpoints. */
export interface FolderState {
  /** What its files have in their names and no others have. */
  readonly tag: string
  /** Number of the next file. */
  readonly next: number
}

interface OpenFile<T> {
  readonly file: OutputFile
  readonly committable: FileCommittable
  readonly encoder: RecordEncoder<T>
  records: number
  bytes: number
}

/** See the head of this file. */
export class FolderWriter<T> implements SinkWriter<T, FolderState, FileCommittable> {
  readonly #options: FolderOptions<T>
  readonly #tag: string
  #next: number
  /** By folder, the one that was written to last at the end. */
  readonly #open = new Map<string, OpenFile<T>>()
  /** Ended since the last `prepare`. */
  #ended: FileCommittable[] = []
  /** Handed over by `prepare`, and not committed then. */
  #prepared: FileCommittable[] = []
  #last = false

  private constructor(options: FolderOptions<T>, { tag, next }: FolderState) {
    this.#options = options
    this.#tag = tag
    this.#next = next
  }

  static async open<T>(
    options: FolderOptions<T>,
    context: WriterContext<FolderState>,
  ): Promise<FolderWriter<T>> {
    const directory = resolve(options.directory)
    const names = { prefix: options.prefix, extension: options.format.extension }
    const { restored } = context
    try {
      await makeFolder(directory)
      if (restored === undefined) await removePending(directory, names, context)
      else await withdraw(directory, names, restored)
    } catch (error) {
      throw notWritable(directory, error)
    }
    const state = restored?.[0] ?? { tag: newTag(context.subtaskIndex), next: 0 }
    return new FolderWriter({ ...options, directory }, state)
  }

  async write(values: readonly T[]): Promise<void> {
    for (const [folder, records] of this.#byFolder(values)) await this.#append(folder, records)
  }

  async flush(): Promise<void> {
    for (const { file } of this.#open.values()) await file.flush()
  }

  async prepare(last: boolean): Promise<PreparedWrites<FolderState, FileCommittable>> {
    await this.#endAll()
    this.#last = last
    // what belonged to a checkpoint that was given up has not been committed, and becomes part of this one
    this.#prepared = [...(await stillPending(this.#prepared)), ...this.#ended]
    this.#ended = []
    return { state: { tag: this.#tag, next: this.#next }, committables: this.#prepared }
  }

  async close(): Promise<void> {
    if (this.#last) return
    await this.#endAll()
    await commitFiles([...(await stillPending(this.#prepared)), ...this.#ended])
  }

  async abort(keepPrepared = false): Promise<void> {
    for (const { file } of this.#open.values()) await file.abort()
    this.#open.clear()
    const unwanted = keepPrepared ? this.#ended : [...this.#prepared, ...this.#ended]
    for (const { temporary } of unwanted) await unlink(temporary).catch(() => undefined)
  }

  #byFolder(values: readonly T[]): Iterable<readonly [string, readonly T[]]> {
    const { bucket, directory } = this.#options
    if (bucket === undefined) return [[directory, values]]
    const byBucket = new Map<string, T[]>()
    for (const value of values) {
      const name = bucket(value)
      const records = byBucket.get(name)
      if (records === undefined) byBucket.set(name, [value])
      else records.push(value)
    }
    return [...byBucket].map(([name, records]) => [bucketFolder(directory, name), records] as const)
  }

  async #append(folder: string, records: readonly T[]): Promise<void> {
    const { rollBytes, rollRecords } = this.#options
    let rest = records
    while (rest.length > 0) {
      const open = this.#open.get(folder) ?? (await this.#begin(folder))
      const room = rollRecords - open.records
      const piece = rest.length <= room ? rest : rest.slice(0, room)
      rest = rest.slice(piece.length)
      const text = open.encoder.encode(piece, open.records === 0)
      open.records += piece.length
      open.bytes += Buffer.byteLength(text)
      await open.file.write(text)
      if (open.records >= rollRecords || open.bytes >= rollBytes) await this.#end(folder, open)
      else this.#touch(folder, open)
    }
  }

  async #begin(folder: string): Promise<OpenFile<T>> {
    if (this.#open.size >= MOST_OPEN_FILES) {
      const [oldest] = this.#open
      if (oldest !== undefined) await this.#end(...oldest)
    }
    const { prefix, format } = this.#options
    const names = { prefix, extension: format.extension }
    const committable = folderTarget(folder, names, this.#tag, this.#next++)
    try {
      await makeFolder(folder)
      const file = await OutputFile.create(committable)
      const open = { file, committable, encoder: format.encoder(), records: 0, bytes: 0 }
      this.#open.set(folder, open)
      return open
    } catch (error) {
      throw notWritable(committable.final, error)
    }
  }

  /** Makes it the one that was written to last. */
  #touch(folder: string, open: OpenFile<T>): void {
    if (this.#open.size === 1) return
    this.#open.delete(folder)
    this.#open.set(folder, open)
  }

  async #end(folder: string, { file, committable }: OpenFile<T>): Promise<void> {
    await file.finish()
    this.#open.delete(folder)
    this.#ended.push(committable)
  }

  async #endAll(): Promise<void> {
    const ends = [...this.#open].map(([folder, open]) => this.#end(folder, open))
    // none is left running behind the failure of another
    const results = await Promise.allSettled(ends)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}

/** Those that nobody has committed yet. One that is being committed at this moment may be among them: that does no harm. */
async function stillPending(files: readonly FileCommittable[]): Promise<FileCommittable[]> {
  const pending: FileCommittable[] = []
  for (const file of files) {
    try {
      await stat(file.temporary)
      pending.push(file)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw outputError(error, file.final)
    }
  }
  return pending
}
