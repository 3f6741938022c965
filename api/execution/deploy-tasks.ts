/**
 * Builds the subtasks that a plan puts on one slot, and joins them with each other and with other slots.
 *
 * Runs on the slot's thread. Receivers are built before senders, since a sender in the same slot hands batches to the receiver's gate.
 */
import type { CodecName } from '../../mailbox/codec.ts'
import type { RestoredShare } from '../../checkpoint/coordinator/restored-job.ts'
import { HeapStateBackend } from '../../checkpoint/state/heap-state-backend.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { BadRecordHandler } from '../../operators/bad-records.ts'
import { Attention } from '../../operators/chain/attention.ts'
import { compileChain } from '../../operators/chain/chain.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import type {
  ChannelFacts,
  ChannelStateParts,
} from '../../operators/checkpointing/channel-state.ts'
import { InputSubtask } from '../../operators/input-subtask.ts'
import { SourceSubtask } from '../../operators/source/source-subtask.ts'
import { packedInput } from '../../operators/packed-records.ts'
import { SinkTail } from '../../operators/sink-tail.ts'
import type { Counter } from '../../operators/operator.ts'
import { counterIn } from '../../operators/subtask-parts.ts'
import type { Subtask } from '../../operators/subtask.ts'
import type {
  OperatorSurroundings,
  RestoredSubtask,
  SubtaskListener,
  SubtaskParts,
} from '../../operators/subtask-parts.ts'
import { OutputGate } from '../../runtime/output-channel.ts'
import type { OutputChannel } from '../../runtime/output-channel.ts'
import type { SlotNode } from '../../runtime/slot-node.ts'
import type { GraphNode, JobGraph } from '../graph.ts'
import type { EdgePlan, ExecutionPlan, SubtaskPlan, TaskPlan } from '../plan.ts'
import { consoleLogger } from './console-logger.ts'
import { chainBranches, nodeOf } from './chain-branches.ts'
import { channelFacts, restoredChannels } from './channel-state.ts'
import type { Collector } from './collector.ts'
import { nameKey } from './finished-subtasks.ts'
import { payloadLayouts } from './operator-factory.ts'
import { openWriters } from './open-writers.ts'
import type { PlacedSink } from './open-writers.ts'
import { ownWatermarks } from './own-watermarks.ts'
import type { OwnWatermarks } from './own-watermarks.ts'
import type { DeployedRecovery, SplitAnswer } from './protocol.ts'
import { inputChannels, SlotChannels } from './slot-channels.ts'

/** What is deployed where, and who hears of it. */
export interface DeployRequest {
  readonly node: SlotNode
  readonly graph: JobGraph
  readonly plan: ExecutionPlan
  /** The ids of the tasks that are meant. */
  readonly tasks: ReadonlySet<number>
  readonly codec: CodecName
  readonly recovery: DeployedRecovery
  readonly listener: SubtaskListener
  /** The collected streams, by name: on the main thread only. */
  readonly collectors?: ReadonlyMap<string, Collector>
  readonly nextSplit: (nodeId: number, subtaskIndex: number) => Promise<SplitAnswer>
  /** Tells the coordinator how far a subtask of an aligned source has come. */
  readonly announceWatermark: (nodeId: number, subtaskIndex: number, watermark: number) => void
}

/** The part of a job on one slot. */
export interface DeployedTasks {
  readonly subtasks: readonly Subtask[]
  /** The channels that begin or end here, to be forgotten when the job is over. */
  readonly channelIds: readonly number[]
}

/** Builds the subtasks of one slot and opens their sinks. Rejects with what a sink or operator throws; then nothing stays open. */
export async function deployTasks(request: DeployRequest): Promise<DeployedTasks> {
  const deployer = new Deployer(request)
  const tasks = request.plan.tasks.filter(({ id }) => request.tasks.has(id)).reverse()
  try {
    for (const task of tasks) {
      for (const subtask of task.subtasks) {
        const isHere = subtask.slot === request.node.slot.index
        if (!isHere || request.recovery.finished.has(nameKey(task.id, subtask.index))) continue
        await deployer.deploy(task, subtask)
      }
    }
  } catch (error) {
    // Nothing has been prepared here yet; what earlier attempts have prepared, the next one may go on from.
    await Promise.allSettled(deployer.subtasks.map((subtask) => subtask.abort(true)))
    throw error
  }
  return deployer
}

