/**
 * Writes the files of one subtask into a folder. Where files end at each barrier, all that a writer has to remember is the number of
 * the next file; where they go on, also how far each open one is.
 */
import { resolve } from 'node:path'
import { makeFolder } from '../../checkpoint/store/make-folder.ts'
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import type { PreparedWrites, SinkWriter, WriterContext } from '../../operators/sink.ts'
import type { Clock } from '../../runtime/clock.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { commitFiles, exists, type FileCommittable } from '../files/commit-files.ts'
import { notWritable, outputError, OutputFile, type FileState } from '../files/output-file.ts'
import { inBuckets, type BucketOf, type BucketText } from '../files/packed-text.ts'
import { bucketFolder, folderTarget, newTag, removePending, withdraw } from './folder-names.ts'
import { PartFile, type FileFormat, type RollLimits } from './part-file.ts'

/** More files than these are not open at once. */
const MOST_OPEN_FILES = 64
/** So many folders are known to be on disk; after more of them all are looked at again. */
const MOST_KNOWN_FOLDERS = 4096

/** The checked options of the sink. */
export interface FolderOptions<T> {
  readonly directory: string
  readonly format: FileFormat<T>
  readonly limits: RollLimits
  /** Whether all files end at each barrier. */
  readonly atCheckpoint: boolean
  readonly bucket: BucketOf<T> | undefined
  readonly prefix: string
  readonly disk: OutputDisk
}

/** What a writer needs to go on. Plain data, part of checkpoints. */
export interface FolderState {
  /** What its files have in their names and no others have. */
  readonly tag: string
  /** Number of the next file. */
  readonly next: number
  /** Files that were open at the barrier, and how far they were. None in states of versions that ended all. */
  readonly open?: readonly FileState[]
}

/** See the head of this file. */
export class FolderWriter<T> implements SinkWriter<T, FolderState, FileCommittable> {
  readonly #options: FolderOptions<T>
  readonly #clock: Clock
  readonly #tag: string
  #next: number
  /** By folder, the one that was written to last at the end. */
  readonly #open = new Map<string, PartFile<T>>()
  /** Ended since the last `prepare`. */
  #ended: FileCommittable[] = []
  /** Handed over by `prepare`, and not committed then. */
  #prepared: FileCommittable[] = []
  /** Hidden names of files that were open at a barrier, and may have ended since: a checkpoint may count on them. */
  #counted = new Set<string>()
  /** Hidden names of those that the checkpoint counts on from which the job goes on: it may do so again. */
  readonly #inherited = new Set<string>()
  /** Folders that are on disk. */
  readonly #folders = new Set<string>()
  #last = false

  private constructor(options: FolderOptions<T>, clock: Clock, { tag, next }: FolderState) {
    this.#options = options
    this.#clock = clock
    this.#tag = tag
    this.#next = next
  }

  static async open<T>(
    options: FolderOptions<T>,
    context: WriterContext<FolderState>,
  ): Promise<FolderWriter<T>> {
    const directory = resolve(options.directory)
    const names = { prefix: options.prefix, extension: options.format.extension }
    const { disk } = options
    const { restored } = context
    try {
      await makeFolder(directory, disk)
      if (restored === undefined) await removePending(directory, names, context, disk)
      else await withdraw(directory, names, restored, disk)
    } catch (error) {
      throw notWritable(directory, error)
    }
    const state = restored?.[0] ?? { tag: newTag(context.subtaskIndex, disk), next: 0 }
    const clock = context.clock ?? systemClock
    const writer = new FolderWriter({ ...options, directory }, clock, state)
    writer.#folders.add(directory)
    for (const open of restored?.flatMap((one) => one.open ?? []) ?? []) await writer.#endCut(open)
    return writer
  }

  async write(values: readonly T[], timestamps: Float64Array): Promise<void> {
    const { bucket } = this.#options
    for (const [name, records] of inBuckets(values, timestamps, bucket)) {
      await this.#append(this.#folderOf(name), records)
    }
  }

  async writePacked(packed: unknown): Promise<void> {
    for (const { bucket, bytes, records } of packed as readonly BucketText[]) {
      const folder = this.#folderOf(bucket)
      const nowMs = this.#clock.now()
      const file = await this.#fileFor(folder, nowMs)
      await file.appendText(bytes, records, nowMs)
      await this.#appended(folder, file)
    }
  }

