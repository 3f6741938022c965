import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkTransport, OutputChannel, OutputGate } from '../../runtime/output-channel.ts'
import { takeAll, testGate, testMesh } from './core-fakes.ts'

test('frames reach the gate of their channel, credits its sender; others are counted as stale', () => {
  const [a, b] = testMesh()
  const { gate } = testGate(b.slot)
  b.router.addInput(3, gate, 0)
  gate.setCreditTarget(0, { kind: 'remote', peer: b.slot.peer(0), channel: 3 })
  const transport = new LinkTransport(a.slot.peer(1), 3, 'columns')
  const channel = new OutputChannel(3, a.slot, new OutputGate(), transport, 1)
  a.router.addOutput(channel)
  channel.append('x', 1)
  a.slot.turn()
  b.slot.turn()
  assert.is(takeAll(gate).length, 1)
  assert.ok(gate.bytesIn > 0)

  new LinkTransport(a.slot.peer(1), 4, 'columns').event({ kind: 'end' })
  b.slot.turn()
  assert.is(b.router.staleFrames, 1)
  b.slot.peer(0).grant(3, 2)
  b.slot.peer(0).grant(5, 2)
  b.slot.turn()
  a.slot.turn()
  assert.is(a.router.staleFrames, 1)

  b.router.removeInput(3)
  a.router.removeOutput(3)
  channel.append('y', 1)
  a.slot.turn()
  b.slot.turn()
  assert.is(b.router.staleFrames, 2)
})

test('a barrier keeps its place between the records of its link', () => {
  const [a, b] = testMesh()
  const { gate } = testGate(b.slot)
  b.router.addInput(3, gate, 0)
  const transport = new LinkTransport(a.slot.peer(1), 3, 'columns')
  const channel = new OutputChannel(3, a.slot, new OutputGate(), transport)
  channel.append('x', 1)
  channel.event({ kind: 'barrier', checkpointId: 2 ** 40 })
  channel.append('y', 2)
  a.slot.turn()
  b.slot.turn()
  const items = takeAll(gate).map((item) => ('values' in item ? item.values : item))
  assert.equal(items, [['x'], { kind: 'barrier', channel: 3, checkpointId: 2 ** 40 }, ['y']])
})

test('records that cannot be read fail the subtask that they are for', () => {
  const [a, b] = testMesh()
  const damaged: unknown[] = []
  b.router.onDamage((error) => damaged.push(error))
  const { gate, owner } = testGate(b.slot)
  b.router.addInput(3, gate, 0)
  a.slot.peer(1).send({
    kind: 'records',
    channel: 3,
    length: 2,
    timestamps: new Float64Array(2),
    codec: 'columns',
    payload: Uint8Array.of(0xc1, 0xc1),
  })
  b.slot.turn()
  assert.is(owner.errors.length, 1)
  assert.is(damaged.length, 0)
})

test('a sender that uses credits that it does not have fails the receiver', () => {
  const [a, b] = testMesh()
  const { gate, owner } = testGate(b.slot)
  b.router.addInput(3, gate, 0)
  const transport = new LinkTransport(a.slot.peer(1), 3, 'columns')
  for (let i = 0; i < 100; i++) transport.event({ kind: 'idle' })
  while (b.slot.turn()) continue
  assert.is((owner.errors[0] as { code?: string }).code, 'MAILBOX_OVERFLOW')
})

test.run()
