/**
 * The sink that writes one file per subtask, in two phases: until the job has finished the file has a temporary name, and a job
 * that goes on from a checkpoint goes on behind what it had written until then. Writers run in subtasks, `commit` on the coordinator.
 */
import { dirname, resolve } from 'node:path'
import { makeFolder } from '../../checkpoint/store/make-folder.ts'
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import type { PlainData } from '../../operators/source.ts'
import type { PreparedWrites, Sink, SinkWriter, WriterContext } from '../../operators/sink.ts'
import { commitFiles, type FileCommittable } from './commit-files.ts'
import { nodeOutputDisk } from './node-output-disk.ts'
import { notWritable, OutputFile, type FileState } from './output-file.ts'
import { packingText } from './packed-text.ts'
import { exclusivePath, partPath, removeLeftovers, targetOf } from './output-names.ts'
import type { RecordEncoder, RecordFormat } from './record-format.ts'

/** What a writer had written at a barrier. Plain data, part of checkpoints. */
export interface OutputState {
  /** The file that is being written; undefined: none was begun, or it had been finished. */
  readonly open?: FileState | undefined
  /** Files of former subtasks that nobody writes any more, and that become visible with the rest. */
  readonly parts: readonly FileState[]
  /** What the encoder of the open file said. */
  readonly memory?: PlainData
}

/** A sink that writes records in some format to `path`, or to its parts at a parallelism above 1. */
export function partSink<T>(
  path: string,
  format: RecordFormat<T>,
): Sink<T, OutputState, FileCommittable> {
  return {
    ...sinkOf(path, format, nodeOutputDisk),
    exclusiveOutput: () => exclusivePath(path, nodeOutputDisk),
    onDisk: (disk) => {
      const sink = sinkOf(path, format, disk)
      return {
        ...sink,
        // The folder must exist, but a disk that is new has none.
        open: async (context) => {
          await makeFolder(dirname(resolve(path)), disk)
          return sink.open(context)
        },
      }
    },
  }
}

function sinkOf<T>(
  path: string,
  format: RecordFormat<T>,
  disk: OutputDisk,
): Sink<T, OutputState, FileCommittable> {
  return {
    ...packingText(format),
    name: `${format.name}(${path})`,
    open: (context) => PartWriter.open({ path, disk, context }, format),
    commit: (files) => commitFiles(files, disk),
  }
}

/** Where a writer writes. */
interface Place {
  readonly path: string
  readonly disk: OutputDisk
  readonly context: WriterContext<OutputState>
}

class PartWriter<T> implements SinkWriter<T, OutputState, FileCommittable> {
  readonly #place: Place
  readonly #encoder: RecordEncoder<T>
  readonly #parts: readonly FileState[]
  /** Undefined where a writer went on that had no open file, until the first record; and at the end. */
  #file: OutputFile | undefined
  /** Whether the file holds something. */
  #begun: boolean
  /** Whether a checkpoint may count on files of this writer. */
  #prepared: boolean
  /** Set by the last `prepare`: nothing is left to be made visible by `close`. */
  #finished: readonly FileState[] | undefined

  private constructor(
    place: Place,
    encoder: RecordEncoder<T>,
    begun: {
      readonly file?: OutputFile
      readonly length: number
      readonly parts: readonly FileState[]
    },
  ) {
    this.#place = place
    this.#encoder = encoder
    this.#file = begun.file
    this.#begun = begun.length > 0
    this.#parts = begun.parts
    this.#prepared = place.context.restored !== undefined
  }

  static async open<T>(place: Place, format: RecordFormat<T>): Promise<PartWriter<T>> {
    const { disk, context } = place
    const { restored } = context
    if (restored === undefined) {
      const file = await create(place)
      return new PartWriter(place, format.encoder(), { file, length: 0, parts: [] })
    }
    const continued = restored.find(({ open }) => open !== undefined)
    const parts: FileState[] = []
    for (const state of restored) {
      const further = state === continued || state.open === undefined ? [] : [state.open]
      for (const part of [...state.parts, ...further]) parts.push(await cutOff(part, disk))
    }
    const open = continued?.open
    const begun = open === undefined ? {} : { file: await OutputFile.resume(open, disk) }
    const encoder = format.encoder(continued?.memory)
    return new PartWriter(place, encoder, { ...begun, length: open?.length ?? 0, parts })
  }

  write(values: readonly T[]): void | Promise<void> {
    if (values.length === 0) return
    const text = this.#encoder.encode(values, !this.#begun)
    this.#begun = true
    return this.#append(text)
  }

  writePacked(packed: unknown): void | Promise<void> {
    const begins = this.#begun ? '' : this.#encoder.empty()
    this.#begun = true
    if (begins === '') return this.#append(packed as Uint8Array)
    return this.#append(Buffer.concat([Buffer.from(begins), packed as Uint8Array]))
  }

  #append(text: string | Uint8Array): void | Promise<void> {
    return this.#file === undefined ? this.#beginWith(text) : this.#file.write(text)
  }

  async flush(): Promise<void> {
    await this.#file?.flush()
  }

  async prepare(last: boolean): Promise<PreparedWrites<OutputState, FileCommittable>> {
    if (last) {
      await this.#finish()
      this.#prepared = true
      // a state without a file: if this writer is opened again, the name of the file that is committed now is taken
      return { state: { parts: [] }, committables: (this.#finished ?? []).map(committableOf) }
    }
    const file = this.#file
    if (file !== undefined && !file.regular) await file.flush()
    const open = file?.regular === true ? await file.sync() : undefined
    this.#prepared = true
    return { state: { open, parts: this.#parts, memory: this.#encoder.memory } }
  }

  async close(): Promise<void> {
    if (this.#finished !== undefined) return
    try {
      await this.#finish()
    } catch (error) {
      await this.abort()
      throw error
    }
    await commitFiles(this.#finished ?? [], this.#place.disk)
  }

  async abort(keepPrepared = false): Promise<void> {
    const keep = keepPrepared && this.#prepared
    await this.#file?.abort(keep)
    if (keep) return
    for (const { temporary } of this.#finished ?? this.#parts) {
      await this.#place.disk.removeFile(temporary).catch(() => undefined)
    }
  }

  /** Only a writer that goes on gets here; many of them will not see another record, and then leave no empty file. */
  async #beginWith(text: string | Uint8Array): Promise<void> {
    this.#file = await create(this.#place)
    await this.#file.write(text)
  }

  async #finish(): Promise<void> {
    if (this.#finished !== undefined) return
    if (this.#file !== undefined && !this.#begun) {
      const text = this.#encoder.empty()
      if (text !== '') await this.#file.write(text)
    }
    const own = await this.#file?.finish()
    this.#finished = own === undefined ? this.#parts : [...this.#parts, own]
  }
}

function committableOf({ temporary, final }: FileState): FileCommittable {
  return { temporary, final }
}

/** A new file under the name of the subtask; in a job that goes on that name may be taken, so the file gets one of its own. */
async function create({ path, disk, context }: Place): Promise<OutputFile> {
  const fresh = context.restored === undefined
  try {
    const target = await targetOf(path, context, !fresh, disk)
    if (fresh && target.temporary !== target.final) {
      await removeLeftovers(path, context, target.final, disk)
    }
    return await OutputFile.create(target, disk)
  } catch (error) {
    throw notWritable(partPath(path, context), error)
  }
}

async function cutOff(state: FileState, disk: OutputDisk): Promise<FileState> {
  const file = await OutputFile.resume(state, disk)
  return (await file.finish()) ?? state
}
