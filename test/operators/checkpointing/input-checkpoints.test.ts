/** Barriers of a subtask with inputs: where they go, and what its part of the checkpoint holds. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { asyncOperator } from '../../../operators/async/async-operator.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import { monotonous } from '../../../operators/time/watermarks.ts'
import type { ChannelItem } from '../../../runtime/output-channel.ts'
import { Service } from '../async/service.ts'
import { subtaskRig } from '../subtask-rig.ts'
import type { RigOptions } from '../subtask-rig.ts'
import { memory, remembered } from './memory.ts'

const END = { kind: 'end' } as const
const FINAL = { kind: 'watermark', timestamp: Infinity } as const

function barrier(checkpointId: number): ChannelItem {
  return { kind: 'barrier', checkpointId }
}

function watermark(timestamp: number): ChannelItem {
  return { kind: 'watermark', timestamp }
}

function records(...values: unknown[]): ChannelItem {
  return { values, timestamps: new Float64Array(values.length), length: values.length }
}

interface Options extends RigOptions {
  readonly ownTime?: boolean
  readonly idleTimeoutMs?: number
}

function rig(channels: number, options: Options = {}) {
  const { ownTime = false, idleTimeoutMs } = options
  const elements = [...(options.elements ?? []), memory().element]
  const surroundings = subtaskRig({ ...options, elements }, () => subtask)
  const subtask: InputSubtask = new InputSubtask({
    ...surroundings.parts,
    inputChannels: Array.from({ length: channels }, () => 0 as const),
    watermarks:
      ownTime || idleTimeoutMs !== undefined ? { ...monotonous(), idleTimeoutMs } : undefined,
  })
  subtask.open()
  subtask.start()
  const give = async (channel: number, ...items: ChannelItem[]): Promise<void> => {
    for (const item of items) subtask.inputs.offer(channel, item)
    await surroundings.settle()
  }
  const { snapshots, transport } = surroundings
  /** What the operator had seen at each checkpoint. */
  const seen = () => [...snapshots].map(([id, snapshot]) => [id, remembered(snapshot)] as const)
  return { ...surroundings, subtask, give, seen, sent: transport.sent }
}

test('the barrier goes exactly between the records before and after it, and so does the state', async () => {
  const { give, sent, seen, snapshots } = rig(1)
  await give(0, records(1, 2), watermark(5), barrier(1), records(3), barrier(2))
  assert.equal(sent, [[1, 2], watermark(5), barrier(1), [3], barrier(2)])
  assert.equal(seen(), [
    [1, [1, 2]],
    [2, [1, 2, 3]],
  ])
  const { watermark: reached, finished, sinks, channels, source } = snapshots.get(1)!
  assert.equal([reached, finished, sinks, channels, source], [5, false, [], [], undefined])
})

test('of two inputs, the one whose barrier has come waits for the other', async () => {
  const { give, sent, seen } = rig(2)
  await give(0, records('a1'), barrier(1), records('a2'))
  await give(1, records('b1'))
  assert.equal(sent, [['a1'], ['b1']])
  await give(1, records('b2'), barrier(1), records('b3'))
  assert.equal(sent.slice(2, 4), [['b2'], barrier(1)])
  assert.equal(new Set(sent.slice(4).flat()), new Set(['a2', 'b3']))
  assert.equal(seen(), [[1, ['a1', 'b1', 'b2']]])
})

test('at least once, nobody waits, and state may hold records from behind the barrier', async () => {
  const { give, sent, seen } = rig(2, { checkpointMode: 'at-least-once' })
  await give(0, records('a1'), barrier(1), records('a2'))
  await give(1, records('b1'), barrier(1))
  assert.equal(sent, [['a1', 'a2'], ['b1'], barrier(1)])
  assert.equal(seen(), [[1, ['a1', 'a2', 'b1']]])
})

test('at least once, event time begins anew after a restore: what was read behind the barrier had moved it', async () => {
  const first = rig(2, { checkpointMode: 'at-least-once' })
  // The second sender has itself read on behind a barrier before it has passed its own on.
  await first.give(0, watermark(5), barrier(1), records('replayed'), FINAL)
  await first.give(1, FINAL, barrier(1))
  const restored = first.snapshots.get(1)!
  assert.is(restored.watermark, -Infinity)
  const second = rig(2, { checkpointMode: 'at-least-once', restored })
  await second.give(0, watermark(5), records('replayed'))
  assert.equal(second.sent, [['replayed']])
  await second.give(1, watermark(4))
  assert.equal(second.sent, [['replayed'], watermark(4)])
})

