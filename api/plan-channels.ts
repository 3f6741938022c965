/**
 * Last step of planning: puts subtasks on slots and numbers the channels between them.
 */
import type { Chain, ChainEdge, Chains } from './plan-chains.ts'
import type { ChannelPlan, EdgePlan, SubtaskPlan, TaskPlan } from './plan.ts'

/** The slot of the main thread, where `collect` hands records to the caller. */
export const MAIN_SLOT = 0

/**
 * Places every subtask and joins them by channels, numbered from 1 along edges, sending and
 * receiving subtasks.
 */
export function joinSubtasks(
  { chains, edges }: Chains,
  slots: number,
): { readonly tasks: readonly TaskPlan[]; readonly edges: readonly EdgePlan[] } {
  const placed = chains.map((chain) => placeSubtasks(chain, slots))
  let nextChannelId = 1
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

function placeSubtasks(chain: Chain, slots: number): readonly SubtaskPlan[] {
  return Array.from({ length: chain.parallelism }, (_, index) => ({
    index,
    slot: chain.onMainSlot ? MAIN_SLOT : (index % slots) + 1,
  }))
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
      if (edge.partitioning === 'forward' && from.index !== to.index) continue
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