  async flush(): Promise<void> {
    for (const file of this.#open.values()) await file.flush()
  }

  async prepare(last: boolean): Promise<PreparedWrites<FolderState, FileCommittable>> {
    const nowMs = this.#clock.now()
    const { limits, atCheckpoint } = this.#options
    await this.#endAll((file) => last || atCheckpoint || file.isDue(limits, nowMs))
    const open = await allSettled([...this.#open.values()].map((file) => file.sync()))
    this.#last = last
    // what belonged to a checkpoint that was given up has not been committed, and becomes part of this one
    this.#prepared = [...(await this.#stillPending()), ...this.#ended]
    this.#ended = []
    const earlier = this.#prepared.filter(({ temporary }) => this.#counted.has(temporary))
    this.#counted = new Set([...open, ...earlier].map(({ temporary }) => temporary))
    const state = { tag: this.#tag, next: this.#next, ...(open.length === 0 ? {} : { open }) }
    return { state, committables: this.#prepared }
  }

  async close(): Promise<void> {
    if (this.#last) return
    await this.#endAll(() => true)
    await commitFiles([...(await this.#stillPending()), ...this.#ended], this.#options.disk)
  }

  async abort(keepPrepared = false): Promise<void> {
    const { disk } = this.#options
    const isCounted = ({ temporary }: FileCommittable): boolean =>
      this.#inherited.has(temporary) || (keepPrepared && this.#counted.has(temporary))
    for (const file of this.#open.values()) await file.abort(isCounted(file.committable))
    this.#open.clear()
    const ended = keepPrepared ? this.#ended : [...this.#prepared, ...this.#ended]
    for (const file of ended) {
      if (!isCounted(file)) await disk.removeFile(file.temporary).catch(() => undefined)
    }
  }

  #folderOf(bucket: string | undefined): string {
    const { directory } = this.#options
    return bucket === undefined ? directory : bucketFolder(directory, bucket)
  }

  async #append(folder: string, records: readonly T[]): Promise<void> {
    const { limits } = this.#options
    let rest = records
    while (rest.length > 0) {
      const nowMs = this.#clock.now()
      const file = await this.#fileFor(folder, nowMs)
      const room = file.room(limits)
      const piece = rest.length <= room ? rest : rest.slice(0, room)
      rest = rest.slice(piece.length)
      await file.append(piece, nowMs)
      await this.#appended(folder, file)
    }
  }

  async #appended(folder: string, file: PartFile<T>): Promise<void> {
    if (file.isFull(this.#options.limits)) await this.#end(folder, file)
    else this.#touch(folder, file)
  }

  async #fileFor(folder: string, nowMs: number): Promise<PartFile<T>> {
    const open = this.#open.get(folder)
    if (open !== undefined) {
      if (!open.isDue(this.#options.limits, nowMs)) return open
      await this.#end(folder, open)
    } else if (this.#open.size >= MOST_OPEN_FILES) {
      const [oldest] = this.#open
      if (oldest !== undefined) await this.#end(...oldest)
    }
    return this.#begin(folder, nowMs)
  }

  async #begin(folder: string, nowMs: number): Promise<PartFile<T>> {
    const { prefix, format, disk } = this.#options
    const names = { prefix, extension: format.extension }
    const number = { tag: this.#tag, number: this.#next++, pid: disk.process.id }
    const committable = folderTarget(folder, names, number)
    try {
      await this.#makeFolder(folder)
      const file = await PartFile.create(committable, format, nowMs, disk)
      this.#open.set(folder, file)
      return file
    } catch (error) {
      throw notWritable(committable.final, error)
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return
    await makeFolder(folder, this.#options.disk)
    if (this.#folders.size >= MOST_KNOWN_FOLDERS) this.#folders.clear()
    this.#folders.add(folder)
  }

  /** Makes it the one that was written to last. */
  #touch(folder: string, file: PartFile<T>): void {
    if (this.#open.size === 1) return
    this.#open.delete(folder)
    this.#open.set(folder, file)
  }

  async #end(folder: string, file: PartFile<T>): Promise<void> {
    await file.end()
    this.#open.delete(folder)
    this.#ended.push(file.committable)
  }

  async #endAll(chosen: (file: PartFile<T>) => boolean): Promise<void> {
    const unwanted = [...this.#open].filter(([, file]) => chosen(file))
    await allSettled(unwanted.map(([folder, file]) => this.#end(folder, file)))
  }

  /**
   * Ends a file that was open at the barrier where it was then: nobody goes on with it, for the next attempt may have another
   * parallelism. If it has become visible since, because the job had gone on, it is hidden again until its next commit.
   */
  async #endCut(state: FileState): Promise<void> {
    const { disk } = this.#options
    const { temporary, final } = state
    try {
      const isVisible = !(await exists(temporary, disk)) && (await exists(final, disk))
      if (isVisible) await disk.rename(final, temporary)
    } catch (error) {
      throw outputError(error, final)
    }
    const file = await OutputFile.resume(state, disk)
    await file.finish()
    this.#inherited.add(temporary)
    this.#ended.push({ temporary, final })
  }

  /** What was prepared and nobody has committed yet. What is being committed at this moment may be among it: that does no harm. */
  async #stillPending(): Promise<FileCommittable[]> {
    const pending: FileCommittable[] = []
    for (const file of this.#prepared) {
      try {
        if (await exists(file.temporary, this.#options.disk)) pending.push(file)
      } catch (error) {
        throw outputError(error, file.final)
      }
    }
    return pending
  }
}

/** All results; the first failure only when none is under way any more. */
async function allSettled<R>(promises: readonly Promise<R>[]): Promise<R[]> {
  const results = await Promise.allSettled(promises)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
