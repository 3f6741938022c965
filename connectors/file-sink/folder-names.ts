/**
 * Names of the files of a folder sink, hidden and visible, and what is removed by them when a job starts or goes on. In subtasks.
 *
 *     part-00001-3f9a1c2b-000017.jsonl                visible
 *     .part-00001-3f9a1c2b-000017.jsonl.4711.pending  hidden, written by process 4711
 *          ----- -------- ------
 *          subtask  mark  number
 *          ------tag-----
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MillraceError } from '../../mailbox/errors.ts'
import { syncFolder } from '../files/commit-files.ts'
import { escaped, isOtherProcess } from '../files/output-names.ts'

/** What the names of a sink have in common. */
export interface NameParts {
  readonly prefix: string
  readonly extension: string
}

/** A tag that no writer has had before. */
export function newTag(subtaskIndex: number): string {
  return `${String(subtaskIndex + 1).padStart(5, '0')}-${randomBytes(4).toString('hex')}`
}

/** The visible and the hidden path of a file. */
export function folderTarget(
  folder: string,
  { prefix, extension }: NameParts,
  tag: string,
  number: number,
): { readonly final: string; readonly temporary: string } {
  const name = `${prefix}-${tag}-${String(number).padStart(6, '0')}${extension}`
  const temporary = join(folder, `.${name}.${process.pid}.pending`)
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

/** Creates a folder and its parents so that they survive the machine. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    await syncFolder(dirname(folder))
  }
}

/**
 * Removes the files of some writers, hidden and visible, from a number on: what they had written behind the checkpoint from which
 * the job goes on.
 */
export async function withdraw(
  directory: string,
  parts: NameParts,
  from: readonly { readonly tag: string; readonly next: number }[],
): Promise<void> {
  const nextOf = new Map(from.map(({ tag, next }) => [tag, next]))
  await removeFiles(directory, parts, ({ tag, number }) => {
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
): Promise<void> {
  await removeFiles(directory, parts, async ({ tag, pid, path }) => {
    if (pid === undefined) return false
    const writer = Number(tag.slice(0, 5)) - 1
    const heir = writer >= subtask.parallelism ? 0 : writer
    return heir === subtask.subtaskIndex && (await isLeftBehind(pid, path))
  })
}

/** Numbers of processes are given again, in containers often the same: then the file is older than this process. */
async function isLeftBehind(pid: number, path: string): Promise<boolean> {
  if (pid !== process.pid) return !isOtherProcess(pid)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return false
  return found.mtimeMs < performance.timeOrigin + performance.now() - process.uptime() * 1000
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
  unwanted: (file: FoundFile) => boolean | Promise<boolean>,
): Promise<void> {
  const name = `${escaped(prefix)}-(\\d{5}-[0-9a-f]{8})-(\\d{6,})${escaped(extension)}`
  const pattern = new RegExp(`^(?:${name}|\\.${name}\\.(\\d+)\\.pending)$`)
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const match = entry.isFile() ? pattern.exec(entry.name) : null
    if (match === null) continue
    const [, visibleTag, visibleNumber, hiddenTag, hiddenNumber, pid] = match
    const path = join(entry.parentPath, entry.name)
    const file: FoundFile = {
      path,
      tag: visibleTag ?? hiddenTag ?? '',
      number: Number(visibleNumber ?? hiddenNumber),
      pid: pid === undefined ? undefined : Number(pid),
    }
    if (await unwanted(file)) await rm(path, { force: true })
  }
}
