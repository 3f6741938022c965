/** Barriers that overtake: what is in state, what is in flight, and who waits for whom. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ChannelSnapshot, SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { createCodec } from '../../../mailbox/codec-registry.ts'
import type { CodecName } from '../../../mailbox/codec.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import type { RestoredChannel } from '../../../operators/checkpointing/channel-state.ts'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import { OVERTAKEN } from '../../../runtime/output-channel.ts'
import type { ChannelItem } from '../../../runtime/output-channel.ts'
import { subtaskRig } from '../subtask-rig.ts'
import type { RigOptions } from '../subtask-rig.ts'
import { memory, remembered } from './memory.ts'

const END = { kind: 'end' } as const
const BATCH = 512

/** A barrier that has overtaken; `until`: one that keeps its place up to that time. */
function barrier(checkpointId: number, until = OVERTAKEN): ChannelItem {
  return { kind: 'barrier', checkpointId, alignedUntilMs: until }
}

function watermark(timestamp: number): ChannelItem {
  return { kind: 'watermark', timestamp }
}

function records(...values: unknown[]): ChannelItem {
  return { values, timestamps: new Float64Array(values.length), length: values.length }
}

/** A batch that fills an output. */
function full(name: string): string[] {
  return Array.from({ length: BATCH }, (_, i) => `${name}${i}`)
}

interface Options extends RigOptions {
  /** Input channels on which barriers keep their places. */
  readonly placed?: readonly number[]
  readonly inFlight?: readonly RestoredChannel[]
}

function rig(channels: number, options: Options = {}) {
  const { placed = [], inFlight = [] } = options
  const elements = [...(options.elements ?? []), memory().element]
  const surroundings = subtaskRig({ ...options, elements }, () => subtask)
  const subtask: InputSubtask = new InputSubtask({
    ...surroundings.parts,
    inputChannels: Array.from({ length: channels }, () => 0 as const),
    channelState: {
      codec: 'columns',
      inputs: Array.from({ length: channels }, (_, channel) => ({
        edge: 'in',
        fromSubtask: channel,
        toSubtask: 0,
        overtakable: !placed.includes(channel),
      })),
      outputs: [{ edge: 'out', fromSubtask: 0, toSubtask: 0, overtakable: true }],
      restored: inFlight,
    },
  })
  subtask.open()
  subtask.start()
  const give = async (channel: number, ...items: ChannelItem[]): Promise<void> => {
    for (const item of items) subtask.inputs.offer(channel, item)
    await surroundings.settle()
  }
  const { transport } = surroundings
  return { ...surroundings, subtask, give, sent: transport.sent }
}

/** What is in a channel, in order: records, and watermarks as numbers behind `w`. */
function unpacked({ batches }: ChannelSnapshot): unknown[] {
  return batches.flatMap(({ codec, length, payload, marks = [] }) => [
    ...(length === 0 ? [] : createCodec(codec as CodecName).decode(payload, length)),
    ...marks.map((mark) => (mark.kind === 'idle' ? 'idle' : `w${mark.timestamp}`)),
  ])
}

/** What is in flight: by side and sender. */
function inFlight(snapshot: SubtaskSnapshot | undefined): Record<string, unknown[]> {
  return Object.fromEntries(
    (snapshot?.channels ?? []).map((channel) => [
      `${channel.side} ${channel.fromSubtask}`,
      unpacked(channel),
    ]),
  )
}

test('a subtask without room behind it takes part at once, and nothing that waits is missing', async () => {
  const { give, sent, snapshots, subtask, channel, settle } = rig(1, { credits: 1 })
  const [a, b, c] = [full('a'), full('b'), full('c')]
  await give(0, records(...a), records(...b, 'b+'), records(...c))
  assert.is(sent.length, 1, 'one batch has left, one waits, the next is not read to its end')
  await give(0, barrier(7))
  assert.equal(sent, [a, barrier(7)])
  const snapshot = snapshots.get(7)
  assert.equal(remembered(snapshot), [...a, ...b])
  assert.equal(inFlight(snapshot), { 'sender 0': b, 'receiver 0': ['b+', ...c] })
  // And it goes on as if nothing had happened.
  channel.grant(100)
  await settle()
  assert.equal(sent.slice(2).flat(), [...b, 'b+', ...c])
  assert.is(subtask.metrics().recordsIn, 3 * BATCH + 1)
})

