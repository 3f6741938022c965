/**
 * Names of the files of a folder sink, hidden and visible, and what is removed by them when a job starts or goes on. In subtasks.
 *
 *     part-00001-3f9a1c2b-000017.jsonl                visible
 *     .part-00001-3f9a1c2b-000017.jsonl.4711.pending  hidden, written by process 4711
 *          ----- -------- ------
 *          subtask  mark  number
 *          ------tag-----
 */
import { join } from 'node:path'
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { escaped } from '../files/output-names.ts'
import { systemCode } from '../files/paths.ts'

/** What the names of a sink have in common. */
export interface NameParts {
  readonly prefix: string
  readonly extension: string
}

/** A tag that no writer has had before. */
export function newTag(subtaskIndex: number, disk: OutputDisk): string {
  return `${String(subtaskIndex + 1).padStart(5, '0')}-${disk.newMark()}`
}

/** Which of the files of a sink. */
export interface FileNumber {
  readonly tag: string
  readonly number: number
  /** The process that writes it. */
  readonly pid: number
}

/** The visible and the hidden path of a file. */
export function folderTarget(
  folder: string,
  { prefix, extension }: NameParts,
  { tag, number, pid }: FileNumber,
): { readonly final: string; readonly temporary: string } {
  const name = `${prefix}-${tag}-${String(number).padStart(6, '0')}${extension}`
  const temporary = join(folder, `.${name}.${pid}.pending`)
  return { final: join(folder, name), temporary }
}

/** The path of a bucket inside the directory. Errors: `INVALID_BUCKET`. */
export function bucketFolder(directory: string, bucket: unknown): string {
  const names = typeof bucket === 'string' ? bucket.split('/') : ['']
  if (
    names.some(
      (name) =>
        name === '' || name === '.' || name === '..' || name.includes('\\') || name.includes('\0'),
    )
  ) {
    throw new MillraceError(
      'INVALID_BUCKET',
      `fileSink: "bucket" must return names of folders with "/" between them, got ${JSON.stringify(bucket)}`,
    )
  }
  return join(directory, ...names)
}

/**
 * Removes the files of some writers, hidden and visible, from a number on: what they had written behind the checkpoint from which
 * the job goes on.
 */
export async function withdraw(
  directory: string,
  parts: NameParts,
  from: readonly { readonly tag: string; readonly next: number }[],
  disk: OutputDisk,
): Promise<void> {
  const nextOf = new Map(from.map(({ tag, next }) => [tag, next]))
  await removeFiles(directory, parts, disk, ({ tag, number }) => {
    const next = nextOf.get(tag)
    return next !== undefined && number >= next
  })
}

/**
 * Removes hidden files that killed attempts have left: those of the same subtask, and the first one removes those of
 * subtasks that there are none of now. What a living process writes stays. Only for a job that starts from nothing.
 */
export async function removePending(
  directory: string,
  parts: NameParts,
  subtask: { readonly subtaskIndex: number; readonly parallelism: number },
  disk: OutputDisk,
): Promise<void> {
  await removeFiles(directory, parts, disk, async ({ tag, pid, path }) => {
    if (pid === undefined) return false
    const writer = Number(tag.slice(0, 5)) - 1
    const heir = writer >= subtask.parallelism ? 0 : writer
    return heir === subtask.subtaskIndex && (await isLeftBehind(pid, path, disk))
  })
}

/** Numbers of processes are given again, in containers often the same: then the file is older than this process. */
async function isLeftBehind(pid: number, path: string, disk: OutputDisk): Promise<boolean> {
  const own = disk.process
  if (pid !== own.id) return !own.isRunning(pid)
  const found = await disk.facts(path).catch(() => undefined)
  return found !== undefined && found.writtenMs < own.begunMs
}

interface FoundFile {
  readonly path: string
  readonly tag: string
  readonly number: number
  /** Who writes it; undefined: it is visible. */
  readonly pid: number | undefined
}

async function removeFiles(
  directory: string,
  { prefix, extension }: NameParts,
  disk: OutputDisk,
  unwanted: (file: FoundFile) => boolean | Promise<boolean>,
): Promise<void> {
  const name = `${escaped(prefix)}-(\\d{5}-[0-9a-f]{8})-(\\d{6,})${escaped(extension)}`
  const pattern = new RegExp(`^(?:${name}|\\.${name}\\.(\\d+)\\.pending)$`)
  const changed = new Set<string>()
  for await (const { folder, name: found } of filesBelow(directory, disk)) {
    const [, visibleTag, visibleNumber, hiddenTag, hiddenNumber, pid] = pattern.exec(found) ?? []
    const tag = visibleTag ?? hiddenTag
    if (tag === undefined) continue
    const path = join(folder, found)
    const file: FoundFile = {
      path,
      tag,
      number: Number(visibleNumber ?? hiddenNumber),
      pid: pid === undefined ? undefined : Number(pid),
    }
    if (!(await unwanted(file))) continue
    changed.add(folder)
    await remove(path, disk)
  }
  // What is gone must not come back after a loss of power, when nobody looks for it any more.
  for (const folder of changed) await disk.syncFolder(folder)
}

/** The files in a folder, and in those below it. */
async function* filesBelow(
  folder: string,
  disk: OutputDisk,
): AsyncGenerator<{ readonly folder: string; readonly name: string }> {
  for (const { name, kind } of await disk.entries(folder)) {
    if (kind === 'file') yield { folder, name }
    else if (kind === 'folder') yield* filesBelow(join(folder, name), disk)
  }
}

async function remove(path: string, disk: OutputDisk): Promise<void> {
  try {
    await disk.removeFile(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
