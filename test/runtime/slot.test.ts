import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LoadMeter } from '../../runtime/load-meter.ts'
import { ManualClock } from '../../runtime/manual-clock.ts'
import { BATCH_RECORDS, OutputChannel, OutputGate } from '../../runtime/output-channel.ts'
import { runningSlot } from '../../runtime/slot.ts'
import { throwsCode } from '../runner/expect.ts'
import { FakeActor, RecordingTransport, testSlot } from './core-fakes.ts'

test('an idle slot flushes in the same turn', () => {
  const slot = testSlot()
  const transport = new RecordingTransport()
  const channel = new OutputChannel(1, slot, new OutputGate(), transport)
  const sender = new FakeActor('sender', () => {
    channel.append('a', 0)
    return 'idle'
  })
  slot.ready(sender)
  assert.not.ok(slot.turn(), 'there is nothing more to do')
  assert.equal(transport.shapes, [1])
})

test('a busy slot sends full batches, and what is open at the latest after 5 ms', () => {
  const clock = new ManualClock()
  const slot = testSlot(clock)
  const transport = new RecordingTransport()
  const channel = new OutputChannel(1, slot, new OutputGate(), transport, 1_000)
  const sender = new FakeActor('sender', () => {
    for (let i = 0; i < 100; i++) channel.append(i, 0)
    return 'more'
  })
  slot.ready(sender)
  for (let turn = 0; turn < 30; turn++) assert.ok(slot.turn())
  assert.equal(new Set(transport.shapes), new Set([BATCH_RECORDS]))
  clock.pass(6)
  slot.turn()
  assert.equal(new Set(transport.shapes).size, 2, 'one batch left open')
})

test('sources run only when nobody else is ready, and yet within their patience', () => {
  const clock = new ManualClock()
  const slot = testSlot(clock)
  const source = new FakeActor('source', () => 'more', true)
  const worker = new FakeActor('worker', (turn) => {
    clock.pass(2)
    return turn < 100 ? 'more' : 'idle'
  })
  slot.ready(source)
  slot.ready(worker)
  slot.turn()
  assert.is(source.turns, 0)
  for (let turn = 0; turn < 50; turn++) slot.turn()
  assert.ok(source.turns >= 1 && source.turns < worker.turns, `${source.turns} turns`)
})

test('a turn that throws fails its actor only', () => {
  const slot = testSlot()
  const error = new Error('broken')
  const broken = new FakeActor('broken', () => {
    throw error
  })
  const sound = new FakeActor('sound')
  slot.ready(broken)
  slot.ready(sound)
  slot.turn()
  assert.equal(broken.errors, [error])
  assert.is(sound.turns, 1)
  assert.not.ok(slot.hasWork)
  assert.is(runningSlot(), undefined)
})

test('an actor that was made ready during its own turn gets another one', () => {
  const slot = testSlot()
  const actor: FakeActor = new FakeActor('again', (turn) => {
    if (turn === 0) slot.ready(actor)
    assert.is(runningSlot(), slot)
    return 'idle'
  })
  slot.ready(actor)
  slot.ready(actor)
  while (slot.turn()) continue
  assert.is(actor.turns, 2)
})

test('times are noted at the edges of turns', () => {
  const clock = new ManualClock()
  const slot = testSlot(clock)
  const meter = new LoadMeter(clock.monotonicMs())
  const actor = Object.assign(
    new FakeActor('metered', () => {
      clock.pass(3)
      return 'blocked'
    }),
    { meter },
  )
  clock.pass(2)
  slot.ready(actor)
  slot.turn()
  clock.pass(5)
  assert.equal(meter.read(clock.monotonicMs()), { busyMs: 3, idleMs: 2, backpressuredMs: 5 })
})

test('single steps: each can be chosen, and one that is not there is refused', () => {
  const slot = testSlot()
  const actors = ['a', 'b', 'c'].map((label) => new FakeActor(label))
  for (const actor of actors) slot.ready(actor)
  assert.is(slot.countSteps(), 3)
  assert.is(slot.performStep(1), 'runs b')
  assert.is(slot.countSteps(), 2)
  throwsCode(() => slot.performStep(2), 'NO_SUCH_STEP')
  throwsCode(() => slot.peer(7), 'NO_LINK')
})

test.run()
