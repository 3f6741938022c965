import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../../runtime/manual-clock.ts'

test('time stands still until it is moved', () => {
  const clock = new ManualClock(1_000)
  assert.equal([clock.now(), clock.monotonicMs()], [1_000, 0])
  clock.pass(2.5)
  assert.equal([clock.now(), clock.monotonicMs()], [1_002, 2.5])
})

test('timers fire in the order of their times, and of their making where these are equal', () => {
  const clock = new ManualClock()
  const fired: string[] = []
  for (const [name, delayMs] of [
    ['late', 9],
    ['b1', 5],
    ['a', 1],
    ['b2', 5],
  ] as const) {
    clock.schedule(delayMs, () => {
      fired.push(`${name}@${clock.monotonicMs()}`)
    })
  }
  clock.advance(5)
  assert.equal(fired, ['a@1', 'b1@5', 'b2@5'])
  assert.is(clock.untilNextTimerMs, 4)
  assert.ok(clock.fireNext())
  assert.is(fired.at(-1), 'late@9')
  assert.not.ok(clock.fireNext())
  assert.is(clock.untilNextTimerMs, undefined)
})

test('a timer that is taken back does not fire, and one that a timer sets does', () => {
  const clock = new ManualClock()
  const fired: string[] = []
  const cancel = clock.schedule(1, () => fired.push('never'))
  clock.schedule(1, () => {
    clock.schedule(1, () => fired.push('second'))
  })
  cancel()
  clock.advance(10)
  assert.equal(fired, ['second'])
  assert.is(clock.pendingTimers, 0)
  assert.is(clock.monotonicMs(), 10)
})

test('time that has passed makes a timer due but does not fire it', () => {
  const clock = new ManualClock()
  let fired = 0
  clock.schedule(3, () => fired++)
  clock.pass(10)
  assert.equal([fired, clock.untilNextTimerMs], [0, 0])
  clock.fireNext()
  assert.equal([fired, clock.monotonicMs()], [1, 10])
})

test.run()
