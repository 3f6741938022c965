import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { InputGate } from '../../runtime/input-gate.ts'
import { CHANNEL_CREDITS, OutputChannel, OutputGate } from '../../runtime/output-channel.ts'
import { FakeActor, RecordingTransport, takeAll, testSlot } from './core-fakes.ts'

test('an item makes the owner ready; items are taken fair among channels, in order within one', () => {
  const slot = testSlot()
  const owner = new FakeActor('owner')
  const gate = new InputGate(slot, owner)
  assert.equal([gate.addChannel(), gate.addChannel()], [0, 1])
  assert.is(gate.channelCount, 2)
  for (let id = 0; id < 3; id++) gate.offer(0, { kind: 'barrier', checkpointId: id })
  gate.offer(1, { kind: 'barrier', checkpointId: 10 })
  slot.turn()
  assert.is(owner.turns, 1)
  const ids: unknown[] = []
  for (let item = gate.take(); item !== undefined; item = gate.take()) {
    ids.push([gate.lastChannel, 'kind' in item && item.kind === 'barrier' && item.checkpointId])
  }
  assert.equal(ids, [
    [0, 0],
    [1, 10],
    [0, 1],
    [0, 2],
  ])
})

test('a blocked channel is passed over until it is unblocked, which makes the owner ready', () => {
  const slot = testSlot()
  const owner = new FakeActor('owner')
  const gate = new InputGate(slot, owner)
  gate.addChannel()
  gate.addChannel()
  gate.block(0)
  gate.offer(0, { kind: 'idle' })
  gate.offer(1, { kind: 'end' })
  slot.turn()
  assert.equal(takeAll(gate), [{ kind: 'end' }])
  gate.unblock(0)
  slot.turn()
  assert.is(owner.turns, 2)
  assert.equal(takeAll(gate), [{ kind: 'idle' }])
})

test('credits go back by the half window, so that a sender that used all can go on', () => {
  const slot = testSlot()
  const gate = new InputGate(slot, new FakeActor('owner'))
  gate.addChannel()
  const transport = new RecordingTransport()
  const output = new OutputChannel(1, slot, new OutputGate(), transport, 0)
  gate.setCreditTarget(0, { kind: 'local', output })
  output.event({ kind: 'idle' })
  for (let i = 0; i < CHANNEL_CREDITS; i++) gate.offer(0, { kind: 'idle' })
  takeAll(gate, CHANNEL_CREDITS / 2 - 1)
  assert.equal(transport.shapes, [])
  takeAll(gate, 1)
  assert.equal(transport.shapes, ['idle'])
})

test.run()
