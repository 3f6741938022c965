/**
 * Partitioners: the end of a chain, which picks the channels that a record takes.
 *
 * Each is an `Output` over the channel writers that the runtime gives it: one per parallel instance of the receiver, in the
 * order of their indices. `emit` allocates nothing. Used by one thread; records keep their order per channel.
 */
import { checkMaxParallelism, keyGroupOf, subtaskOfKeyGroup } from '../checkpoint/key-groups.ts'
import { keyHash } from '../checkpoint/key-hash.ts'
import { MillraceError } from '../mailbox/errors.ts'
import type { Gate } from './chain/chain.ts'
import type { Output } from './operator.ts'
import { withOwnCode } from './chain/own-code.ts'

/** Takes the records of one channel; collects them into batches. All writers of a partitioner should be of one class. */
export interface ChannelWriter {
  append(value: unknown, timestamp: number): void
  /** Records in the open batch, which has not left yet. */
  readonly openRecords: number
  /** Batches that have left and were not taken yet, and those that wait for credit. */
  readonly backlog: number
  /** No credit is left and the open batch is full. */
  readonly full: boolean
}

/** How records are spread over the parallel instances of the receiver. */
export type Partitioning =
  /** Subtask i sends to subtask i; both sides have the same parallelism. */
  | { readonly kind: 'forward' }
  /** Round robin. */
  | { readonly kind: 'rebalance' }
  /** Round robin over the channels of this sender, which are some of the receiver's subtasks (see the plan). */
  | { readonly kind: 'rescale' }
  /** Batch by batch to the channel on which least is waiting. */
  | { readonly kind: 'idlest' }
  /** At random. */
  | { readonly kind: 'shuffle' }
  /** To every channel. */
  | { readonly kind: 'broadcast' }
  /** All to the first channel. */
  | { readonly kind: 'global' }
  /** By the key group of the key. */
  | { readonly kind: 'key'; readonly selector: (value: never) => unknown }
  /** The user's function picks the channel: an integer from 0 to `channels - 1`. */
  | { readonly kind: 'custom'; readonly fn: (value: never, channels: number) => number }

/** What a partitioner needs from its surroundings. */
export interface PartitionerContext {
  readonly subtaskIndex: number
  /** For `key`. Channels must not outnumber it. */
  readonly maxParallelism: number
  /** A number in [0, 1) from the host's generator; for `shuffle`, and where `rebalance` starts. */
  random(): number
  /** One flag for all channels. Default: a partitioner is full when one of its channels is. */
  readonly gate?: Gate
}

type Emit = (value: unknown, timestamp: number) => void

/**
 * Makes the output that spreads records over `channels` (at least one).
 *
 * Errors: `INVALID_PARTITIONING` for no channel or, with `forward`, no channel for this subtask;
 * `INVALID_PARALLELISM` for more channels than key groups. `emit` throws `INVALID_KEY` and, for a custom function that
 * returns no channel index, `PARTITION_OUT_OF_RANGE`.
 */
export function createPartitioner(
  partitioning: Partitioning,
  channels: readonly ChannelWriter[],
  context: PartitionerContext,
): Output {
  if (channels.length === 0) {
    throw new MillraceError(
      'INVALID_PARTITIONING',
      `Expected at least one channel for '${partitioning.kind}', got none`,
    )
  }
  return withOwnCode(createOutput)(
    createEmit(partitioning, channels, context),
    context.gate ?? anyOf(channels),
  )
}

function createOutput(emit: Emit, gate: Gate): Output {
  return {
    emit,
    get full() {
      return gate.full
    },
  }
}

function createEmit(
  partitioning: Partitioning,
  channels: readonly ChannelWriter[],
  context: PartitionerContext,
): Emit {
  const count = channels.length
  switch (partitioning.kind) {
    case 'forward':
      return withOwnCode(emitToOne)(pick(channels, count === 1 ? 0 : context.subtaskIndex))
    case 'global':
      return withOwnCode(emitToOne)(pick(channels, 0))
    case 'idlest':
      return withOwnCode(emitToIdlest)(channels, Math.floor(context.random() * count))
    case 'rescale':
    case 'rebalance':
      return withOwnCode(emitInTurn)(channels, Math.floor(context.random() * count))
    case 'shuffle':
      return withOwnCode(emitAtRandom)(channels, () => context.random())
    case 'broadcast':
      return withOwnCode(emitToAll)(channels)
    case 'key': {
      const table = channelOfKeyGroup(count, context.maxParallelism)
      return withOwnCode(emitByKey)(channels, table, partitioning.selector, { keyHash, keyGroupOf })
    }
    case 'custom':
      return withOwnCode(emitByFunction)(channels, partitioning.fn, outOfRange)
  }
}

