/**
 * The slot's side of a job: the extension that the coordinator loads into every slot.
 *
 * Life cycle: load (build the graph, compare, deploy) → start → commit or abort. Runs on the slot's thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { loadNativeReader } from '../../mailbox/native-reader.ts'
import { snapshotBuffers } from '../../checkpoint/state/snapshot.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { buildInScope } from '../../operators/chain/own-code.ts'
import type { Subtask } from '../../operators/subtask.ts'
import { SourceSubtask } from '../../operators/source/source-subtask.ts'
import { handedOver } from '../../runtime/control-port.ts'
import type { SlotExtension, SlotNode } from '../../runtime/slot-node.ts'
import { toWireError } from '../../runtime/wire-error.ts'
import { fingerprint, firstDifference } from '../fingerprint.ts'
import type { JobGraph } from '../graph.ts'
import { buildGraph } from '../job.ts'
import { deployTasks } from './deploy-tasks.ts'
import type { DeployedTasks } from './deploy-tasks.ts'
import { loadJobModule } from './job-module.ts'
import type { Deployment, GraphOrigin, JobCoordinator, JobSlot } from './protocol.ts'

/** Deploys a job's part on this slot and returns what the coordinator can do with it. */
export const deployJob: SlotExtension<Deployment, JobCoordinator, JobSlot> = async (
  node,
  deployment,
  coordinator,
) => {
  const { origin, tasks } = deployment
  // State is read at once, before anything else could be loaded.
  const restores = deployment.recovery.restored !== undefined
  if (restores && origin.kind === 'module') await loadNativeReader()
  // The main thread builds many jobs at once; a thread of its own builds one after the other.
  if (origin.kind === 'module') buildInScope(`${origin.url} ${[...tasks].join()}`)
  const deployed = await deployTasks({
    node,
    graph: await graphFrom(deployment.origin, node),
    plan: deployment.plan,
    tasks: deployment.tasks,
    codec: deployment.codec,
    nextSplit: (nodeId, subtaskIndex) => coordinator.nextSplit(nodeId, subtaskIndex),
    announceWatermark: (nodeId, subtaskIndex, watermark) => {
      void coordinator.announceWatermark(nodeId, subtaskIndex, watermark)
    },
    recovery: deployment.recovery,
    listener: {
      packed: (subtask, checkpointId, pieces) => {
        const handed = handedOver(pieces, snapshotBuffers(pieces))
        void coordinator.packed(nameOf(subtask), checkpointId, handed)
      },
      acknowledged: (subtask, checkpointId, snapshot) => {
        void coordinator.acknowledged(nameOf(subtask), checkpointId, withItsBytes(snapshot))
      },
      declined: (subtask, checkpointId, error) => {
        void coordinator.declined(nameOf(subtask), checkpointId, toWireError(error))
      },
      finished: (subtask, snapshot) => {
        void coordinator.finished(nameOf(subtask), withItsBytes(snapshot))
      },
      failed: (subtask, error) => {
        void coordinator.failed(nameOf(subtask), toWireError(error))
      },
    },
  })
  return jobSlot(node, deployed)
}

/** To copy the state of a million keys would stop the thread. */
function withItsBytes(snapshot: SubtaskSnapshot): SubtaskSnapshot {
  return handedOver(snapshot, snapshotBuffers(snapshot.operators))
}

function nameOf({ identity }: Subtask): SubtaskName {
  return { taskId: identity.taskId, subtaskIndex: identity.index }
}

/** Stale frames of each slot that its coordinator knows of. */
const toldStale = new WeakMap<SlotNode, number>()

/** The coordinator's view of the tasks of one slot. */
export function jobSlot(node: SlotNode, deployed: DeployedTasks): JobSlot {
  const { subtasks } = deployed

  function close(): void {
    for (const channel of deployed.channelIds) {
      node.router.removeInput(channel)
      node.router.removeOutput(channel)
    }
    const errors: unknown[] = []
    for (const subtask of subtasks) {
      try {
        subtask.close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  return {
    start: () => {
      for (const subtask of subtasks) subtask.start()
    },
    align: (group, watermark) => {
      for (const subtask of subtasks) {
        if (subtask instanceof SourceSubtask) subtask.alignTo(group, watermark)
      }
    },
    triggerCheckpoint: (checkpointId, alignedForMs) => {
      for (const subtask of subtasks) {
        if (subtask instanceof SourceSubtask) subtask.triggerCheckpoint(checkpointId, alignedForMs)
      }
    },
    standAlone: (checkpointId) => {
      for (const subtask of subtasks) subtask.standAlone(checkpointId)
    },
    checkpointComplete: (checkpointId) => {
      for (const subtask of subtasks) subtask.checkpointComplete(checkpointId)
    },
    suspendAfter: (checkpointId) => {
      for (const subtask of subtasks) subtask.suspendAfter(checkpointId)
    },
    resume: () => {
      for (const subtask of subtasks) subtask.resume()
    },
    keepState: () => {
      for (const subtask of subtasks) subtask.keepState()
    },
    drain: () => {
      for (const subtask of subtasks) if (subtask instanceof SourceSubtask) subtask.drain()
    },
    cancel: () => {
      for (const subtask of subtasks) subtask.cancel()
    },
    commit: async () => {
      for (const subtask of subtasks) await subtask.commit()
      close()
    },
    stop: async () => {
      for (const subtask of subtasks) await subtask.stop()
      close()
    },
    abort: async (keepPrepared) => {
      for (const subtask of subtasks) subtask.cancel()
      await Promise.allSettled(subtasks.map((subtask) => subtask.abort(keepPrepared)))
      close()
    },
    metrics: () => subtasks.map((subtask) => subtask.metrics()),
    staleFrames: () => {
      const { staleFrames } = node.router
      const told = toldStale.get(node) ?? 0
      toldStale.set(node, staleFrames)
      return staleFrames - told
    },
  }
}

async function graphFrom(origin: GraphOrigin, node: SlotNode): Promise<JobGraph> {
  if (origin.kind === 'shared') return origin.graph
  const graph = await buildGraph(await loadJobModule(origin.url), origin.args)
  const difference = firstDifference(origin.fingerprint, fingerprint(graph))
  if (difference === undefined) return graph
  throw new MillraceError(
    'BUILDS_DIFFER',
    `The job '${graph.jobName}' was built differently on the main thread ("here") and on slot ${node.slot.index} ("there"): ` +
      `${difference}. A build must do the same on every thread: no random numbers, no clock, no state of the module`,
  )
}