test('what arrives before the barrier of another channel is recorded, and worked on all the same', async () => {
  const { give, sent, snapshots } = rig(2)
  await give(0, records('a1'))
  await give(0, barrier(1), records('a2'))
  await give(1, records('b1'), watermark(3), records('b2'))
  assert.equal(sent.flat(), ['a1', barrier(1), 'a2', 'b1', 'b2'])
  assert.not(snapshots.has(1))
  await give(1, barrier(1), records('b3'))
  assert.equal(remembered(snapshots.get(1)), ['a1'])
  assert.equal(inFlight(snapshots.get(1)), { 'receiver 1': ['b1', 'w3', 'b2'] })
})

test('a channel that ends needs no barrier', async () => {
  const { give, snapshots } = rig(3)
  await give(2, END)
  await give(0, barrier(1))
  await give(1, records('b1'), END)
  assert.equal(inFlight(snapshots.get(1)), { 'receiver 1': ['b1'] })
})

test('what channels had said of event time is kept, in front of what is in flight', async () => {
  const { give, snapshots } = rig(2)
  await give(0, watermark(5))
  await give(1, watermark(9), { kind: 'idle' })
  await give(0, barrier(1))
  await give(1, barrier(1))
  const snapshot = snapshots.get(1)
  assert.equal(inFlight(snapshot), { 'receiver 0': ['w5'], 'receiver 1': ['w9', 'idle'] })
  assert.is(snapshot?.watermark, 5)
})

