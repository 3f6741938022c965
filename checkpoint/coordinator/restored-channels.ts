/**
 * Hands the records that were in flight when a checkpoint was made to the edges of a new plan. Pure, any thread.
 *
 * An edge is known by its name; which of its receivers gets what is for the subtasks to find out, which alone can unpack records and ask the
 * user's functions about them.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ChannelSnapshot } from '../subtask-snapshot.ts'
import type { StoredCheckpoint } from './checkpoint-contents.ts'

/** An edge of the plan that is to go on. */
export interface PlannedEdge {
  readonly edge: string
  /** The uid of the operator that sends, and of the one that receives. */
  readonly from: string
  readonly to: string
  /** Whether what was in flight can be dealt out to its receivers. */
  readonly takesChannelState: boolean
}

/** What was in flight on an edge. */
export interface RestoredEdge {
  /** The parallelism of both ends when the checkpoint was made. */
  readonly senders: number
  readonly receivers: number
  /** Those that have anything: of one channel, what the receiver had before what the sender had. */
  readonly channels: readonly ChannelSnapshot[]
}

/** The names of the edges on which records were in flight. */
export function edgesInFlight({ channels = [] }: StoredCheckpoint): ReadonlySet<string> {
  const found = [...byEdge(channels)].filter(([, ofEdge]) => countRecords(ofEdge) > 0)
  return new Set(found.map(([edge]) => edge))
}

/**
 * By the name of the edge; only edges on which anything was in flight.
 * Error: `CHANNEL_STATE_WITHOUT_EDGE` when the plan has no such edge, unless `allowNonRestoredState`: then its records are given up.
 */
export function restoreChannels(
  { metadata, channels = [], operators }: StoredCheckpoint,
  plan: readonly PlannedEdge[],
  allowNonRestoredState = false,
): ReadonlyMap<string, RestoredEdge> {
  const restored = new Map<string, RestoredEdge>()
  for (const [edge, ofEdge] of byEdge(channels)) {
    const planned = plan.find((each) => each.edge === edge)
    const records = countRecords(ofEdge)
    if (planned === undefined || (records > 0 && !planned.takesChannelState)) {
      if (records === 0 || allowNonRestoredState) continue
      throw withoutEdge(metadata.id, edge, records, plan)
    }
    restored.set(edge, {
      senders: operators.get(planned.from)?.parallelism ?? 0,
      receivers: operators.get(planned.to)?.parallelism ?? 0,
      channels: [...ofEdge].sort(inOrder),
    })
  }
  return restored
}

function byEdge(channels: readonly ChannelSnapshot[]): ReadonlyMap<string, ChannelSnapshot[]> {
  const sorted = new Map<string, ChannelSnapshot[]>()
  for (const channel of channels) {
    const known = sorted.get(channel.edge)
    if (known === undefined) sorted.set(channel.edge, [channel])
    else known.push(channel)
  }
  return sorted
}

function countRecords(channels: readonly ChannelSnapshot[]): number {
  return channels.reduce(
    (sum, { batches }) => batches.reduce((count, { length }) => count + length, sum),
    0,
  )
}

function inOrder(a: ChannelSnapshot, b: ChannelSnapshot): number {
  if (a.toSubtask !== b.toSubtask) return a.toSubtask - b.toSubtask
  if (a.fromSubtask !== b.fromSubtask) return a.fromSubtask - b.fromSubtask
  return a.side === b.side ? 0 : a.side === 'receiver' ? -1 : 1
}

function withoutEdge(
  checkpointId: number,
  edge: string,
  records: number,
  plan: readonly PlannedEdge[],
): MillraceError {
  const known = plan.filter(({ takesChannelState }) => takesChannelState)
  const names = known.map((each) => `'${each.edge}'`).join(', ') || 'none'
  return new MillraceError(
    'CHANNEL_STATE_WITHOUT_EDGE',
    `checkpoint ${checkpointId} has ${records} records that were in flight on the edge '${edge}', but the job has no such edge between two tasks; it has ${names}. ` +
      'A savepoint has no records in flight: take one before such a change, or set allowNonRestoredState to give the records up',
  )
}
