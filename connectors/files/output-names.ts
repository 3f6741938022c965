/**
 * What output files are called, before and after they are visible, and which files an earlier attempt has left behind. In subtasks.
 */
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import type { WriterContext } from '../../operators/sink.ts'
import { systemCode } from './paths.ts'

/** Of what tells a file from that of an earlier attempt. */
const MARK_DIGITS = 12

/** Which part of an output a file is. */
type Part = Pick<WriterContext, 'subtaskIndex' | 'parallelism'>

/** Where the bytes of a file go: beside the final name, or straight into something that is no regular file (a pipe, a device). */
export interface Target {
  readonly final: string
  /** The same as `final` for what is no regular file. */
  readonly temporary: string
}

/**
 * The file of one subtask: `path` itself at parallelism 1, otherwise `out-00001.csv`, `out-00002.csv` … for
 * `out.csv`. With `mark`, a name of its own behind the number: `out-00001-5f0c….csv`.
 */
export function partPath(path: string, { subtaskIndex, parallelism }: Part, mark?: string): string {
  if (parallelism === 1 && mark === undefined) return path
  const extension = extname(path)
  const part = String(subtaskIndex + 1).padStart(5, '0')
  const more = mark === undefined ? '' : `-${mark}`
  return join(dirname(path), `${basename(path, extension)}-${part}${more}${extension}`)
}

/**
 * Where one subtask writes. `unique`: under a name that nothing else has or had, for a file that is begun when a job goes on, because
 * the plain one may belong to a file of an earlier attempt. Rejects as the disk does; `EISDIR` for a folder.
 */
export async function targetOf(
  path: string,
  part: Part,
  unique: boolean,
  disk: OutputDisk,
): Promise<Target> {
  const own = resolve(partPath(path, part))
  const found = await kindOf(own, disk)
  // a rename would replace a device or pipe, which may not even have a path of its own
  if (found === 'special') return { final: own, temporary: own }
  const mark = unique ? (disk.newMark() + disk.newMark()).slice(0, MARK_DIGITS) : undefined
  // a rename would replace a link instead of the file behind it
  const final =
    mark !== undefined
      ? resolve(partPath(path, part, mark))
      : found === 'file'
        ? await disk.realPath(own)
        : own
  return { final, temporary: `${final}.${disk.process.id}-${part.subtaskIndex}.tmp` }
}

/** The path of an output without links, for nobody else may write there; undefined for a pipe or device, which many may share. Never rejects. */
export async function exclusivePath(path: string, disk: OutputDisk): Promise<string | undefined> {
  const own = resolve(path)
  const { kind } = await disk.facts(own).catch(() => ({ kind: 'file' }))
  if (kind === 'other') return undefined
  const folder = await disk.realPath(dirname(own)).catch(() => dirname(own))
  return disk.realPath(own).catch(() => join(folder, basename(own)))
}

async function kindOf(path: string, disk: OutputDisk): Promise<'nothing' | 'file' | 'special'> {
  try {
    const { kind } = await disk.facts(path)
    if (kind === 'folder') throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
    return kind === 'file' ? 'file' : 'special'
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'nothing'
    throw error
  }
}

/**
 * Removes temporary files that attempts which were killed have left: those for the names of this subtask, and the first subtask
 * removes those that no subtask has at this parallelism. Files of a process that lives are left alone. Only for a job that
 * starts from nothing: one that goes on may need any of them. Never rejects.
 */
export async function removeLeftovers(
  path: string,
  part: Part,
  final: string,
  disk: OutputDisk,
): Promise<void> {
  const name = basename(path)
  const extension = extname(name)
  const partName = new RegExp(
    `^${escaped(basename(name, extension))}-(\\d{5})(-[0-9a-f]{${MARK_DIGITS}})?${escaped(extension)}$`,
  )
  const isOwn = (output: string): boolean => {
    if (output === basename(final)) return true
    if (output === name) return part.subtaskIndex === 0
    const number = Number(partName.exec(output)?.[1] ?? 0)
    if (number === 0) return false
    return number > part.parallelism ? part.subtaskIndex === 0 : number === part.subtaskIndex + 1
  }
  const folder = dirname(final)
  for (const { name: found } of await disk.entries(folder).catch(() => [])) {
    const [, output, pid] = /^(.+)\.(\d+)-\d+\.tmp$/.exec(found) ?? []
    if (output === undefined || !isOwn(output) || disk.process.isRunning(Number(pid))) continue
    await disk.removeFile(join(folder, found)).catch(() => undefined)
  }
}

/** A text as a regular expression that matches just it. */
export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