class Deployer implements DeployedTasks {
  readonly subtasks: Subtask[] = []
  readonly #request: DeployRequest
  readonly #channels: SlotChannels

  constructor(request: DeployRequest) {
    this.#request = request
    this.#channels = new SlotChannels(request)
  }

  get channelIds(): readonly number[] {
    return this.#channels.ids
  }

  async deploy(task: TaskPlan, placed: SubtaskPlan): Promise<void> {
    const root = nodeOf(this.#request.graph, task.root.nodeId)
    if (root.operator.kind === 'collect') {
      this.#deployCollector(task, placed, root.operator.name)
      return
    }
    const subtask = await this.#createSubtask(task, placed, root)
    this.subtasks.push(subtask)
    if (subtask instanceof InputSubtask) this.#channels.join(task, placed, subtask.inputs)
    subtask.open()
  }

  #deployCollector(task: TaskPlan, placed: SubtaskPlan, name: string): void {
    const { node, collectors } = this.#request
    const collector = collectors?.get(name)
    if (collector === undefined)
      throw new MillraceError('UNKNOWN_COLLECT', `Nobody takes the collected stream '${name}'`)
    const { length } = inputChannels(task, placed.index)
    this.#channels.join(task, placed, collector.connect(node.slot, length).inputs)
  }

  async #createSubtask(task: TaskPlan, placed: SubtaskPlan, root: GraphNode): Promise<Subtask> {
    const { node, graph, listener } = this.#request
    const gate = new OutputGate()
    const channels: OutputChannel[] = []
    const outputs: ChannelFacts[] = []
    const sinks: PlacedSink[] = []
    const surroundings = new Map<ChainElement, OperatorSurroundings>()
    const counters = new Map<string, Counter>()
    const watermarks = ownWatermarks(root)
    const { branches, badRecords } = chainBranches(task, {
      graph,
      slot: node.slot,
      subtaskIndex: placed.index,
      gate,
      openChannels: (edge) => {
        const opened = this.#channels.open(edge, placed, gate)
        channels.push(...opened)
        outputs.push(...this.#outputFacts(edge, placed))
        return opened
      },
      onTimed: watermarks?.onTimed,
      counter: (name) => counterIn(counters, name),
      onElement: (element, operator, sides) => {
        const { name, uid } = operator
        const state = new HeapStateBackend({
          uid,
          operatorName: name,
          maxParallelism: task.maxParallelism,
          subtaskIndex: placed.index,
          parallelism: task.parallelism,
          clock: node.slot.clock,
          restored: this.#share(uid, placed)?.states ?? [],
          own: this.#share(uid, placed)?.own,
          layouts: payloadLayouts(operator),
        })
        surroundings.set(element, { uid, state, sides })
      },
      takesPartialResults: ({ id }) => {
        const { channels } = this.#request.recovery
        if (channels !== undefined && channels.size > 0) return true
        return task.inputs.some((edge) => edge.toNode === id && edge.preAggregated)
      },
      onLocalPhase: (element, { name, uid }) => {
        const { clock } = node.slot
        const { index: subtaskIndex } = placed
        const { maxParallelism, parallelism } = task
        const of = { uid, operatorName: name, subtaskIndex, parallelism, maxParallelism, clock }
        const state = new HeapStateBackend({ ...of, restored: [], own: undefined })
        surroundings.set(element, { uid, state, sides: new Map() })
      },
      openSink: (sinkNode) => {
        const { name: operatorName, uid } = sinkNode
        const owned = { operatorName, uid, subtaskIndex: placed.index }
        const tail = new SinkTail(node.slot, gate, owned, (error) => {
          owner.turnFailed(error)
        })
        sinks.push({ tail, node: sinkNode })
        const { operator } = sinkNode
        const packs = operator.kind === 'sink' && operator.sink.createPacker !== undefined
        return packs && sinkNode === root ? packedInput(tail) : tail
      },
    })
    const attention = new Attention(node.slot.clock)
    const parts: SubtaskParts = {
      slot: node.slot,
      identity: {
        taskName: task.name,
        taskId: task.id,
        index: placed.index,
        parallelism: task.parallelism,
        maxParallelism: task.maxParallelism,
      },
      chain: compileChain(branches, { subtaskIndex: placed.index, gate, hold: attention }),
      attention,
      gate,
      channels,
      sinks: sinks.map(({ tail }) => tail),
      listener,
      counters,
      checkpointMode: this.#request.recovery.mode,
      incremental: this.#request.recovery.incremental,
      restored: this.#restoredSubtask(root, placed),
      channelState: this.#channelState(task, placed, outputs),
      logger: consoleLogger(task.name, placed.index),
      surroundings: (element) => {
        const known = surroundings.get(element)
        if (known === undefined)
          throw new MillraceError('UNKNOWN_NODE', `The chain has no operator '${element.name}'`)
        return known
      },
    }
    const owner = this.#subtaskOf(task, placed, { root, parts, badRecords, watermarks })
    gate.onError = (error) => {
      owner.turnFailed(error)
    }
    // Last, so that nothing which could throw follows: what is open by then belongs to a subtask that can be aborted.
    await openWriters(sinks, {
      subtaskIndex: placed.index,
      parallelism: task.parallelism,
      checkpoints: this.#request.recovery.mode !== undefined,
      clock: parts.slot.clock,
      restoredOf: (uid) => this.#share(uid, placed)?.sinkStates,
    })
    return owner
  }

