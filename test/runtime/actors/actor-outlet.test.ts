import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { STOP } from '../../../runtime/actors/actor-mail.ts'
import { Outlet } from '../../../runtime/actors/actor-outlet.ts'
import type { OutletHost } from '../../../runtime/actors/actor-outlet.ts'

class FakeHost implements OutletHost {
  readonly shipped: unknown[] = []
  readonly lost: unknown[] = []
  readonly timedOut = new Set<number>()
  waitingCount = 0
  idleCount = 0

  ship(_outlet: Outlet, message: unknown, correlation: number): void {
    this.shipped.push(correlation === 0 ? message : [message, correlation])
  }
  check(): void {}
  undeliverable(_outlet: Outlet, message: unknown): void {
    this.lost.push(message)
  }
  isAwaited(correlation: number): boolean {
    return !this.timedOut.has(correlation)
  }
  waiting(change: number): void {
    this.waitingCount += change
  }
  idle(): void {
    this.idleCount++
  }
}

function setUp(capacity: number): { host: FakeHost; outlet: Outlet } {
  const host = new FakeHost()
  return { host, outlet: new Outlet(host, 256, 1, capacity) }
}

test('with credit all tells share one resolved promise', () => {
  const { host, outlet } = setUp(2)
  assert.is(outlet.tell('a'), outlet.tell('b'))
  assert.equal(host.shipped, ['a', 'b'])
})

test('without credit tells wait in order and resolve as credits come', async () => {
  const { host, outlet } = setUp(1)
  const accepted: string[] = []
  for (const name of ['a', 'b', 'c']) void outlet.tell(name).then(() => accepted.push(name))
  assert.not(outlet.tryTell('x'))
  assert.is(host.waitingCount, 2)
  outlet.grant(1)
  await Promise.resolve()
  assert.equal(accepted, ['a', 'b'])
  outlet.grant(1)
  assert.equal(host.shipped, ['a', 'b', 'c'])
  assert.is(host.waitingCount, 0)
})

test('a request to stop needs no credit but keeps its place', () => {
  const { host, outlet } = setUp(1)
  void outlet.tell('a')
  void outlet.tell('b')
  outlet.send(undefined, STOP)
  assert.equal(host.shipped, ['a'])
  outlet.grant(1)
  assert.equal(host.shipped, ['a', 'b', [undefined, STOP]])
  outlet.send(undefined, STOP)
  assert.is(host.shipped.length, 4)
})

test('an ask that timed out while it waited is not sent, and takes no credit', () => {
  const { host, outlet } = setUp(1)
  outlet.send('first', 1)
  outlet.send('late', 2)
  outlet.send('last', 3)
  host.timedOut.add(2)
  outlet.grant(1)
  assert.equal(host.shipped, [
    ['first', 1],
    ['last', 3],
  ])
})

test('while its slot is lost nothing leaves; then what waits does, with a full window', () => {
  const { host, outlet } = setUp(2)
  void outlet.tell('lost')
  outlet.pause()
  for (const name of ['a', 'b', 'c']) void outlet.tell(name)
  outlet.send(undefined, STOP)
  outlet.grant(2)
  assert.equal(host.shipped, ['lost'])
  outlet.resume()
  assert.equal(host.shipped, ['lost', 'a', 'b'])
})

test('when the actor is gone, what waits becomes dead letters and its tells resolve', async () => {
  const { host, outlet } = setUp(1)
  void outlet.tell('sent')
  const waiting = [outlet.tell('a'), outlet.tell('b')]
  outlet.close('stopped')
  await Promise.all(waiting)
  assert.equal(host.lost, ['a', 'b'])
  assert.is(host.waitingCount, 0)
  assert.ok(outlet.closed)
})

test('with all credits back it may be forgotten', () => {
  const { host, outlet } = setUp(2)
  void outlet.tell('a')
  void outlet.tell('b')
  outlet.grant(1)
  assert.is(host.idleCount, 0)
  outlet.grant(1)
  assert.is(host.idleCount, 1)
})

test.run()
