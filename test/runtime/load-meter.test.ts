import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LoadMeter } from '../../runtime/load-meter.ts'

test('the time between two turns belongs to the state that the first one left', () => {
  const meter = new LoadMeter(0)
  meter.turnBegins(10)
  meter.turnEnds(11, 'blocked')
  meter.turnBegins(31)
  meter.turnEnds(33, 'more')
  meter.turnBegins(38)
  meter.turnEnds(39, 'idle')
  assert.equal(meter.read(100), { busyMs: 9, idleMs: 71, backpressuredMs: 20 })
})

test('reading it twice counts nothing twice', () => {
  const meter = new LoadMeter(0)
  meter.turnBegins(0)
  meter.turnEnds(4, 'blocked')
  meter.read(10)
  assert.equal(meter.read(20), { busyMs: 4, idleMs: 0, backpressuredMs: 16 })
})

test('what was before a restart does not count', () => {
  const meter = new LoadMeter(0)
  meter.turnBegins(5)
  meter.turnEnds(6, 'idle')
  meter.restart(50)
  assert.equal(meter.read(52), { busyMs: 0, idleMs: 2, backpressuredMs: 0 })
})

test.run()
