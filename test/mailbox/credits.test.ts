import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CreditReturn, CreditWindow } from '../../mailbox/credits.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { Mailbox } from '../../mailbox/mailbox.ts'
import { createMemoryLink } from '../../mailbox/memory-link.ts'

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MillraceError && error.code === code

test('credits are taken as long as there are some, and none is lost', () => {
  const window = new CreditWindow(3)
  assert.ok(window.tryTake())
  assert.not(window.tryTake(3))
  assert.ok(window.tryTake(2))
  assert.not(window.tryTake())
  window.grant(2)
  assert.is(window.available, 2)
})

test('who waits for credits is served in order, and goes before who comes later', async () => {
  const window = new CreditWindow(0)
  const served: string[] = []
  const first = window.take(3).then(() => served.push('first'))
  const second = window.take().then(() => served.push('second'))
  window.grant(1)
  assert.not(window.tryTake(), 'went before one who waits')
  assert.is(window.waiting, 2)
  window.grant(3)
  await Promise.all([first, second])
  assert.equal(served, ['first', 'second'])
  assert.is(window.available, 0)
  assert.is(window.waiting, 0)
})

test('onGrant is called when a grant leaves credits over, and only then', async () => {
  let calls = 0
  const window = new CreditWindow(0, { onGrant: () => (calls += 1) })
  const taken = window.take(2)
  window.grant(1)
  window.grant(1)
  assert.is(calls, 0)
  window.grant(1)
  assert.is(calls, 1)
  await taken
})

test('when the receiver is gone, who waits and who comes later is told why', async () => {
  const window = new CreditWindow(1)
  const gone = new MillraceError('SLOT_LOST', 'gone')
  const answers = [window.take(2)]
  window.fail(gone)
  answers.push(window.take())
  for (const answer of await Promise.allSettled(answers)) {
    assert.equal(answer, { status: 'rejected', reason: gone })
  }
  assert.not(window.tryTake())
  window.grant(1)
  assert.not(window.tryTake(), 'a late grant must not bring a lost channel back')
})

test('credits go back half a window at a time', () => {
  const back = new CreditReturn(8)
  assert.equal(
    [1, 1, 1, 1, 1].map((count) => back.consumed(count)),
    [0, 0, 0, 4, 0],
  )
  assert.is(back.consumed(9), 10)
  assert.is(back.consumed(), 0)
  assert.is(back.held, 1)
  assert.is(back.drain(), 1)
  assert.is(new CreditReturn(1).consumed(), 1)
})

test('counts are checked', () => {
  for (const count of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new CreditWindow(count), hasCode('INVALID_ARGUMENT'))
    assert.throws(() => new CreditWindow(1).grant(count), hasCode('INVALID_ARGUMENT'))
    assert.throws(() => new CreditWindow(1).take(count), hasCode('INVALID_ARGUMENT'))
    assert.throws(() => new CreditReturn(count), hasCode('INVALID_ARGUMENT'))
  }
})

/** Channels over one link to one mailbox: a producer with a window each. */
class Exchange {
  readonly windows: CreditWindow[] = []
  readonly sent: number[] = []
  readonly taken: number[] = []
  readonly link = createMemoryLink()
  readonly #returns: CreditReturn[] = []
  readonly #mailbox = new Mailbox<never, number>()

  constructor(channels: number, window: number) {
    for (let channel = 0; channel < channels; channel++) {
      this.windows.push(new CreditWindow(window))
      this.#returns.push(new CreditReturn(window))
      this.#mailbox.addChannel(channel, window)
      this.sent.push(0)
      this.taken.push(0)
    }
  }

  produce(channel: number): boolean {
    if (!this.windows[channel]!.tryTake()) return false
    this.link.sender.send(Uint8Array.of(channel, this.sent[channel]!++ & 0xff))
    return true
  }

  arrive(): void {
    const frame = this.link.receiver.receive()
    if (frame !== undefined) this.#mailbox.offer(frame[0]!, frame[1]!)
  }

  consume(): void {
    const item = this.#mailbox.take()
    if (item === undefined) return
    const channel = this.#mailbox.lastChannel
    assert.is(item, this.taken[channel]!++ & 0xff, 'lost, doubled or out of order')
    const due = this.#returns[channel]!.consumed()
    if (due > 0) this.windows[channel]!.grant(due)
  }

  stop(channel: number): void {
    this.#mailbox.block(channel)
  }

  resume(channel: number): void {
    this.#mailbox.unblock(channel)
  }
}

test('under any schedule, what is under way never exceeds the windows, and all of it arrives', () => {
  const step = fc.tuple(
    fc.constantFrom('produce', 'arrive', 'consume', 'stop', 'resume'),
    fc.nat(2),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(step, { maxLength: 400 }),
      (window, steps) => {
        const exchange = new Exchange(3, window)
        for (const [what, channel] of steps) {
          exchange[what as 'produce'](channel)
          for (let i = 0; i < 3; i++) {
            assert.ok(exchange.sent[i]! - exchange.taken[i]! <= window)
          }
        }
        for (let i = 0; i < 3; i++) exchange.resume(i)
        for (let i = 0; i < 30; i++) {
          exchange.arrive()
          exchange.consume()
        }
        for (let i = 0; i < 3; i++) assert.ok(exchange.produce(i), 'a producer starves')
      },
    ),
    { numRuns: 500 },
  )
})

test('a consumer that stops reading stops its producer and nothing else', () => {
  const window = 8
  const exchange = new Exchange(3, window)
  exchange.stop(0)
  let mostQueued = 0
  for (let round = 0; round < 10_000; round++) {
    for (let channel = 0; channel < 3; channel++) exchange.produce(channel)
    mostQueued = Math.max(mostQueued, exchange.link.receiver.queued)
    while (exchange.link.receiver.hasMail) exchange.arrive()
    for (let turn = 0; turn < 3; turn++) exchange.consume()
  }
  assert.equal(exchange.sent, [window, 10_000, 10_000])
  assert.equal(exchange.taken, [0, 10_000, 10_000])
  assert.ok(mostQueued <= 3 * window)
  exchange.resume(0)
  for (let turn = 0; turn < window; turn++) exchange.consume()
  assert.ok(exchange.produce(0))
})

test.run()