  /** What an operator of a subtask begins with. */
  #share(uid: string, { index }: SubtaskPlan): RestoredShare | undefined {
    return this.#request.recovery.restored?.get(uid)?.shares[index]
  }

  /** Undefined where barriers never overtake, and never did. */
  #channelState(
    task: TaskPlan,
    { index: subtaskIndex }: SubtaskPlan,
    outputs: readonly ChannelFacts[],
  ): ChannelStateParts | undefined {
    const { graph, plan, codec, recovery } = this.#request
    const { channels } = recovery
    if (!recovery.unaligned && channels === undefined) return undefined
    const inputs = task.inputs.flatMap((edge) =>
      edge.channels
        .filter(({ toSubtask }) => toSubtask === subtaskIndex)
        .map((channel) => channelFacts(graph, plan, edge, channel)),
    )
    const reader = { graph, plan, task, subtaskIndex }
    return { codec, inputs, outputs, restored: restoredChannels(reader, channels ?? new Map()) }
  }

  #outputFacts(edge: EdgePlan, { index }: SubtaskPlan): ChannelFacts[] {
    const { graph, plan } = this.#request
    const mine = edge.channels.filter(({ fromSubtask }) => fromSubtask === index)
    return mine.map((channel) => channelFacts(graph, plan, edge, channel))
  }

  #restoredSubtask({ uid }: GraphNode, placed: SubtaskPlan): RestoredSubtask | undefined {
    const share = this.#share(uid, placed)
    if (share === undefined) return undefined
    const { watermark, splits } = share
    return { watermark, source: [{ uid, received: 0, open: splits }] }
  }

  #subtaskOf(
    task: TaskPlan,
    placed: SubtaskPlan,
    {
      root,
      parts,
      badRecords,
      watermarks,
    }: {
      root: GraphNode
      parts: SubtaskParts
      badRecords: BadRecordHandler | undefined
      watermarks: OwnWatermarks | undefined
    },
  ): SourceSubtask | InputSubtask {
    const { operator } = root
    if (operator.kind === 'source') {
      return new SourceSubtask({
        ...parts,
        source: operator.source,
        sourceName: root.name,
        sourceUid: root.uid,
        timestamp: operator.timestamp,
        watermarks: operator.watermarks,
        watermarkIntervalMs: operator.watermarkIntervalMs,
        badRecords,
        nextSplit: () => this.#request.nextSplit(root.id, placed.index),
        announceWatermark: (watermark) => {
          this.#request.announceWatermark(root.id, placed.index, watermark)
        },
      })
    }
    return new InputSubtask({
      ...parts,
      inputChannels: inputChannels(task, placed.index).map(({ input }) => input),
      watermarks: watermarks?.strategy,
    })
  }
}
