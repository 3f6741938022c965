/**
 * Hands what a checkpoint has to the subtasks of a new plan, which may chain operators otherwise and run them at another parallelism.
 * Pure, any thread.
 *
 * - State: every subtask gets the snapshots of all old ones; the state backend takes its key groups and its share of the rest.
 * - Splits that were being read, states of writers, splits to be given again: as before where the parallelism is as before; otherwise in turn.
 * - Watermark: its own where the parallelism is as before; otherwise the smallest of all, so that nothing becomes late that was not.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { OperatorSnapshot } from '../state/snapshot.ts'
import type { SourceSnapshot } from '../subtask-snapshot.ts'
import type {
  EnumeratorSnapshot,
  ReturnedSplit,
  StoredCheckpoint,
  StoredOperator,
} from './checkpoint-contents.ts'
import type { RestoredEdge } from './restored-channels.ts'

/** An operator of the plan that is to go on. */
export interface PlannedOperator {
  readonly uid: string
  /** For errors. */
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** `operator`: it may have state; `stateless`: it has none, and would lose what is handed to it. */
  readonly kind: 'source' | 'sink' | 'operator' | 'stateless'
}

/** How strictly state and operators must match. */
export interface RestoreOptions {
  /** Whether state is given up that no operator of the plan can take: the uid is gone, or is that of another kind of operator. Default: false. */
  readonly allowNonRestoredState?: boolean
}

/** A split and where to go on in it; undefined: at its start. */
export type OpenSplitSnapshot = SourceSnapshot['open'][number]

/** What one subtask of an operator begins with. */
export interface RestoredShare {
  /** The snapshots of all old subtasks, in their order. */
  readonly states: readonly OperatorSnapshot[]
  /** Of a source: what it was reading, to be read before anything new. */
  readonly splits: readonly OpenSplitSnapshot[]
  /** Of a sink: the states of writers. */
  readonly sinkStates: readonly unknown[]
  /** `-Infinity`: none. */
  readonly watermark: number
  /** The old subtask with this number had finished, which says something only where the parallelism is as before. Otherwise: all had. */
  readonly finished: boolean
  /** What that old subtask had in its state; undefined: nothing, or the parallelism is another. */
  readonly own: OperatorSnapshot | undefined
}

/** What an operator begins with. */
export interface RestoredOperator {
  readonly uid: string
  /** All old subtasks had finished: it has nothing to do any more. */
  readonly finished: boolean
  /** One per subtask of the plan. */
  readonly shares: readonly RestoredShare[]
  /** Of a source; `returned` names subtasks of the plan. */
  readonly enumerator: EnumeratorSnapshot | undefined
}

/** What a job begins with. */
export interface RestoredJob {
  readonly checkpointId: number
  /** By uid; only operators of the plan that the checkpoint knows. */
  readonly operators: ReadonlyMap<string, RestoredOperator>
  /** What was in flight, by the name of the edge. Default: nothing. */
  readonly channels?: ReadonlyMap<string, RestoredEdge>
  /** To be committed, once more perhaps, before the first record; by the uid of the sink. */
  readonly committables: ReadonlyMap<string, readonly unknown[]>
  /** The uids of operators that the checkpoint has nothing of: they begin empty. */
  readonly withoutState: readonly string[]
  /** The uids of operators whose state was given up (`allowNonRestoredState`), with what their sinks had not committed. */
  readonly givenUp: readonly string[]
}

/**
 * Hands it out.
 * Errors: `STATE_WITHOUT_OPERATOR` and `INCOMPATIBLE_STATE` (what was a source or a sink is something else now), unless `allowNonRestoredState`;
 * `MAX_PARALLELISM_CHANGED`.
 */
export function restoreJob(
  { metadata, operators: stored }: StoredCheckpoint,
  plan: readonly PlannedOperator[],
  { allowNonRestoredState = false }: RestoreOptions = {},
): RestoredJob {
  const planned = new Map(plan.map((operator) => [operator.uid, operator]))
  const orphans = [...stored.values()].filter((operator) => isOrphan(operator, planned))
  if (orphans.length > 0 && !allowNonRestoredState) refuseOrphans(metadata.id, orphans, plan)
  const changed = allowNonRestoredState
    ? plan.filter((operator) => isOfAnotherKind(stored.get(operator.uid), operator))
    : []
  const lost = new Set([...orphans, ...changed].map(({ uid }) => uid))
  const operators = new Map<string, RestoredOperator>()
  const committables = new Map<string, readonly unknown[]>()
  const withoutState: string[] = []
  for (const operator of plan) {
    const found = lost.has(operator.uid) ? undefined : stored.get(operator.uid)
    if (found === undefined || !hasState(found)) withoutState.push(operator.uid)
    if (found === undefined) continue
    checkCompatible(metadata.id, found, operator)
    operators.set(operator.uid, restoreOperator(found, operator))
    const toCommit = found.shares.flatMap(({ sink }) => sink?.committables ?? [])
    if (toCommit.length > 0) committables.set(operator.uid, toCommit)
  }
  return {
    checkpointId: metadata.id,
    operators,
    committables,
    withoutState,
    givenUp: [...stored.values()]
      .filter((operator) => lost.has(operator.uid) && hasState(operator))
      .map(({ uid }) => uid),
  }
}

/** Whether its state would be lost: nobody has its uid, or one that keeps no state of operators. */
function isOrphan(stored: StoredOperator, planned: ReadonlyMap<string, PlannedOperator>): boolean {
  const operator = planned.get(stored.uid)
  if (operator === undefined) return hasState(stored)
  return operator.kind !== 'operator' && hasOperatorState(stored)
}

