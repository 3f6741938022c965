/**
 * The parts of a checkpoint that belong to subtasks: one each, or several that build on each other, the first of which has everything.
 *
 * Read from the store, and looked up among the parts of the last completed checkpoint, which the next one may take in.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { needsBase } from '../state/newer-entries.ts'
import type { OperatorSnapshot } from '../state/snapshot.ts'
import { folderName } from '../store/layout.ts'
import type { CheckpointCatalog, CheckpointMetadata, StoredPart } from '../store/snapshot-store.ts'
import { parseSubtaskPartName, subtaskPartName, unpackSubtask } from '../store/subtask-part.ts'
import type { SubtaskPartName } from '../store/subtask-part.ts'
import type { SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'

/** What a checkpoint has of a subtask. */
export interface Subtask {
  readonly name: SubtaskName
  /** Its operators have their bases with them. */
  readonly snapshot: SubtaskSnapshot
}

/** A part that was read. */
interface Link {
  readonly name: SubtaskPartName
  readonly snapshot: SubtaskSnapshot
}

/**
 * Reads what all subtasks have in a checkpoint.
 * Errors: those of the catalog and of `unpackSubtask`; `INCOMPLETE_CHECKPOINT` where a part is missing on which another builds.
 */
export async function readSubtasks(
  catalog: CheckpointCatalog,
  { id, parts }: CheckpointMetadata,
): Promise<Subtask[]> {
  const where = `${catalog.location}: checkpoint ${id}`
  const links = await Promise.all(
    parts.map(async (part): Promise<Link[]> => {
      const name = parseSubtaskPartName(part.name)
      if (name === undefined) return []
      const content = await catalog.readPart(part, id)
      return [{ name, snapshot: unpackSubtask(content, `${where}: ${part.name}`) }]
    }),
  )
  const bySubtask = new Map<string, Link[]>()
  for (const link of links.flat()) {
    const key = subtaskPartName(link.name)
    const own = bySubtask.get(key)
    if (own === undefined) bySubtask.set(key, [link])
    else own.push(link)
  }
  return [...bySubtask].map(([key, own]) => joined(own, `${where}: ${key}`))
}

/** The newest link, with those before it as the bases of its operators. */
function joined(links: readonly Link[], where: string): Subtask {
  const ordered = links.toSorted((a, b) => (a.name.increment ?? 0) - (b.name.increment ?? 0))
  const { name, snapshot } = ordered.at(-1) as Link
  const { builtOn = [] } = snapshot
  const found = ordered.map((link) => link.name.increment ?? 0)
  // The checkpoint of the first is not in its name.
  const expected = builtOn.length === 0 ? [0] : [0, ...builtOn.slice(1), name.increment ?? 0]
  if (found.join() !== expected.join()) {
    throw new MillraceError(
      'INCOMPLETE_CHECKPOINT',
      `${where}: expected the parts of the checkpoints ${builtOn.join(', ') || 'of its own only'} before it, found ${found.length - 1} increments of ${found.slice(1).join(', ') || 'none'}`,
    )
  }
  let operators: readonly OperatorSnapshot[] = []
  for (const link of ordered) {
    const before = operators
    operators = link.snapshot.operators.map((operator) => {
      if (!needsBase(operator)) return operator
      return { ...operator, base: before.find(({ uid }) => uid === operator.uid) }
    })
  }
  const { taskId, subtaskIndex } = name
  return { name: { taskId, subtaskIndex }, snapshot: { ...snapshot, operators } }
}

/**
 * The parts of a subtask that were written for these checkpoints, the first with everything, among those of a complete checkpoint; undefined
 * where one of them is not there.
 */
export function partsBefore(
  name: SubtaskName,
  builtOn: readonly number[],
  { parts }: Pick<CheckpointMetadata, 'parts'>,
): readonly StoredPart[] | undefined {
  const found: StoredPart[] = []
  for (const [at, id] of builtOn.entries()) {
    const partName = subtaskPartName(name, at === 0 ? undefined : id)
    const folder = `${folderName('checkpoint', id)}/`
    const part = parts.find((each) => each.name === partName && each.file.startsWith(folder))
    if (part === undefined) return undefined
    found.push(part)
  }
  return found
}
