import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keyGroupOf, subtaskOfKeyGroup } from '../../checkpoint/key-groups.ts'
import { keyHash } from '../../checkpoint/key-hash.ts'
import {
  createPartitioner,
  type ChannelWriter,
  type PartitionerContext,
  type Partitioning,
} from '../../operators/partitioner.ts'
import { codeOf } from './operator-fakes.ts'

class Channel implements ChannelWriter {
  readonly values: unknown[] = []
  readonly timestamps: number[] = []
  full = false
  openRecords = 0
  backlog = 0

  append(value: unknown, timestamp: number): void {
    this.values.push(value)
    this.timestamps.push(timestamp)
  }
}

function spread(
  partitioning: Partitioning,
  count: number,
  values: readonly unknown[],
  context: Partial<PartitionerContext> = {},
): Channel[] {
  const channels = Array.from({ length: count }, () => new Channel())
  const output = createPartitioner(partitioning, channels, {
    subtaskIndex: 0,
    maxParallelism: 128,
    random: () => 0,
    ...context,
  })
  values.forEach((value, i) => output.emit(value, i * 10))
  return channels
}

const valuesOf = (channels: readonly Channel[]): unknown[] => channels.map(({ values }) => values)

test('forward sends to the channel of the same index', () => {
  assert.equal(valuesOf(spread({ kind: 'forward' }, 3, [1, 2], { subtaskIndex: 2 })), [
    [],
    [],
    [1, 2],
  ])
  assert.equal(valuesOf(spread({ kind: 'forward' }, 1, [1], { subtaskIndex: 2 })), [[1]])
})

test('rebalance goes round, from a random start', () => {
  assert.equal(valuesOf(spread({ kind: 'rebalance' }, 3, [1, 2, 3, 4], { random: () => 0.99 })), [
    [2],
    [3],
    [1, 4],
  ])
})

test('rescale goes round among the channels that the plan gives it', () => {
  const channels = spread({ kind: 'rescale' }, 2, [1, 2, 3])
  assert.equal(valuesOf(channels), [[1, 3], [2]])
})

test('to the idlest: whole batches, each to the channel with the least waiting, equals in turn', () => {
  const channels = Array.from({ length: 3 }, () => new Channel())
  const output = createPartitioner({ kind: 'idlest' }, channels, {
    subtaskIndex: 0,
    maxParallelism: 128,
    random: () => 0,
  })
  channels[0]!.backlog = 2
  channels[1]!.backlog = 3
  channels[2]!.backlog = 1
  output.emit('a', 0)
  // The batch is open now: the second record joins it although another channel is idler by then.
  channels[2]!.openRecords = 1
  channels[1]!.backlog = 0
  output.emit('b', 0)
  channels[2]!.openRecords = 0
  channels[2]!.backlog = 2
  output.emit('c', 0)
  assert.equal(valuesOf(channels), [[], ['c'], ['a', 'b']])
  for (const channel of channels) channel.backlog = 0
  for (const value of ['d', 'e', 'f']) output.emit(value, 0)
  assert.equal(valuesOf(channels), [['e'], ['c', 'f'], ['a', 'b', 'd']])
})

test('shuffle asks the host for every record', () => {
  const draws = [0.9, 0, 0.5]
  const channels = spread({ kind: 'shuffle' }, 2, ['a', 'b', 'c'], {
    random: () => draws.shift() ?? Number.NaN,
  })
  assert.equal(valuesOf(channels), [['b'], ['a', 'c']])
})

test('broadcast sends to all, global to the first', () => {
  assert.equal(valuesOf(spread({ kind: 'broadcast' }, 2, [1, 2])), [
    [1, 2],
    [1, 2],
  ])
  assert.equal(valuesOf(spread({ kind: 'global' }, 2, [1, 2])), [[1, 2], []])
})

test('key sends every key to the owner of its key group, with its timestamp', () => {
  const values = Array.from({ length: 500 }, (_, i) => ({
    id: i % 3 === 0 ? [i, 'x'] : `key ${i % 50}`,
  }))
  for (const [count, maxParallelism] of [
    [1, 1],
    [3, 128],
    [5, 7],
  ] as const) {
    const selector = (value: { id: unknown }): unknown => value.id
    const channels = spread({ kind: 'key', selector }, count, values, { maxParallelism })
    channels.forEach((channel, index) => {
      for (const value of channel.values as { id: unknown }[]) {
        const keyGroup = keyGroupOf(keyHash(value.id), maxParallelism)
        assert.is(subtaskOfKeyGroup(keyGroup, count, maxParallelism), index)
      }
    })
    assert.equal(
      channels.flatMap(({ timestamps }) => timestamps).sort((a, b) => a - b),
      values.map((_, i) => i * 10),
    )
  }
})

test('custom picks the channel and hears how many there are', () => {
  const fn = (value: number, channels: number): number => channels - 1 - value
  assert.equal(valuesOf(spread({ kind: 'custom', fn }, 3, [0, 1, 2])), [[2], [1], [0]])
})

test('a custom function that gives no channel index is refused by code', () => {
  for (const index of [-1, 2, 0.5, Number.NaN, undefined as never]) {
    assert.is(
      codeOf(() => spread({ kind: 'custom', fn: () => index }, 2, [1])),
      'PARTITION_OUT_OF_RANGE',
    )
  }
})

test('a bad key is refused by code', () => {
  assert.is(
    codeOf(() => spread({ kind: 'key', selector: () => undefined }, 2, [1])),
    'INVALID_KEY',
  )
})

test('it is full when the gate is, or without one when any channel is', () => {
  const channels = [new Channel(), new Channel()]
  const context = { subtaskIndex: 0, maxParallelism: 128, random: () => 0 }
  const gate = { full: false }
  const gated = createPartitioner({ kind: 'rebalance' }, channels, { ...context, gate })
  const plain = createPartitioner({ kind: 'rebalance' }, channels, context)
  assert.equal([gated.full, plain.full], [false, false])
  channels[1]!.full = true
  gate.full = true
  assert.equal([gated.full, plain.full], [true, true])
})

test('what cannot work is refused when it is made', () => {
  assert.is(
    codeOf(() => spread({ kind: 'global' }, 0, [])),
    'INVALID_PARTITIONING',
  )
  assert.is(
    codeOf(() => spread({ kind: 'forward' }, 2, [], { subtaskIndex: 2 })),
    'INVALID_PARTITIONING',
  )
  const key: Partitioning = { kind: 'key', selector: String }
  assert.is(
    codeOf(() => spread(key, 3, [], { maxParallelism: 2 })),
    'INVALID_PARALLELISM',
  )
  assert.is(
    codeOf(() => spread(key, 1, [], { maxParallelism: 0 })),
    'INVALID_PARALLELISM',
  )
})

test.run()
