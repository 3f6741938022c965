/**
 * The channels of one job that begin or end on one slot. A frame from another slot finds its receiver through the router; a sender in the same
 * slot hands batches to the receiver's gate. So receivers must join before their senders open. On the slot's thread.
 */
import type { CodecName } from '../../mailbox/codec.ts'
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import type { InputGate } from '../../runtime/input-gate.ts'
import { LocalTransport, OutputChannel } from '../../runtime/output-channel.ts'
import type { OutputGate } from '../../runtime/output-channel.ts'
import type { SlotNode } from '../../runtime/slot-node.ts'
import type { JobGraph } from '../graph.ts'
import type { ChannelPlan, EdgePlan, SubtaskPlan, TaskPlan } from '../plan.ts'
import { nodeOf } from './chain-branches.ts'
import { nameKey } from './finished-subtasks.ts'
import { linkTransport } from './link-transport.ts'
import type { DeployedRecovery } from './protocol.ts'

/** What decides about channels. */
export interface SlotChannelParts {
  readonly node: SlotNode
  readonly graph: JobGraph
  readonly codec: CodecName
  readonly recovery: DeployedRecovery
}

/** A channel that ends at a subtask. */
export interface InputChannel {
  readonly channel: ChannelPlan
  readonly fromTask: number
  /** Of an operator with two inputs: which one. */
  readonly input: 0 | 1
}

/** See the head of this file. */
export class SlotChannels {
  /** To be forgotten when the job is over. */
  readonly ids: number[] = []
  readonly #parts: SlotChannelParts
  /** The gates of receivers in this slot, with the input index, by channel. */
  readonly #receivers = new Map<number, { gate: InputGate; index: number }>()

  constructor(parts: SlotChannelParts) {
    this.#parts = parts
  }

  /** Makes a subtask's gate known to senders: those in this slot, and the router for frames from others. */
  join(task: TaskPlan, placed: SubtaskPlan, gate: InputGate): void {
    const { node, recovery } = this.#parts
    inputChannels(task, placed.index).forEach(({ channel, fromTask }, index) => {
      if (recovery.finished.has(nameKey(fromTask, channel.fromSubtask))) {
        // What its sender would have said in the end.
        gate.offer(index, { kind: 'watermark', timestamp: MAX_TIMESTAMP })
        gate.offer(index, { kind: 'end' })
        return
      }
      this.ids.push(channel.id)
      if (channel.fromSlot === node.slot.index) {
        this.#receivers.set(channel.id, { gate, index })
        return
      }
      node.router.addInput(channel.id, gate, index)
      const peer = node.slot.peer(channel.fromSlot)
      gate.setCreditTarget(index, { kind: 'remote', peer, channel: channel.id })
    })
  }

  /** Opens the channels of an edge that begin at a subtask, in the order of their receivers. */
  open(edge: EdgePlan, placed: SubtaskPlan, gate: OutputGate): OutputChannel[] {
    const mine = edge.channels.filter(({ fromSubtask }) => fromSubtask === placed.index)
    return mine.map((channel) => this.#openOne(edge, channel, gate))
  }

  #openOne(edge: EdgePlan, channel: ChannelPlan, gate: OutputGate): OutputChannel {
    const { node, codec, graph, recovery } = this.#parts
    this.ids.push(channel.id)
    const receiver = this.#receivers.get(channel.id)
    if (receiver !== undefined) {
      const transport = new LocalTransport(receiver.gate, receiver.index)
      const output = new OutputChannel(channel.id, node.slot, gate, transport)
      receiver.gate.setCreditTarget(receiver.index, { kind: 'local', output })
      return output
    }
    const transport = linkTransport({
      channel,
      peer: node.slot.peer(channel.toSlot),
      codec,
      from: nodeOf(graph, edge.fromNode),
      to: nodeOf(graph, edge.toNode),
      overtakable: recovery.unaligned,
    })
    const output = new OutputChannel(channel.id, node.slot, gate, transport)
    node.router.addOutput(output)
    return output
  }
}

/** The channels that end at a subtask, in the order of its input indexes. */
export function inputChannels(task: TaskPlan, subtaskIndex: number): InputChannel[] {
  return task.inputs.flatMap(({ channels, input, fromTask }) =>
    channels
      .filter(({ toSubtask }) => toSubtask === subtaskIndex)
      .map((channel) => ({ channel, fromTask, input })),
  )
}
