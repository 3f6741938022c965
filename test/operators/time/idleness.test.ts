import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { IdlenessTimer, withIdleness } from '../../../operators/time/idleness.ts'
import { PausableClock } from '../../../operators/time/pausable-clock.ts'
import { boundedOutOfOrderness, monotonous } from '../../../operators/time/watermarks.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { throwsCode } from '../../runner/expect.ts'

test('it is idle when nothing has come for the timeout, and active again with the next record', () => {
  const clock = new ManualClock()
  const timer = new IdlenessTimer(clock, 100)
  clock.pass(60)
  timer.activity()
  clock.pass(99)
  assert.equal([timer.idle, timer.remainingMs], [false, 1])
  clock.pass(1)
  assert.ok(timer.idle)
  timer.activity()
  assert.not.ok(timer.idle)
})

test('a paused clock stands still, however often it is told to', () => {
  const clock = new ManualClock()
  const pausable = new PausableClock(clock)
  clock.pass(5)
  pausable.setPaused(true)
  clock.pass(10)
  pausable.setPaused(true)
  clock.pass(10)
  assert.is(pausable.monotonicMs(), 5)
  pausable.setPaused(false)
  pausable.setPaused(false)
  clock.pass(3)
  assert.is(pausable.monotonicMs(), 8)
})

test('a strategy keeps its generators and tells of the timeout', () => {
  const strategy = withIdleness(boundedOutOfOrderness(5), 1_000)
  assert.is(strategy.name, 'boundedOutOfOrderness(5 ms), idle after 1000 ms')
  assert.is(strategy.idleTimeoutMs, 1_000)
  const generator = strategy.createGenerator()
  generator.onBatch?.(Float64Array.of(10), 1)
  assert.is(generator.current, 4)
})

test('a timeout that is none is refused, and so is a strategy that is none', () => {
  for (const timeout of [0, -1, Number.NaN, Infinity, '5' as never]) {
    throwsCode(() => withIdleness(monotonous(), timeout), 'INVALID_IDLE_TIMEOUT')
  }
  throwsCode(() => withIdleness({ name: 'nothing' } as never, 5), 'INVALID_ARGUMENT')
  throwsCode(() => withIdleness(null as never, 5), 'INVALID_ARGUMENT')
})

test.run()
