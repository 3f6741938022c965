/**
 * How the batches of a channel cross to another slot: packed by the codec of the job, or, in front of a sink that says how, by the sink's packer.
 * Built on the sender's thread, where the channel begins.
 */
import type { CodecName } from '../../mailbox/codec.ts'
import { UnsendableValueError } from '../../mailbox/sendable.ts'
import { operatorError } from '../../operators/operator-error.ts'
import { packerOf, PackingTransport } from '../../operators/packed-records.ts'
import { LinkTransport } from '../../runtime/output-channel.ts'
import type { ChannelTransport } from '../../runtime/output-channel.ts'
import type { Peer } from '../../runtime/peer.ts'
import type { GraphNode } from '../graph.ts'
import type { ChannelPlan } from '../plan.ts'

/** A channel that leaves its slot. */
export interface LeavingChannel {
  readonly channel: ChannelPlan
  readonly peer: Peer
  readonly codec: CodecName
  /** The operators at its ends. */
  readonly from: GraphNode
  readonly to: GraphNode
  /** Whether checkpoints may record what is in flight on it: then records must stay records. */
  readonly overtakable: boolean
}

/** The transport of a channel. Its errors name the sender, or the sink whose packer failed. Throws `INVALID_SINK` for what is no packer. */
export function linkTransport(leaving: LeavingChannel): ChannelTransport {
  const { channel, peer, codec, from, to, overtakable } = leaving
  const packer =
    to.operator.kind === 'sink' && !overtakable ? packerOf(to.operator.sink) : undefined
  if (packer === undefined) {
    return new LinkTransport(peer, channel.id, codec, (error, values) =>
      sendError(from.name, channel.fromSubtask, error, values),
    )
  }
  // As if the writer had failed, whichever thread does its work.
  const failure = { operatorName: to.name, subtaskIndex: channel.toSubtask }
  return new PackingTransport(packer, new LinkTransport(peer, channel.id, 'msgpack'), (error) =>
    operatorError(failure, error),
  )
}

/** A record can't leave its slot: names the operator that sends it, and the record. */
function sendError(
  operatorName: string,
  subtaskIndex: number,
  error: unknown,
  values: readonly unknown[],
): unknown {
  const found = error instanceof UnsendableValueError
  const record = found ? { record: { value: values[error.recordIndex] } } : {}
  return operatorError({ operatorName, subtaskIndex, ...record }, error)
}
