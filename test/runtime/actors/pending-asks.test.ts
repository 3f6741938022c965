import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { PendingAsks } from '../../../runtime/actors/pending-asks.ts'
import { rejects } from '../../runner/expect.ts'

test('an ask times out when its time is up and not before, whatever else was asked', async () => {
  const clock = new ManualClock()
  const asks = new PendingAsks(clock)
  const first = rejects(asks.add(1, 0, 10, 'one'), { code: 'ASK_TIMEOUT', message: /one .* 10 ms/ })
  clock.advance(5)
  const second = rejects(asks.add(2, 0, 10, 'two'), { code: 'ASK_TIMEOUT' })
  const short = rejects(asks.add(3, 0, 1, 'short'), { code: 'ASK_TIMEOUT' })
  const third = asks.add(4, 0, 10, 'three')
  clock.advance(1)
  await short
  assert.equal(
    [1, 2, 3, 4].map((id) => asks.has(id)),
    [true, true, false, true],
  )
  clock.advance(4)
  await first
  asks.resolve(4, 'answer')
  assert.is(await third, 'answer')
  assert.ok(asks.has(2))
  clock.advance(5)
  await second
  assert.is(asks.size, 0)
  assert.is(clock.pendingTimers, 0)
})

test('an ask without a limit sets no timer; late answers are dropped', async () => {
  const clock = new ManualClock()
  const asks = new PendingAsks(clock)
  const ask = asks.add(1, 0, Number.POSITIVE_INFINITY, 'one')
  assert.is(clock.pendingTimers, 0)
  asks.resolve(1, 'first')
  asks.resolve(1, 'second')
  asks.reject(1, new Error('late'))
  assert.is(await ask, 'first')
})

test('the asks of a lost slot are rejected, the others go on', async () => {
  const asks = new PendingAsks(new ManualClock())
  const lost = rejects(asks.add(1, 1, 10, 'one'), { message: /gone/ })
  const other = asks.add(2, 2, 10, 'two')
  asks.rejectSlot(1, new Error('gone'))
  await lost
  asks.resolve(2, 'here')
  assert.is(await other, 'here')
})

test('rejecting all leaves no timer', async () => {
  const clock = new ManualClock()
  const asks = new PendingAsks(clock)
  const all = [asks.add(1, 1, 10, 'one'), asks.add(2, 1, 20, 'two')].map((ask) => rejects(ask))
  asks.rejectAll(new Error('end'))
  await Promise.all(all)
  assert.is(clock.pendingTimers, 0)
})

test.run()