function pick(channels: readonly ChannelWriter[], index: number): ChannelWriter {
  const channel = channels[index]
  if (channel === undefined) {
    throw new MillraceError(
      'INVALID_PARTITIONING',
      `A forward edge needs as many receivers as senders: subtask ${index} has none, there are ${channels.length}`,
    )
  }
  return channel
}

/** Key group → channel; a table, because a division per record costs more than a load. */
function channelOfKeyGroup(count: number, maxParallelism: number): Uint16Array {
  checkMaxParallelism(maxParallelism)
  return Uint16Array.from({ length: maxParallelism }, (_, keyGroup) =>
    subtaskOfKeyGroup(keyGroup, count, maxParallelism),
  )
}

function outOfRange(index: unknown, count: number): never {
  throw new MillraceError(
    'PARTITION_OUT_OF_RANGE',
    `A partition function must return an integer from 0 to ${count - 1}, got ${String(index)}`,
  )
}

function anyOf(channels: readonly ChannelWriter[]): Gate {
  return {
    get full() {
      for (const channel of channels) if (channel.full) return true
      return false
    },
  }
}

// The functions below are evaluated anew for every partitioner (own-code): nothing but parameters and globals in them.

function emitToOne(channel: ChannelWriter): Emit {
  return (value, timestamp) => channel.append(value, timestamp)
}

function emitToIdlest(channels: readonly ChannelWriter[], start: number): Emit {
  const count = channels.length
  let at = start
  let current = channels[start] as ChannelWriter

  /** The channel with the least waiting; among equals the one after the last. */
  function pickIdlest(): void {
    let least = Number.POSITIVE_INFINITY
    const first = at
    for (let i = 1; i <= count; i++) {
      const index = (first + i) % count
      const channel = channels[index] as ChannelWriter
      if (channel.backlog >= least) continue
      least = channel.backlog
      current = channel
      at = index
    }
  }

  return (value, timestamp) => {
    // Whole batches, since a channel is judged by what has left.
    if (current.openRecords === 0) pickIdlest()
    current.append(value, timestamp)
  }
}

function emitInTurn(channels: readonly ChannelWriter[], start: number): Emit {
  const count = channels.length
  let next = start
  return (value, timestamp) => {
    const channel = channels[next] as ChannelWriter
    next = next + 1 === count ? 0 : next + 1
    channel.append(value, timestamp)
  }
}

function emitAtRandom(channels: readonly ChannelWriter[], random: () => number): Emit {
  const count = channels.length
  return (value, timestamp) => {
    const channel = channels[Math.floor(random() * count)] as ChannelWriter
    channel.append(value, timestamp)
  }
}

function emitToAll(channels: readonly ChannelWriter[]): Emit {
  const count = channels.length
  return (value, timestamp) => {
    for (let i = 0; i < count; i++) (channels[i] as ChannelWriter).append(value, timestamp)
  }
}

function emitByKey(
  channels: readonly ChannelWriter[],
  channelOfKeyGroup: Uint16Array,
  selector: (value: never) => unknown,
  keys: { readonly keyHash: typeof keyHash; readonly keyGroupOf: typeof keyGroupOf },
): Emit {
  const { keyHash, keyGroupOf } = keys
  const maxParallelism = channelOfKeyGroup.length
  return (value, timestamp) => {
    const keyGroup = keyGroupOf(keyHash(selector(value as never)), maxParallelism)
    const channel = channels[channelOfKeyGroup[keyGroup] as number] as ChannelWriter
    channel.append(value, timestamp)
  }
}

function emitByFunction(
  channels: readonly ChannelWriter[],
  fn: (value: never, channels: number) => number,
  fail: (index: unknown, count: number) => never,
): Emit {
  const count = channels.length
  return (value, timestamp) => {
    const index = fn(value as never, count)
    const channel = channels[index]
    if (channel === undefined) fail(index, count)
    else channel.append(value, timestamp)
  }
}