test('a record that came behind the watermark it is late for does not get ahead of it by a restore', async () => {
  const asking = (fn: (value: never) => unknown): ChainElement => ({
    name: 'ask',
    operator: asyncOperator({
      fn,
      flat: false,
      order: 'unordered',
      capacity: 2,
      timeoutMs: undefined,
      onTimeout: undefined,
      retry: undefined,
    }),
  })
  const first = rig(1, { elements: [asking(() => new Promise(() => {}))] })
  await first.give(0, records('a'), watermark(5), records('late'), barrier(1))
  const restored = first.snapshots.get(1)!
  const second = rig(1, { elements: [asking((value) => `${String(value)} again`)], restored })
  await second.settle()
  assert.equal(second.sent, [['a again'], watermark(5), ['late again']])
})

test('an input that waits gives no credits back: its sender stops', async () => {
  const { give, subtask } = rig(2)
  let granted = 0
  subtask.inputs.setCreditTarget(0, { kind: 'local', output: { grant: () => granted++ } as never })
  const many = Array.from({ length: 15 }, (_, i) => records(i))
  await give(0, barrier(1), ...many)
  assert.equal([granted, subtask.metrics().recordsIn], [0, 0])
  await give(1, barrier(1))
  assert.equal([granted > 0, subtask.metrics().recordsIn], [true, 15])
})

test('an input that ends is not waited for', async () => {
  const { give, sent, seen, snapshots } = rig(2)
  await give(0, records('a1'), barrier(1), records('a2'))
  await give(1, records('b1'), END)
  assert.equal(sent, [['a1'], ['b1'], barrier(1), ['a2']])
  assert.equal(seen(), [[1, ['a1', 'b1']]])
  await give(0, barrier(2), END)
  assert.equal(sent.slice(4), [barrier(2), FINAL, END])
  assert.equal([...snapshots.keys()], [1, 2, 'end'])
})

test('a barrier of a later checkpoint ends the wait; older ones have no effect', async () => {
  const { give, sent, seen } = rig(2)
  await give(0, barrier(1), records('a1'))
  await give(1, records('b1'), barrier(2), records('b2'), barrier(3))
  assert.equal(sent, [['b1', 'a1']])
  await give(0, barrier(2), barrier(3))
  assert.equal(sent.slice(1), [barrier(2), ['b2'], barrier(3)])
  assert.equal(seen(), [
    [2, ['b1', 'a1']],
    [3, ['b1', 'a1', 'b2']],
  ])
})

test('a barrier waits while there is no room behind', async () => {
  const { give, sent, seen, channel, settle, subtask } = rig(1, { credits: 1 })
  const full = Array.from({ length: 512 }, (_, i) => i)
  await give(0, records(...full), records(...full), barrier(1))
  assert.equal([sent.length, subtask.metrics().recordsIn, seen().length], [1, 1_024, 0])
  channel.grant(2)
  await settle()
  assert.equal(sent.slice(1), [full, barrier(1)])
  assert.equal(seen(), [[1, [...full, ...full]]])
})

test('a barrier waits until an operator has fired all that a watermark fires', async () => {
  const fired = { left: 3 }
  const element: ChainElement = {
    name: 'window',
    operator: {
      open(_, output) {
        this.processWatermark = (time) => {
          for (; fired.left > 0 && time === 5; fired.left--) {
            if (output.full) return false
            for (let i = 0; i < 512; i++) output.emit(fired.left, 0)
          }
          return true
        }
      },
      processRecord: () => {},
      processWatermark: () => true,
      endInput: () => true,
      close: () => {},
    },
  }
  const { give, seen, channel, settle } = rig(1, { elements: [element], credits: 0 })
  await give(0, watermark(5), barrier(1))
  assert.equal([fired.left, seen()], [2, []])
  channel.grant(1)
  await settle()
  assert.equal([fired.left, seen()], [1, []])
  channel.grant(100)
  await settle()
  assert.is(fired.left, 0)
  assert.equal(seen()[0]?.[1]?.length, 3 * 512)
})

function asyncElement(service: Service<number, number>): ChainElement {
  const operator = asyncOperator({
    fn: service.ask,
    flat: false,
    order: 'ordered',
    capacity: 2,
    timeoutMs: undefined,
    onTimeout: undefined,
    retry: undefined,
  })
  return { name: 'async', operator }
}