test('what an operator is in the middle of is ended first', async () => {
  let left = 3
  const element: ChainElement = {
    name: 'window',
    operator: {
      open(_, output) {
        this.processWatermark = (time) => {
          for (; left > 0 && time === 5; left--) {
            if (output.full) return false
            for (const value of full('f')) output.emit(value, 0)
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
  const { give, snapshots, gate } = rig(1, { elements: [element], credits: 0 })
  await give(0, watermark(5), records('behind'))
  assert.is(left, 2)
  await give(0, barrier(1))
  assert.is(left, 0)
  const snapshot = snapshots.get(1)
  assert.is(snapshot?.watermark, 5)
  assert.is(remembered(snapshot).length, 3 * BATCH)
  assert.equal(inFlight(snapshot), {
    'receiver 0': ['w5', 'behind'],
    'sender 0': [...full('f'), ...full('f'), ...full('f'), 'w5'],
  })
  assert.ok(gate.full, 'it stops again')
})

test('with a timeout a barrier keeps its place until the time is up', async () => {
  const { give, snapshots, clock, settle, sent } = rig(2)
  await give(0, records('a1'), barrier(1, clock.now() + 100), records('a2'))
  await give(1, records('b1'))
  assert.equal(sent.flat(), ['a1', 'b1'])
  clock.advance(99)
  await settle()
  assert.is(sent.length, 2)
  clock.advance(1)
  await settle()
  assert.equal(sent[2], barrier(1))
  await give(1, records('b2'), barrier(1))
  assert.equal(remembered(snapshots.get(1)), ['a1', 'b1'])
  assert.equal(inFlight(snapshots.get(1)), { 'receiver 1': ['b2'] })
})

test('a checkpoint that is aligned in time has nothing in flight', async () => {
  const { give, snapshots, clock, settle, sent } = rig(2)
  const until = clock.now() + 100
  await give(0, records('a1'), barrier(1, until))
  await give(1, records('b1'), barrier(1, until))
  assert.equal(snapshots.get(1)?.channels, [])
  assert.equal(sent.at(-1), barrier(1, until))
  clock.advance(1_000)
  await settle()
  assert.is(sent.length, 3)
})

test('a barrier that waits for credit overtakes when its time is up, and is acknowledged only then', async () => {
  const { give, snapshots, clock, settle, sent } = rig(1, { credits: 1 })
  await give(0, records(...full('a')), records('b1'), barrier(1, clock.now() + 100))
  assert.equal(sent, [full('a')])
  assert.not(snapshots.has(1), 'its own barrier has not left')
  clock.advance(100)
  await settle()
  assert.equal(sent, [full('a'), barrier(1)])
  assert.equal(inFlight(snapshots.get(1)), { 'sender 0': ['b1'] })
})

test('a barrier that leaves in its place leaves nothing behind', async () => {
  const { give, snapshots, clock, settle, channel, sent } = rig(1, { credits: 1 })
  const until = clock.now() + 100
  await give(0, records(...full('a')), records('b1'), barrier(1, until))
  channel.grant(5)
  await settle()
  assert.equal(sent, [full('a'), ['b1'], barrier(1, until)])
  assert.equal(snapshots.get(1)?.channels, [])
})

test('barriers on channels that keep their places are waited for, and those channels stop behind them', async () => {
  const { give, snapshots, sent, clock } = rig(3, { placed: [1] })
  await give(0, records('a1'), barrier(1), records('a2'))
  assert.equal(sent.flat(), ['a1'], 'no record from behind a barrier may get into state')
  await give(1, records('b1'))
  await give(1, barrier(1, clock.now()), records('b2'))
  assert.equal(sent.slice(0, 3), [['a1'], ['b1'], barrier(1)])
  await give(2, records('c1'), barrier(1))
  assert.equal(remembered(snapshots.get(1)), ['a1', 'b1'])
  assert.equal(inFlight(snapshots.get(1)), { 'receiver 2': ['c1'] })
})

test('without a time a barrier never overtakes', async () => {
  const { give, snapshots, sent, clock, settle } = rig(2)
  await give(0, { kind: 'barrier', checkpointId: 1 }, records('a1'))
  clock.advance(1_000_000)
  await settle()
  assert.equal([sent, snapshots.size], [[], 0])
})

test('a newer barrier takes the place of one that is still waited for', async () => {
  const { give, snapshots, heard } = rig(2)
  await give(0, records('a1'), barrier(1))
  await give(1, records('b1'))
  await give(0, barrier(2))
  await give(1, records('b2'), barrier(2))
  assert.equal([...snapshots.keys()], [2])
  assert.is(heard[0]?.[0], 'declined')
  assert.equal(remembered(snapshots.get(2)), ['a1', 'b1'])
  assert.equal(inFlight(snapshots.get(2)), { 'receiver 1': ['b2'] })
})

test('a record in flight that cannot be packed fails the checkpoint and nothing else', async () => {
  const fn = (value: unknown): boolean => typeof value !== 'function'
  const elements: ChainElement[] = [{ name: 'filter', step: { kind: 'filter', fn } }]
  const { give, snapshots, heard, sent } = rig(2, { elements })
  await give(0, barrier(1))
  await give(
    1,
    records(() => {}),
    barrier(1),
  )
  assert.equal([snapshots.size, heard.length, heard[0]?.[0]], [0, 1, 'declined'])
  assert.equal(sent[0], barrier(1))
  await give(0, barrier(2))
  await give(1, barrier(2))
  assert.equal([...snapshots.keys()], [2])
})

test('what was in flight is read before anything new, and is in flight again as long as it is not read', async () => {
  const first = rig(1, { credits: 1 })
  await first.give(
    0,
    records(...full('a')),
    records(...full('b'), 'b+'),
    watermark(4),
    records('c'),
  )
  await first.give(0, barrier(1))
  const [snapshot] = first.snapshots.values()
  const batches = snapshot!.channels.find(({ side }) => side === 'receiver')!.batches
  const second = rig(1, { inFlight: [{ channel: 0, batches }], restored: snapshot })
  await second.give(0, records('new'), barrier(2), records('newer'))
  assert.equal(inFlight(second.snapshots.get(2)), { 'receiver 0': ['b+', 'w4', 'c', 'new'] })
  assert.equal(second.sent.flat(), [barrier(2), 'b+', watermark(4), 'c', 'new', 'newer'])
})

test('records of other subtasks are left out', async () => {
  const codec = createCodec('columns')
  const batch = (values: unknown[]) => ({
    codec: 'columns',
    length: values.length,
    timestamps: new Float64Array(values.length),
    payload: new Uint8Array(codec.encode(values, values.length)),
  })
  const batches = [batch([1, 3]), batch([2, 3, 4])]
  const keeps = (value: unknown): boolean => Number(value) % 2 === 0
  const { sent, settle } = rig(1, { inFlight: [{ channel: 0, batches, keeps }] })
  await settle()
  assert.equal(sent.flat(), [2, 4])
})

test.run()
