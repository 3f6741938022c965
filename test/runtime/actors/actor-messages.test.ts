import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ActorRef } from '../../../runtime/index.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'
import {
  adder,
  blocker,
  Counter,
  echo,
  Faulty,
  forwarder,
  Recorder,
  releaser,
  sender,
} from './actor-fixtures.ts'
import { HOSTS, withSystem } from './actor-hosts.ts'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

for (const host of HOSTS) {
  const promise = (name: string, use: Parameters<typeof withSystem>[1]): void => {
    test(`${host.name}: ${name}`, () => withSystem(host, use))
  }

  promise('a class and a function get their arguments, and answers their types', async (system) => {
    const counter = await system.spawn(Counter, { args: [10] })
    await counter.tell({ type: 'add', by: 5 })
    const count: number = await counter.ask({ type: 'get' })
    assert.is(count, 15)
    const sums = await system.spawn(adder, { args: [1] })
    const sum: number = await sums.ask({ add: 2 })
    assert.is(sum, 3)
  })

  promise('an actor can be spawned from the URL of its module', async (system) => {
    const url = new URL('./actor-fixtures.js', import.meta.url)
    const actor = await system.spawn(url, { export: 'Counter', args: [3] })
    assert.is(await actor.ask({ type: 'get' }), 3)
  })

  promise('an actor can live on the calling thread', async (system) => {
    const counter = await system.spawn(Counter, { args: [1], slot: 0 })
    assert.is(counter.slot, 0)
    assert.is(await counter.ask({ type: 'get' }), 1)
  })

  promise(
    'messages of one sender arrive in order, also when they wait for room',
    async (system) => {
      for (const slot of [0, 1]) {
        const recorder = await system.spawn(Recorder, { slot, mailboxCapacity: 3 })
        for (const i of numbers(100)) void recorder.tell(i)
        assert.equal(await recorder.ask('seen'), numbers(100))
      }
    },
  )

  promise('two senders do not disturb the order of each other', async (system) => {
    const recorder = await system.spawn(Recorder, { slot: 1, mailboxCapacity: 5 })
    const [a, b] = [
      await system.spawn(sender, { args: ['a'], slot: 1 }),
      await system.spawn(sender, { args: ['b'], slot: 2 }),
    ]
    await Promise.all([a.ask({ to: recorder, count: 200 }), b.ask({ to: recorder, count: 200 })])
    let seen: { from: string; i: number }[] = []
    while (seen.length < 400) seen = (await recorder.ask('seen')) as typeof seen
    for (const name of ['a', 'b']) {
      const own = seen.filter(({ from }) => from === name).map(({ i }) => i)
      assert.equal(own, numbers(200))
    }
  })

  promise(
    'tell is held back while the mailbox is full, tryTell says so at once',
    async (system) => {
      const slow = await system.spawn(blocker, { args: ['full'], slot: 1, mailboxCapacity: 4 })
      const keys = await system.spawn(releaser, { slot: 1 })
      void slow.tell('block')
      // One credit at least comes back when the mailbox is taken from, so the end is found by asking.
      let sent = 0
      for (;;) {
        if (slow.tryTell(sent)) sent++
        else if ((await keys.ask('nobody')) === false && !slow.tryTell(sent)) break
        else sent++
      }
      assert.ok(sent >= 3 && sent <= 8, `${sent} messages were accepted`)
      let accepted = false
      const last = slow.tell('last').then(() => (accepted = true))
      await keys.ask('nobody')
      assert.is(accepted, false)
      assert.is(await keys.ask('full'), true)
      await last
      assert.equal(await slow.ask('seen'), ['block', ...numbers(sent), 'last'])
    },
  )

  promise('an actor that waits takes no further mail, but its slot goes on', async (system) => {
    const slow = await system.spawn(blocker, { args: ['wait'], slot: 1 })
    const keys = await system.spawn(releaser, { slot: 1 })
    const blocked = slow.ask('block')
    const seen = slow.ask('seen')
    let isSeen = false
    void seen.then(() => (isSeen = true))
    while (!(await keys.ask('wait'))) assert.is(isSeen, false)
    assert.is(await blocked, 'released')
    assert.equal(await seen, ['block'])
  })

  promise('references travel inside messages and answers', async (system) => {
    const counter = await system.spawn(Counter, { args: [8], slot: 1 })
    const relay = await system.spawn(forwarder, { slot: 2 })
    assert.is(await relay.ask({ to: counter, message: { type: 'get' } }), 8)
    const mirror = await system.spawn(echo, { slot: 2 })
    const back = (await mirror.ask({ inside: [counter] })) as { inside: [ActorRef<unknown>] }
    const [same] = back.inside
    assert.ok(same.equals(counter))
    assert.is(await same.ask({ type: 'get' }), 8)
  })

  promise('every kind of value arrives as it was sent', async (system) => {
    const mirror = await system.spawn(echo, { slot: 1 })
    const values = [
      undefined,
      null,
      0,
      -0,
      Number.NaN,
      10n,
      'text',
      true,
      [],
      [undefined],
      new Date(5),
    ]
    for (const value of values) assert.equal(await mirror.ask(value), value)
    const map = new Map([['a', new Set([1])]])
    assert.equal(await mirror.ask({ map, bytes: new Uint8Array([1, 2]) }), {
      map,
      bytes: new Uint8Array([1, 2]),
    })
  })

  promise('what cannot be sent fails at the sender and names the path', async (system) => {
    const mirror = await system.spawn(echo, { slot: 1 })
    const bad = { list: [1, { callback: () => {} }] }
    const error = throwsCode(() => mirror.tell(bad), 'UNSENDABLE_VALUE') as Error
    assert.is(
      error.message,
      `message to actor 'echo' (id ${mirror.id}, slot 1): expected plain data, ` +
        'got a function (callback) at message.list[1].callback',
    )
    throwsCode(() => mirror.tryTell(Symbol('no')), 'UNSENDABLE_VALUE')
    await rejects(mirror.ask(bad), { code: 'UNSENDABLE_VALUE' })
    assert.is(await mirror.ask('still there'), 'still there')
  })

  promise('an answer that cannot be sent fails the ask', async (system) => {
    const actor = await system.spawn(Faulty, { slot: 1 })
    await rejects(actor.ask('answer-function'), {
      code: 'UNSENDABLE_VALUE',
      message: /at answer\.deep\[0\]/,
    })
  })

  promise(
    'an ask fails with the error of the actor: name, code, message, stack, cause, fields',
    async (system) => {
      const actor = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'resume' } })
      const odd = (await rejects(actor.ask('throw-odd'), { code: 'ODD' })) as Error & {
        detail: number
      }
      assert.is(odd.name, 'OddError')
      assert.is(odd.message, 'odd on purpose')
      assert.is(odd.detail, 7)
      assert.match(odd.stack ?? '', 'actor-fixtures')
      const thrown = (await rejects(actor.ask('throw'))) as Error
      assert.is((thrown.cause as { code?: string }).code, 'ODD')
      assert.is((thrown.cause as Error).name, 'OddError')
      await rejects(actor.ask('reject'), { message: /rejected on purpose/ })
    },
  )

  promise(
    'an ask that is not answered in time is rejected, a late answer dropped',
    async (system) => {
      const slow = await system.spawn(blocker, { args: ['late'], slot: 1 })
      const keys = await system.spawn(releaser, { slot: 1 })
      await rejects(slow.ask('block', { timeoutMs: 2 }), { code: 'ASK_TIMEOUT' })
      await keys.ask('late')
      assert.equal(await slow.ask('seen'), ['block'])
      await rejects(slow.ask('seen', { timeoutMs: 0 }), { code: 'INVALID_TIMEOUT' })
    },
  )

  promise('asks of an actor that stops are rejected, before and after', async (system) => {
    const slow = await system.spawn(blocker, { args: ['stop'], slot: 1 })
    await slow.stop()
    await rejects(slow.ask('seen'), { code: 'ACTOR_STOPPED' })
    for (let i = 0; i < 3_000; i++) await slow.tell(i)
  })
}

test.run()
