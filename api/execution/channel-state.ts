/**
 * The edges of a plan as checkpoints know them: their names, whether barriers may overtake on them, and which subtask reads what was in flight.
 *
 * Records of `forward` edges keep the order and distribution of the edge before, and each copy of a broadcast record belongs to one receiver: neither could
 * be dealt out to another parallelism, so their barriers keep their places, as in Flink. So do those of collected streams, whose reader decides when.
 */
import type { PlannedEdge, RestoredEdge } from '../../checkpoint/coordinator/restored-channels.ts'
import { keyGroupOf, subtaskOfKeyGroup } from '../../checkpoint/key-groups.ts'
import { keyHash } from '../../checkpoint/key-hash.ts'
import type { ChannelBatch, ChannelSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { ChannelFacts, RestoredChannel } from '../../operators/checkpointing/channel-state.ts'
import { keyOfEither } from '../../operators/windows/partial-result.ts'
import type { JobGraph } from '../graph.ts'
import type { ChannelPlan, EdgePlan, ExecutionPlan, TaskPlan } from '../plan.ts'

type Keeps = RestoredChannel['keeps']

/** The name of an edge: the operators at its ends, whatever tasks they are in. */
export function edgeName({ nodes }: JobGraph, plan: ExecutionPlan, edge: EdgePlan): string {
  const same = (other: EdgePlan): boolean =>
    other.fromNode === edge.fromNode &&
    other.toNode === edge.toNode &&
    other.input === edge.input &&
    other.tag === edge.tag
  const ordinal = plan.edges.filter(same).findIndex(({ id }) => id === edge.id)
  const parts = [endsOf(nodes, edge.fromNode, edge.toNode)]
  if (edge.input === 1) parts.push('input 2')
  if (edge.tag !== undefined) parts.push(`side output ${edge.tag}`)
  if (ordinal > 0) parts.push(`edge ${ordinal + 1}`)
  return parts.join(', ')
}

function endsOf(nodes: JobGraph['nodes'], from: number, to: number): string {
  return `${nodes[from]?.uid ?? ''} > ${nodes[to]?.uid ?? ''}`
}

/**
 * Which edges of a graph, by id, have records in flight and no place for them in a plan, because the operators at their ends share a task there:
 * at another parallelism they did not. Such operators have one input.
 */
export function edgesToUnchain(
  { nodes, edges }: JobGraph,
  plan: ExecutionPlan,
  inFlight: ReadonlySet<string>,
): ReadonlySet<number> {
  const planned = new Set(plan.edges.map(({ graphEdgeId }) => graphEdgeId))
  const found = edges.filter(
    ({ id, from, to }) => !planned.has(id) && inFlight.has(endsOf(nodes, from, to)),
  )
  return new Set(found.map(({ id }) => id))
}

/** All edges of a plan, for `restoreChannels`. */
export function plannedEdges(graph: JobGraph, plan: ExecutionPlan): PlannedEdge[] {
  return plan.edges.map((edge) => ({
    edge: edgeName(graph, plan, edge),
    from: graph.nodes[edge.fromNode]?.uid ?? '',
    to: graph.nodes[edge.toNode]?.uid ?? '',
    takesChannelState: edge.partitioning !== 'broadcast',
  }))
}

/** What checkpoints know of a channel. */
export function channelFacts(
  graph: JobGraph,
  plan: ExecutionPlan,
  edge: EdgePlan,
  { fromSubtask, toSubtask }: ChannelPlan,
): ChannelFacts {
  const { partitioning, toNode } = edge
  const placed = partitioning === 'forward' || partitioning === 'broadcast'
  const isCollected = graph.nodes[toNode]?.operator.kind === 'collect'
  const overtakable = !placed && !isCollected
  return { edge: edgeName(graph, plan, edge), fromSubtask, toSubtask, overtakable }
}

/** Whose share of what was in flight. */
export interface RestoredReader {
  readonly graph: JobGraph
  readonly plan: ExecutionPlan
  readonly task: TaskPlan
  readonly subtaskIndex: number
}

/** What a subtask reads before anything new. Its input channels are numbered along its input edges and their senders. */
export function restoredChannels(
  { graph, plan, task, subtaskIndex }: RestoredReader,
  restored: ReadonlyMap<string, RestoredEdge>,
): RestoredChannel[] {
  const found: RestoredChannel[] = []
  let first = 0
  for (const edge of task.inputs) {
    const mine = edge.channels.filter(({ toSubtask }) => toSubtask === subtaskIndex)
    const stored = restored.get(edgeName(graph, plan, edge))
    if (stored !== undefined) {
      const reader = { graph, plan, task, subtaskIndex, edge, first }
      found.push(
        ...(isAsBefore(reader, stored) ? again(mine, reader, stored) : dealtOut(reader, stored)),
      )
    }
    first += mine.length
  }
  return found
}

/** A subtask that reads an edge; `first` is the number of the first channel. */
interface EdgeReader extends RestoredReader {
  readonly edge: EdgePlan
  readonly first: number
}

/** Whether every channel that had anything is still there. */
function isAsBefore(
  { plan, task, edge }: EdgeReader,
  { senders, receivers, channels }: RestoredEdge,
): boolean {
  const from = plan.tasks[edge.fromTask]?.parallelism
  if (from !== senders || task.parallelism !== receivers) return false
  return channels.every(({ fromSubtask, toSubtask }) =>
    edge.channels.some(
      (channel) => channel.fromSubtask === fromSubtask && channel.toSubtask === toSubtask,
    ),
  )
}

/** Every record on its channel, with event time in between. */
function again(
  mine: readonly ChannelPlan[],
  { subtaskIndex, first }: EdgeReader,
  { channels }: RestoredEdge,
): RestoredChannel[] {
  return mine.flatMap(({ fromSubtask }, at) => {
    const batches = channels
      .filter((each) => each.fromSubtask === fromSubtask && each.toSubtask === subtaskIndex)
      .flatMap((each) => each.batches)
    return batches.length === 0 ? [] : [{ channel: first + at, batches }]
  })
}

/** A channel that was there when the checkpoint was made. */
type OldChannel = Pick<ChannelSnapshot, 'fromSubtask' | 'toSubtask' | 'batches'>

/** Every record to the subtask that the partitioner names now. Event time is left out: it belonged to channels that are no more. */
function dealtOut(reader: EdgeReader, { receivers, ...stored }: RestoredEdge): RestoredChannel[] {
  const { task, subtaskIndex, edge, first } = reader
  const channels = wholeChannels(stored.channels)
  const share = (batches: readonly ChannelBatch[], keeps?: Keeps) =>
    batches.length === 0 ? [] : [{ channel: first, batches, keeps }]
  // The same receivers: the partitioner would name the one that it has named before.
  if (receivers === task.parallelism)
    return channels.flatMap((channel) =>
      channel.toSubtask === subtaskIndex ? share(recordsOf(channel)) : [],
    )
  if (edge.partitioning === 'global')
    return subtaskIndex === 0 ? channels.flatMap((each) => share(recordsOf(each))) : []
  const keeps = keeper(reader)
  if (keeps !== undefined) return channels.flatMap((each) => share(recordsOf(each), keeps))
  let turn = 0
  return channels.flatMap((channel) => {
    const batches = recordsOf(channel).filter(() => turn++ % task.parallelism === subtaskIndex)
    return share(batches)
  })
}

/** The old channels, each with all of its batches: they take turns, and what the sender had must not get ahead of what the receiver had. */
function wholeChannels(channels: readonly ChannelSnapshot[]): OldChannel[] {
  const found: (Pick<ChannelSnapshot, 'fromSubtask' | 'toSubtask'> & {
    batches: ChannelBatch[]
  })[] = []
  for (const { fromSubtask, toSubtask, batches } of channels) {
    const last = found.at(-1)
    // The sides of a channel stand side by side.
    if (last?.fromSubtask === fromSubtask && last.toSubtask === toSubtask)
      last.batches.push(...batches)
    else found.push({ fromSubtask, toSubtask, batches: [...batches] })
  }
  return found
}

function recordsOf({ batches }: OldChannel): ChannelBatch[] {
  return batches.filter(({ length }) => length > 0).map((batch) => ({ ...batch, marks: [] }))
}

/** Which records are this subtask's; undefined: any will do. */
function keeper({ graph, task, subtaskIndex, edge }: EdgeReader): Keeps {
  const asked = graph.edges[edge.graphEdgeId]?.partitioning
  const { parallelism } = task
  if (asked?.kind === 'key') {
    const { maxParallelism } = edge
    const selector = keyOfEither(asked.selector)
    return (value) => {
      const keyGroup = keyGroupOf(keyHash(selector(value)), maxParallelism)
      return subtaskOfKeyGroup(keyGroup, parallelism, maxParallelism) === subtaskIndex
    }
  }
  if (asked?.kind === 'custom') {
    const fn = asked.fn as (value: unknown, channels: number) => number
    return (value) => fn(value, parallelism) === subtaskIndex
  }
  return undefined
}
