/**
 * What a subtask must know of its channels to keep what is in flight on them, and to go on from it.
 */
import type { ChannelBatch, ChannelName } from '../../checkpoint/subtask-snapshot.ts'
import type { CodecName } from '../../mailbox/codec.ts'

/** One channel of a subtask. */
export interface ChannelFacts extends ChannelName {
  /** Whether barriers may overtake on it. */
  readonly overtakable: boolean
}

/** What was in flight to a subtask, as far as it is this one's now. */
export interface RestoredChannel {
  /** The input channel on which it is read. */
  readonly channel: number
  readonly batches: readonly ChannelBatch[]
  /** Which of the records are this subtask's. Default: all. */
  readonly keeps?: ((value: unknown) => boolean) | undefined
}

/** The channels of a subtask. */
export interface ChannelStateParts {
  /** What records in flight are packed with. */
  readonly codec: CodecName
  /** In the order of the input channels. */
  readonly inputs: readonly ChannelFacts[]
  /** In the order of the output channels. */
  readonly outputs: readonly ChannelFacts[]
  /** To be read before anything new. Default: nothing. */
  readonly restored?: readonly RestoredChannel[]
}
