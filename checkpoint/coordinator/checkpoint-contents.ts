/**
 * What lies where in a stored checkpoint, and how it is read back.
 *
 * One part per subtask, `task-T/subtask-I`, in the form of `store/subtask-part.ts`, and where it has only what has changed, those of earlier
 * checkpoints before it: the first under this name, the others, and it, under `task-T/subtask-I/increment-N`, with the number of the checkpoint. Everything else is in the metadata: the operators with the tasks
 * they were in, and under `coordinator` what sources had given out. What is read is sorted by the uids of operators, never
 * by tasks: another run may chain them otherwise.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { OperatorSnapshot } from '../state/snapshot.ts'
import type {
  CheckpointCatalog,
  CheckpointMetadata,
  OperatorFacts,
} from '../store/snapshot-store.ts'
import { readSubtasks } from './subtask-chain.ts'
import type { Subtask } from './subtask-chain.ts'
import type {
  ChannelSnapshot,
  SinkSnapshot,
  SourceSnapshot,
  SubtaskName,
  SubtaskSnapshot,
} from '../subtask-snapshot.ts'

/** The version of what is under `coordinator`. */
export const COORDINATOR_FORMAT = 1

/** Where the enumerator of a source stood. Plain data. */
export interface EnumeratorSnapshot {
  /** Of the source. */
  readonly uid: string
  /** What `SplitEnumerator.snapshot` said; undefined where it has none. */
  readonly state: unknown
  /** Splits that were given out since the first start of the job, those in `returned` included. */
  readonly given: number
  /** Splits that were given to a subtask, which had not received them at its barrier: in the order in which they were given. */
  readonly returned: readonly ReturnedSplit[]
}

/** A split that has to be given again. */
export interface ReturnedSplit {
  readonly subtaskIndex: number
  readonly split: unknown
}

/** What the coordinator keeps in the metadata. */
export interface CoordinatorState {
  readonly format: number
  readonly enumerators: readonly EnumeratorSnapshot[]
}

/** What one subtask had of one operator. */
export interface StoredShare {
  readonly subtaskIndex: number
  readonly state: OperatorSnapshot | undefined
  readonly source: SourceSnapshot | undefined
  readonly sink: SinkSnapshot | undefined
  /** The subtask's. */
  readonly watermark: number
  /** Whether the subtask had finished. */
  readonly finished: boolean
}

/** What a checkpoint has of one operator. */
export interface StoredOperator extends OperatorFacts {
  /** In the order of their numbers: one per subtask, or none where the operator's task has none (what a job collects). */
  readonly shares: readonly StoredShare[]
  /** Of a source. */
  readonly enumerator: EnumeratorSnapshot | undefined
}

/** A checkpoint that was read. */
export interface StoredCheckpoint {
  readonly metadata: CheckpointMetadata
  /** By uid; all operators of the job, also those without state. */
  readonly operators: ReadonlyMap<string, StoredOperator>
  /** What was in flight between subtasks. Default: nothing. */
  readonly channels?: readonly ChannelSnapshot[]
}

/** What goes into the metadata for the coordinator. */
export function coordinatorState(enumerators: readonly EnumeratorSnapshot[]): CoordinatorState {
  return { format: COORDINATOR_FORMAT, enumerators }
}

/**
 * Makes sure that everything in a contribution will be found again: that its uids are those of operators of its task.
 * Error: `UNKNOWN_OPERATOR`.
 */
export function checkUids(
  { taskId, subtaskIndex }: SubtaskName,
  { operators, source, sinks }: SubtaskSnapshot,
  facts: readonly OperatorFacts[],
): void {
  const uids = [...operators, ...sinks, ...(source === undefined ? [] : [source])]
  for (const { uid } of uids) {
    if (facts.some((fact) => fact.uid === uid && fact.task === taskId)) continue
    const known = facts.filter(({ task }) => task === taskId).map((fact) => `'${fact.uid}'`)
    throw new MillraceError(
      'UNKNOWN_OPERATOR',
      `subtask ${subtaskIndex} of task ${taskId}: expected state of ${known.join(', ') || 'no operator'}, got that of '${uid}'`,
    )
  }
}