function hasOperatorState({ shares }: StoredOperator): boolean {
  return shares.some(({ state }) => state !== undefined && holdsAnything(state))
}

function hasState(stored: StoredOperator): boolean {
  if (stored.enumerator !== undefined || hasOperatorState(stored)) return true
  return stored.shares.some(({ source, sink }) => {
    if (source !== undefined) return true
    return sink !== undefined && (sink.state !== undefined || sink.committables.length > 0)
  })
}

/** Of what has only changed, the base may have been emptied since: to find out, all would have to be read. */
function holdsAnything({ groups, operator, base }: OperatorSnapshot): boolean {
  if (groups.length > 0 || operator.some(({ items }) => items > 0)) return true
  return base !== undefined && holdsAnything(base)
}

function refuseOrphans(
  checkpointId: number,
  orphans: readonly StoredOperator[],
  plan: readonly PlannedOperator[],
): never {
  const found = orphans.map(({ uid, name }) => `'${uid}' (${name})`).join(', ')
  const known = plan.map(({ uid }) => `'${uid}'`).join(', ')
  const stateless = plan.filter(({ uid }) => orphans.some((orphan) => orphan.uid === uid))
  const now = stateless.map(({ uid, name }) => `'${uid}' is '${name}' now`).join(', ')
  const why =
    now === ''
      ? `but the job has no operator with such a uid; it has ${known}`
      : `but ${now}, which keeps no state; the job has ${known}`
  throw new MillraceError(
    'STATE_WITHOUT_OPERATOR',
    `checkpoint ${checkpointId} has state of ${found}, ${why}. ` +
      'Give the operator its uid back, or set allowNonRestoredState to give its state up',
  )
}

function checkCompatible(
  checkpointId: number,
  stored: StoredOperator,
  operator: PlannedOperator,
): void {
  const { uid, maxParallelism, shares } = stored
  const where = `checkpoint ${checkpointId}, operator '${uid}' (${operator.name})`
  const hasStates = shares.some(({ state }) => state !== undefined)
  if (hasStates && maxParallelism !== operator.maxParallelism) {
    throw new MillraceError(
      'MAX_PARALLELISM_CHANGED',
      `${where}: expected a max parallelism of ${maxParallelism}, with which its state was written, got ${operator.maxParallelism}; ` +
        'it cannot be changed for stored state',
    )
  }
  if (!isOfAnotherKind(stored, operator)) return
  const { kind } = operator
  throw new MillraceError(
    'INCOMPATIBLE_STATE',
    `${where}: expected a ${connectorOf(stored)}, as which it was stored, got ${kind === 'source' || kind === 'sink' ? `a ${kind}` : 'an operator'}. ` +
      `Give the ${connectorOf(stored)} its uid back, or set allowNonRestoredState to give up what it had`,
  )
}

/** Whether it was a source or a sink, and is something else now. */
function isOfAnotherKind(stored: StoredOperator | undefined, { kind }: PlannedOperator): boolean {
  const was = stored === undefined ? undefined : connectorOf(stored)
  return was !== undefined && was !== kind
}

function connectorOf({ shares, enumerator }: StoredOperator): 'source' | 'sink' | undefined {
  if (enumerator !== undefined || shares.some(({ source }) => source !== undefined)) return 'source'
  return shares.some(({ sink }) => sink !== undefined) ? 'sink' : undefined
}

function restoreOperator(
  stored: StoredOperator,
  { uid, parallelism }: PlannedOperator,
): RestoredOperator {
  const { shares, enumerator } = stored
  const same = shares.length === parallelism
  const states = shares.flatMap(({ state }) => state ?? [])
  const splits = distribute(
    shares.map(({ source }) => source?.open ?? []),
    parallelism,
  )
  const sinkStates = distribute(
    shares.map(({ sink }) => (sink?.state === undefined ? [] : [sink.state])),
    parallelism,
  )
  const finished = shares.length > 0 && shares.every((share) => share.finished)
  // Where one had finished, nothing more can come in that is late.
  const running = shares.filter((share) => !share.finished)
  const least = running.reduce((smallest, { watermark }) => Math.min(smallest, watermark), Infinity)
  const common = running.length === 0 ? Number.NEGATIVE_INFINITY : least
  const open = splits.reduce((sum, { length }) => sum + length, 0)
  return {
    uid,
    finished,
    shares: Array.from({ length: parallelism }, (_, index) => ({
      states,
      splits: splits[index] ?? [],
      sinkStates: sinkStates[index] ?? [],
      watermark: same ? (shares[index]?.watermark ?? common) : common,
      finished: same ? (shares[index]?.finished ?? false) : finished,
      own: same ? shares[index]?.state : undefined,
    })),
    enumerator:
      enumerator === undefined || same
        ? enumerator
        : { ...enumerator, returned: inTurn(enumerator.returned, parallelism, open) },
  }
}

/** As they were where there are as many takers as before; otherwise one to each in turn. */
function distribute<T>(
  lists: readonly (readonly T[])[],
  parallelism: number,
): readonly (readonly T[])[] {
  if (lists.length === parallelism) return lists
  const shares: T[][] = Array.from({ length: parallelism }, () => [])
  for (const [index, item] of lists.flat().entries()) shares[index % parallelism]?.push(item)
  return shares
}

/** Goes on behind the splits that are open already, so that all subtasks have about as many. */
function inTurn(
  returned: readonly ReturnedSplit[],
  parallelism: number,
  first: number,
): readonly ReturnedSplit[] {
  return returned.map(({ split }, index) => {
    return { split, subtaskIndex: (first + index) % parallelism }
  })
}