test('a barrier does not wait for the answers to an asynchronous operator, even when that is full', async () => {
  const service = new Service<number, number>()
  const first = rig(1, { elements: [asyncElement(service)] })
  await first.give(0, records(1, 2), barrier(1), records(3))
  assert.equal(first.sent, [barrier(1)])
  assert.equal(first.subtask.metrics().recordsIn, 3)

  const again = new Service<number, number>()
  const restored = first.snapshots.get(1)
  const second = rig(1, { elements: [asyncElement(again)], restored })
  await second.give(0, records(3))
  again.answer(1, 10)
  again.answer(2, 20)
  again.answer(3, 30)
  await second.give(0, END)
  assert.equal(second.sent.slice(0, -2).flat(), [10, 20, 30])
})

test('a barrier waits for the rest of a batch that an asynchronous operator has not taken', async () => {
  const service = new Service<number, number>()
  const { give, seen, snapshots, settle, sent } = rig(1, { elements: [asyncElement(service)] })
  await give(0, records(1, 2, 3, 4), barrier(1))
  assert.is(snapshots.size, 0)
  service.answer(1, 10)
  service.answer(2, 20)
  await settle()
  assert.equal(seen(), [[1, [10, 20]]])
  assert.equal(sent, [[10, 20], barrier(1)].flat(0))
})

test('state that cannot be stored declines the checkpoint; the barrier goes on, and so does the job', async () => {
  let whole = false
  const element: ChainElement = {
    name: 'broken',
    operator: {
      open: ({ state }) => {
        state.registerOperator({
          name: 'broken',
          kind: 'list',
          version: 1,
          redistribution: 'split',
          snapshot: () => (whole ? [] : [() => 1]),
          restore: () => {},
        })
      },
      processRecord: () => {},
      processWatermark: () => true,
      endInput: () => true,
      close: () => {},
    },
  }
  const { give, heard, sent, snapshots, subtask } = rig(1, { elements: [element] })
  await give(0, barrier(1))
  assert.equal(
    heard.map(([what]) => what),
    ['declined'],
  )
  assert.match(String(heard[0]?.[1]), /'broken'.*function/)
  whole = true
  await give(0, barrier(2))
  assert.equal(
    [sent, [...snapshots.keys()], subtask.state],
    [[barrier(1), barrier(2)], [2], 'running'],
  )
})

test('the end: what it contributes to later checkpoints; without checkpoints not the state of operators', async () => {
  const withCheckpoints = rig(1, { checkpointMode: 'exactly-once' })
  await withCheckpoints.give(0, records(1), END)
  const { finished, watermark: reached } = withCheckpoints.snapshots.get('end')!
  // Not the last watermark: more may follow for whoever goes on from here.
  assert.equal([finished, reached], [true, -Infinity])
  assert.equal(withCheckpoints.seen(), [['end', [1]]])
  const without = rig(1)
  await without.give(0, records(1), END)
  assert.equal(without.snapshots.get('end')?.operators, [])
})

test('it goes on from the watermark that it had made itself', async () => {
  const stamp: ChainElement = {
    name: 'stamp',
    step: { kind: 'timestamp', fn: (value) => Number(value) * 10 },
  }
  const first = rig(1, { elements: [stamp], ownTime: true })
  await first.give(0, records(3), barrier(1))
  assert.equal(first.sent, [[3], watermark(29), barrier(1)])
  const restored = first.snapshots.get(1)
  const second = rig(1, { elements: [stamp], ownTime: true, restored })
  await second.give(0, records(2))
  await second.give(0, records(4))
  assert.equal(second.sent, [watermark(29), [2], [4], watermark(39)])
})

test('while an input waits for a barrier, the clock by which its records are missed stands still', async () => {
  const stamp: ChainElement = {
    name: 'stamp',
    step: { kind: 'timestamp', fn: (value) => Number(value) },
  }
  const idle = { kind: 'idle' } as const
  const { give, sent, clock, settle } = rig(2, { elements: [stamp], idleTimeoutMs: 100 })
  await give(0, records(1), barrier(1), records(2))
  clock.advance(1_000)
  await settle()
  assert.not(sent.some((item) => 'kind' in item && item.kind === 'idle'))
  await give(1, barrier(1))
  clock.advance(100)
  await settle()
  assert.equal(sent.at(-1), idle)
})

test('cancelled at a barrier, it does not acknowledge', async () => {
  const { give, subtask, snapshots, sent } = rig(2)
  await give(0, barrier(1))
  subtask.cancel()
  await give(1, barrier(1))
  assert.equal([snapshots.size, sent], [0, []])
})

test.run()