/**
 * Reads all of a checkpoint.
 * Errors: those of the catalog; `UNKNOWN_OPERATOR`, `UNSUPPORTED_FORMAT` and `DAMAGED_PAYLOAD` of its contents, `INCOMPLETE_CHECKPOINT` when a
 * subtask is missing, `UNSUPPORTED_CHANNEL_STATE` when records between subtasks are named in a way that is no longer known.
 */
export async function readCheckpoint(
  catalog: CheckpointCatalog,
  id: number,
): Promise<StoredCheckpoint> {
  const metadata = await catalog.metadata(id)
  const where = `${catalog.location}: checkpoint ${id}`
  const contributions = await readSubtasks(catalog, metadata)
  const subtasks = new Map<number, Subtask[]>()
  for (const subtask of contributions) {
    checkUids(subtask.name, subtask.snapshot, metadata.operators)
    const { taskId } = subtask.name
    subtasks.set(taskId, [...(subtasks.get(taskId) ?? []), subtask])
  }
  const { enumerators } = parseCoordinatorState(metadata.coordinator, where)
  const operators = metadata.operators.map((facts): [string, StoredOperator] => {
    const ofTask = inOrder(subtasks.get(facts.task) ?? [], facts, where)
    const shares = ofTask.map((subtask) => shareOf(facts.uid, subtask))
    const enumerator = enumerators.find(({ uid }) => uid === facts.uid)
    return [facts.uid, { ...facts, shares, enumerator }]
  })
  const channels = [...subtasks.values()].flat().flatMap((each) => channelsOf(each, where))
  return { metadata, operators: new Map(operators), channels }
}

/** All subtasks of a task, or none at all. */
function inOrder(
  subtasks: readonly Subtask[],
  { uid, task, parallelism }: OperatorFacts,
  where: string,
): Subtask[] {
  const sorted = [...subtasks].sort((a, b) => a.name.subtaskIndex - b.name.subtaskIndex)
  const whole =
    sorted.length === parallelism && sorted.at(-1)?.name.subtaskIndex === parallelism - 1
  if (sorted.length === 0 || whole) return sorted
  const found = sorted.map(({ name }) => name.subtaskIndex).join(', ')
  throw new MillraceError(
    'INCOMPLETE_CHECKPOINT',
    `${where}: expected the subtasks 0 to ${parallelism - 1} of task ${task} (operator '${uid}'), found ${found}`,
  )
}

function shareOf(uid: string, { name, snapshot }: Subtask): StoredShare {
  const { operators, source, sinks, watermark, finished } = snapshot
  return {
    subtaskIndex: name.subtaskIndex,
    state: operators.find((operator) => operator.uid === uid),
    source: source?.uid === uid ? source : undefined,
    sink: sinks.find((sink) => sink.uid === uid),
    watermark,
    finished,
  }
}

function channelsOf({ name, snapshot }: Subtask, where: string): readonly ChannelSnapshot[] {
  const { channels } = snapshot
  if (channels.every(({ edge, side }) => typeof edge === 'string' && side !== undefined))
    return channels
  throw new MillraceError(
    'UNSUPPORTED_CHANNEL_STATE',
    `${where}: subtask ${name.subtaskIndex} of task ${name.taskId} has records of ${channels.length} channels that are named by number: an unreleased version has written it`,
  )
}

function parseCoordinatorState(value: unknown, where: string): CoordinatorState {
  const { format, enumerators } = (value ?? {}) as Partial<CoordinatorState>
  if (format === COORDINATOR_FORMAT && Array.isArray(enumerators)) return value as CoordinatorState
  const later = typeof format === 'number' && format > COORDINATOR_FORMAT
  throw new MillraceError(
    later ? 'UNSUPPORTED_FORMAT' : 'DAMAGED_PAYLOAD',
    `${where}: expected the state of a coordinator of format ${COORDINATOR_FORMAT}, found ${later ? `format ${format}` : 'something else'}`,
  )
}
