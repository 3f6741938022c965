import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MillraceError } from '../../mailbox/errors.ts'
import { Fifo } from '../../mailbox/fifo.ts'
import { Mailbox } from '../../mailbox/mailbox.ts'

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MillraceError && error.code === code

function createMailbox(...capacities: number[]): Mailbox<string, number> {
  const mailbox = new Mailbox<string, number>()
  capacities.forEach((capacity, index) => mailbox.addChannel(100 + index, capacity))
  return mailbox
}

function takeAll(mailbox: Mailbox<string, number>): number[] {
  const items: number[] = []
  for (let item = mailbox.take(); item !== undefined; item = mailbox.take()) items.push(item)
  return items
}

test('control mail does not wait behind data, and keeps its order', () => {
  const mailbox = createMailbox(4)
  mailbox.offer(0, 1)
  mailbox.offerControl('stop')
  mailbox.offerControl('restart')
  assert.is(mailbox.controlSize, 2)
  assert.is(mailbox.takeControl(), 'stop')
  assert.is(mailbox.takeControl(), 'restart')
  assert.is(mailbox.takeControl(), undefined)
  assert.equal(takeAll(mailbox), [1])
})

test('channels with items take turns, one item each', () => {
  const mailbox = createMailbox(9, 9, 9)
  for (let i = 0; i < 3; i++) mailbox.offer(0, i)
  for (let i = 10; i < 12; i++) mailbox.offer(1, i)
  mailbox.offer(2, 20)
  assert.equal(takeAll(mailbox), [0, 10, 20, 1, 11, 2])
})

test('a channel that is refilled all the time does not starve another', () => {
  const mailbox = createMailbox(4, 4)
  for (let i = 0; i < 4; i++) mailbox.offer(0, 0)
  mailbox.offer(1, 1)
  mailbox.take()
  mailbox.offer(0, 0)
  assert.is(mailbox.take(), 1)
  assert.is(mailbox.lastChannel, 1)
})

test('a full channel throws and keeps what it has; the others go on', () => {
  const mailbox = createMailbox(2, 2)
  mailbox.offer(0, 1)
  mailbox.offer(0, 2)
  assert.throws(() => mailbox.offer(0, 3), hasCode('MAILBOX_OVERFLOW'))
  mailbox.offer(1, 4)
  assert.equal(takeAll(mailbox), [1, 4, 2])
})

test('a blocked channel is passed over, keeps receiving within its bound, and comes back in order', () => {
  const mailbox = createMailbox(3, 3)
  mailbox.offer(0, 1)
  mailbox.block(0)
  mailbox.block(0)
  mailbox.offer(0, 2)
  mailbox.offer(1, 10)
  assert.is(mailbox.size, 3)
  assert.is(mailbox.takeable, 1)
  assert.ok(mailbox.isBlocked(0))
  assert.equal(takeAll(mailbox), [10])
  mailbox.offer(0, 3)
  assert.throws(() => mailbox.offer(0, 4), hasCode('MAILBOX_OVERFLOW'))
  mailbox.unblock(0)
  mailbox.unblock(0)
  assert.equal(takeAll(mailbox), [1, 2, 3])
})

test('channels and capacities are checked', () => {
  const mailbox = createMailbox(1)
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => mailbox.addChannel(7, capacity), hasCode('INVALID_ARGUMENT'))
  }
  assert.is(mailbox.channelCount, 1)
  assert.throws(() => mailbox.offer(1, 0), hasCode('UNKNOWN_CHANNEL'))
  assert.throws(() => mailbox.block(-1), hasCode('UNKNOWN_CHANNEL'))
  assert.throws(() => mailbox.sizeOf(0.5), hasCode('UNKNOWN_CHANNEL'))
})

/** What a mailbox promises, in the simplest way: an array per channel. */
interface Model {
  readonly channels: { items: number[]; blocked: boolean }[]
}

test('any sequence of calls does what plain arrays do, and no channel waits longer than one round', () => {
  const step = fc.record({
    what: fc.constantFrom('offer', 'offer', 'take', 'take', 'block', 'unblock'),
    channel: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const mailbox = createMailbox(5, 5, 5, 5)
      const model: Model = { channels: [] }
      for (let i = 0; i < 4; i++) model.channels.push({ items: [], blocked: false })
      // Takes that passed each channel over while it had something to take.
      const passedOver = [0, 0, 0, 0]
      let next = 0
      for (const { what, channel } of steps) {
        const state = model.channels[channel]!
        if (what === 'offer' && state.items.length < 5) {
          mailbox.offer(channel, next)
          state.items.push(next++)
        } else if (what === 'offer') {
          assert.throws(() => mailbox.offer(channel, -1), hasCode('MAILBOX_OVERFLOW'))
        } else if (what === 'block') {
          mailbox.block(channel)
          state.blocked = true
          passedOver[channel] = 0
        } else if (what === 'unblock') {
          mailbox.unblock(channel)
          state.blocked = false
        } else checkTake(mailbox, model, passedOver)
        const open = model.channels.filter((one) => !one.blocked)
        assert.is(
          mailbox.takeable,
          open.reduce((sum, one) => sum + one.items.length, 0),
        )
        assert.is(
          mailbox.size,
          model.channels.reduce((sum, one) => sum + one.items.length, 0),
        )
        assert.is(mailbox.sizeOf(channel), state.items.length)
      }
    }),
    { numRuns: 500 },
  )
})

function checkTake(mailbox: Mailbox<string, number>, model: Model, passedOver: number[]): void {
  const ready = model.channels.filter((one) => !one.blocked && one.items.length > 0)
  const item = mailbox.take()
  if (ready.length === 0) {
    assert.is(item, undefined)
    return
  }
  const from = model.channels[mailbox.lastChannel]!
  assert.ok(ready.includes(from), 'took from a channel that has nothing to take')
  assert.is(item, from.items.shift())
  model.channels.forEach((one, index) => {
    const waits = one !== from && !one.blocked && one.items.length > 0
    const times = waits ? (passedOver[index] ?? 0) + 1 : 0
    passedOver[index] = times
    assert.ok(times <= 3, `channel ${index} was passed over ${times} times`)
  })
}

test('a queue does what an array does, through growth, wrap-around and giving memory back', () => {
  const amounts = fc.array(fc.tuple(fc.nat(1500), fc.nat(1500)), { maxLength: 12 })
  fc.assert(
    fc.property(amounts, (rounds) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      let next = 0
      for (const [pushes, shifts] of rounds) {
        for (let i = 0; i < pushes; i++) {
          fifo.push(next)
          model.push(next++)
        }
        assert.is(fifo.peek(), model[0])
        const gone = model.splice(0, shifts)
        for (const expected of gone) assert.is(fifo.shift(), expected)
        assert.is(fifo.size, model.length)
      }
      fifo.clear()
      assert.is(fifo.shift(), undefined)
      assert.is(fifo.peek(), undefined)
    }),
    { numRuns: 100 },
  )
})

test.run()
