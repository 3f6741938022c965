import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Attention } from '../../../operators/chain/attention.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'

function rig() {
  const clock = new ManualClock(1_000)
  const attention = new Attention(clock)
  let calls = 0
  attention.onPending = () => {
    calls++
  }
  return { clock, attention, calls: () => calls }
}

test('the earliest time that was asked for counts, per operator and in all', () => {
  const { clock, attention, calls } = rig()
  attention.request(0, 1_500)
  attention.request(0, 1_700)
  attention.request(3, 1_200)
  assert.is(clock.pendingTimers, 1)
  clock.advance(199)
  assert.equal([attention.pending, calls()], [false, 0])
  clock.advance(1)
  assert.equal([attention.pending, calls()], [true, 1])
  assert.equal(
    [attention.takeTime(0, clock.now()), attention.takeTime(3, clock.now())],
    [false, true],
  )
  attention.timesDone()
  assert.is(attention.pending, false)
  assert.is(attention.earliestMs, 1_500)
  clock.advance(300)
  assert.ok(attention.takeTime(0, clock.now()))
  attention.timesDone()
  assert.equal([clock.pendingTimers, attention.earliestMs], [0, Number.POSITIVE_INFINITY])
})

test('a time that has passed is due at once, but not inside the call that asks for it', () => {
  const { clock, attention, calls } = rig()
  attention.request(0, 10)
  assert.is(calls(), 0)
  clock.advance(0)
  assert.equal([attention.pending, calls()], [true, 1])
})

test('what is asked for while times are worked off is waited for afterwards', () => {
  const { clock, attention } = rig()
  attention.request(0, 1_100)
  clock.advance(100)
  assert.ok(attention.takeTime(0, clock.now()))
  attention.request(0, 1_150)
  attention.timesDone()
  assert.not.ok(attention.takeTime(0, clock.now()))
  clock.advance(50)
  assert.ok(attention.pending)
  assert.ok(attention.takeTime(0, clock.now()))
})

test('a wake-up counts once until it is answered', () => {
  const { attention, calls } = rig()
  attention.wake(1)
  attention.wake(1)
  assert.equal(
    [attention.pending, attention.isWoken(1), attention.isWoken(0), calls()],
    [true, true, false, 1],
  )
  attention.clearWake(1)
  attention.wake(1)
  assert.is(calls(), 2)
})

test('records stop while one operator holds, and go on when none does', () => {
  const { attention, calls } = rig()
  attention.hold(0, true)
  attention.hold(2, true)
  attention.hold(0, true)
  attention.hold(0, false)
  assert.equal([attention.held, calls()], [true, 0])
  attention.hold(2, false)
  assert.equal([attention.held, calls()], [false, 1])
  attention.hold(2, false)
  assert.is(calls(), 1)
})

test('after its end it asks nobody for anything', () => {
  const { clock, attention, calls } = rig()
  attention.request(0, 1_100)
  attention.close()
  assert.is(clock.pendingTimers, 0)
  attention.request(0, 1_050)
  attention.wake(0)
  clock.advance(1_000)
  assert.equal([clock.pendingTimers, calls()], [0, 0])
})

test.run()
