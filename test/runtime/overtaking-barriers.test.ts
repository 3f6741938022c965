/** Barriers that overtake on their way from an output to a mailbox. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeFrame, encodeFrame } from '../../mailbox/frame-codec.ts'
import { InputGate } from '../../runtime/input-gate.ts'
import {
  BATCH_RECORDS,
  CHANNEL_CREDITS,
  LocalTransport,
  OutputChannel,
  OutputGate,
  OVERTAKEN,
} from '../../runtime/output-channel.ts'
import type { ChannelBarrier, ChannelItem } from '../../runtime/output-channel.ts'
import { throwsCode } from '../runner/expect.ts'
import { FakeActor, RecordingTransport, takeAll, testSlot } from './core-fakes.ts'

function overtaken(checkpointId: number): ChannelBarrier {
  return { kind: 'barrier', checkpointId, alignedUntilMs: OVERTAKEN }
}

function rig(credits: number) {
  const gate = new OutputGate()
  const transport = new RecordingTransport()
  const channel = new OutputChannel(1, testSlot(), gate, transport, credits)
  let next = 0
  const append = (count: number): void => {
    for (let i = 0; i < count; i++) channel.append(next++, 0)
  }
  return { channel, gate, transport, append }
}

/** Sizes of batches and kinds of events. */
function shapes(items: readonly ChannelItem[]): (number | string)[] {
  return items.map((item) => ('kind' in item ? item.kind : item.length))
}

test('without a credit a barrier overtakes all that waits, which stays and leaves afterwards', () => {
  const { channel, transport, append } = rig(0)
  append(BATCH_RECORDS + 2)
  channel.event({ kind: 'idle' })
  append(3)
  channel.watermark(7)
  assert.equal(shapes(channel.overtake(4)), [BATCH_RECORDS, 2, 'idle', 3, 'watermark'])
  assert.equal(transport.sent, [overtaken(4)])
  channel.grant(10)
  channel.flush()
  assert.equal(transport.shapes.slice(1), [BATCH_RECORDS, 2, 'idle', 3, 'watermark'])
})

test('one that waits in its place overtakes what is before it, and does not leave twice', () => {
  const { channel, transport, append } = rig(0)
  append(1)
  channel.event({ kind: 'barrier', checkpointId: 3 })
  append(2)
  channel.event({ kind: 'barrier', checkpointId: 5, alignedUntilMs: 90 })
  append(4)
  assert.ok(channel.holdsBarrier(5))
  // That of checkpoint 3, which was given up, is not in flight.
  assert.equal(shapes(channel.overtake(5)), [1, 2])
  assert.not.ok(channel.holdsBarrier(5))
  channel.grant(10)
  channel.flush()
  const third = { kind: 'barrier', checkpointId: 3 } as const
  assert.equal(transport.sent, [overtaken(5), [0], third, [1, 2], [3, 4, 5, 6]])
})

test('whoever asks hears when a barrier has left in its place', () => {
  const { channel } = rig(0)
  const left: number[] = []
  channel.onBarrierLeft = (id) => left.push(id)
  channel.event({ kind: 'barrier', checkpointId: 2, alignedUntilMs: 90 })
  channel.flush()
  assert.equal(left, [])
  channel.grant(1)
  assert.equal(left, [2])
})

test('a gate that is lifted stays open, and is as full as before when it is lowered', () => {
  const { channel, gate, append } = rig(0)
  const heard: string[] = []
  gate.onFull = () => heard.push('full')
  gate.onRoom = () => heard.push('room')
  append(BATCH_RECORDS)
  gate.lift()
  assert.not.ok(gate.full)
  append(BATCH_RECORDS)
  assert.not.ok(gate.full)
  gate.lower()
  assert.ok(gate.full)
  gate.lift()
  channel.grant(2)
  gate.lower()
  assert.not.ok(gate.full)
  assert.is(heard.at(-1), 'room')
})

test('a mailbox that is full takes a barrier that has overtaken, as a mark behind what is there', () => {
  const gate = new InputGate(testSlot(), new FakeActor('owner'))
  gate.addChannel()
  let granted = 0
  const output = { grant: (count: number) => (granted += count) } as never
  gate.setCreditTarget(0, { kind: 'local', output })
  const arrived: string[] = []
  gate.arrivals = { arrived: (_, item) => arrived.push('kind' in item ? item.kind : 'batch') }
  for (let i = 0; i < CHANNEL_CREDITS; i++) gate.offer(0, { kind: 'idle' })
  gate.offer(0, overtaken(1))
  throwsCode(() => gate.offer(0, { kind: 'end' }), 'MAILBOX_OVERFLOW')
  assert.equal(gate.waiting(0).at(-1), overtaken(1))
  assert.is(arrived.filter((kind) => kind === 'barrier').length, 1)
  const taken = takeAll(gate)
  assert.is(taken.length, CHANNEL_CREDITS + 1)
  assert.is(granted, CHANNEL_CREDITS, 'the mark had no credit to give back')
  gate.offer(0, { kind: 'end' })
})

test('whatever is sent and taken, a mark divides what was handed in before it from what comes after', () => {
  const action = fc.constantFrom('append', 'flush', 'overtake', 'take')
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const slot = testSlot()
      const inputs = new InputGate(slot, new FakeActor('owner'))
      const index = inputs.addChannel()
      const out = new OutputGate()
      const channel = new OutputChannel(1, slot, out, new LocalTransport(inputs, index))
      inputs.setCreditTarget(index, { kind: 'local', output: channel })
      let next = 0
      let checkpointId = 0
      const taken: unknown[] = []
      const before = new Map<number, unknown[]>()
      const recordsOf = (items: readonly ChannelItem[]): unknown[] =>
        items.flatMap((item) => ('values' in item ? item.values.slice(0, item.length) : []))
      for (const what of actions) {
        if (what === 'append') channel.append(next++, 0)
        if (what === 'flush') channel.flush()
        if (what === 'take') {
          const item = inputs.take()
          if (item !== undefined) taken.push(...recordsOf([item]))
        }
        if (what !== 'overtake') continue
        const overtook = recordsOf(channel.overtake(++checkpointId))
        const waiting = inputs.waiting(index)
        assert.equal(waiting.at(-1), overtaken(checkpointId))
        before.set(checkpointId, [...taken, ...recordsOf(waiting), ...overtook])
      }
      for (const [id, records] of before)
        assert.equal(
          records,
          Array.from({ length: records.length }, (_, i) => i),
          `barrier ${id}`,
        )
      const last = before.get(checkpointId)
      if (actions.at(-1) === 'overtake') assert.is(last?.length, next)
    }),
  )
})

test('frames say until when a barrier keeps its place', () => {
  for (const alignedUntilMs of [OVERTAKEN, 0, 1_700_000_000_000.5]) {
    const frame = { kind: 'barrier', channel: 3, checkpointId: 9, alignedUntilMs } as const
    assert.equal(decodeFrame(encodeFrame(frame)), frame)
  }
  const plain = { kind: 'barrier', channel: 3, checkpointId: 9 } as const
  assert.equal(decodeFrame(encodeFrame(plain)), plain)
  const wrong = { ...plain, alignedUntilMs: 'soon' as never }
  throwsCode(() => encodeFrame(wrong), 'INVALID_FRAME')
})

test.run()
