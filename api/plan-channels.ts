/**
 * Last step of planning: puts subtasks on slots and numbers the channels between them.
 */
import type { Chain, ChainEdge, Chains } from './plan-chains.ts'
import type { ChannelPlan, EdgePartitioning, EdgePlan, SubtaskPlan, TaskPlan } from './plan.ts'

/** The slot of the main thread, where `collect` hands records to the caller. */
export const MAIN_SLOT = 0

/**
 * Places every subtask and joins them by channels, numbered along edges, sending and receiving
 * subtasks.
 */
export function joinSubtasks(
  { chains, edges }: Chains,
  slots: number,
  firstChannelId: number,
): { readonly tasks: readonly TaskPlan[]; readonly edges: readonly EdgePlan[] } {
  const placed = placeTasks(chains, edges, slots)
  let nextChannelId = firstChannelId
  const edgePlans = edges.map((edge) => {
    const channels = connect(
      edge,
      placed[edge.fromTask] ?? [],
      placed[edge.toTask] ?? [],
      nextChannelId,
    )
    nextChannelId += channels.length
    return { ...edge, channels }
  })
  const tasks = chains.map(({ id, name, root, parallelism, maxParallelism }) => ({
    id,
    name,
    root,
    parallelism,
    maxParallelism,
    subtasks: placed[id] ?? [],
    inputs: edgePlans.filter((edge) => edge.toTask === id),
    outputs: edgePlans.filter((edge) => edge.fromTask === id),
  }))
  return { tasks, edges: edgePlans }
}

/**
 * Deals subtasks out to slots in turn, each task going on where the last one ended, so that tasks of one subtask do not all meet
 * on the first slot. A task that is fed by a forward edge sits where its sender sits: its records then stay in their slot.
 */
function placeTasks(
  chains: readonly Chain[],
  edges: readonly ChainEdge[],
  slots: number,
): (readonly SubtaskPlan[])[] {
  const placed: (readonly SubtaskPlan[])[] = []
  let next = 0
  for (const chain of chains) {
    const forward = edges.find(
      ({ toTask, partitioning }) => toTask === chain.id && partitioning === 'forward',
    )
    const sender = forward === undefined ? undefined : placed[forward.fromTask]
    if (chain.onMainSlot) placed.push(dealOut(chain.parallelism, () => MAIN_SLOT))
    else if (sender !== undefined) placed.push(sender)
    else {
      const first = next
      placed.push(dealOut(chain.parallelism, (index) => ((first + index) % slots) + 1))
      next += chain.parallelism
    }
  }
  return placed
}

function dealOut(count: number, slotOf: (index: number) => number): readonly SubtaskPlan[] {
  return Array.from({ length: count }, (_, index) => ({ index, slot: slotOf(index) }))
}

/** Whether a sender has a channel to a receiver; each is given as its index and the number of its kind. */
function joined(
  partitioning: EdgePartitioning,
  [from, senders]: readonly [number, number],
  [to, receivers]: readonly [number, number],
): boolean {
  if (partitioning === 'forward') return from === to
  if (partitioning !== 'rescale') return true
  // Neighbours stay together: every receiver has a sender, and every sender a receiver.
  return receivers >= senders
    ? Math.floor((to * senders) / receivers) === from
    : Math.floor((from * receivers) / senders) === to
}

function connect(
  edge: ChainEdge,
  senders: readonly SubtaskPlan[],
  receivers: readonly SubtaskPlan[],
  firstId: number,
): readonly ChannelPlan[] {
  const channels: ChannelPlan[] = []
  for (const from of senders) {
    for (const to of receivers) {
      if (!joined(edge.partitioning, [from.index, senders.length], [to.index, receivers.length]))
        continue
      channels.push({
        id: firstId + channels.length,
        fromSubtask: from.index,
        toSubtask: to.index,
        fromSlot: from.slot,
        toSlot: to.slot,
      })
    }
  }
  return channels
}
