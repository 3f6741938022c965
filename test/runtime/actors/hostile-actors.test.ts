import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeadLetter } from '../../../runtime/index.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { Counter, Faulty, Recorder } from './actor-fixtures.ts'
import { ended, HOSTS, withSystem } from './actor-hosts.ts'
import { careless, stuck, unlucky, Vandal } from './hostile-actors.ts'

const AT_ONCE = { backoff: { firstMs: 0 } }

function throws(): never {
  throw new Error('a listener that throws')
}

for (const host of HOSTS) {
  const promise = (name: string, use: Parameters<typeof withSystem>[1]): void => {
    test(`${host.name}: ${name}`, () => withSystem(host, use))
  }

  promise('a listener that throws keeps no other from hearing of an end', async (system) => {
    const watched = await system.spawn(Counter, { slot: 1, args: [0] })
    const other = await system.spawn(Counter, { slot: 1, args: [7] })
    watched.watch(throws)
    const end = ended(watched)
    void watched.stop()
    // The answer comes in the same frame as the end.
    assert.is(await other.ask({ type: 'get' }), 7)
    assert.is((await end).reason, 'stopped')
  })

  promise('a listener that throws keeps no other from hearing of an escalation', async (system) => {
    const supervision = { onFailure: 'escalate' } as const
    const actor = await system.spawn(Faulty, { slot: 1, supervision })
    system.onEscalation(throws)
    const escalated = new Promise<Error>((resolve) => system.onEscalation(resolve))
    await rejects(actor.ask('throw'), { message: /on purpose/ })
    assert.match((await escalated).message, 'on purpose')
  })

  for (const slot of [0, 1]) {
    promise(
      `what cannot be printed is reported all the same, from slot ${slot}`,
      async (system) => {
        const letters: DeadLetter[] = []
        system.onDeadLetter((letter) => letters.push(letter))
        const actor = await system.spawn(Vandal, { slot, args: ['none'], supervision: AT_ONCE })
        await rejects(actor.ask('throw-unprintable'))
        await rejects(actor.ask('throw-trapped'), () => true)
        assert.is(await actor.ask('ping'), 'pong')
        assert.equal(
          letters.map(({ message }) => message),
          ['throw-unprintable', 'throw-trapped'],
        )
        assert.is((await system.metrics()).lostSlots, 0)
      },
    )

    for (const lastDeed of ['throw', 'reject'] as const) {
      promise(
        `an actor in slot ${slot} whose stopped fails (${lastDeed}) has stopped`,
        async (system) => {
          const actor = await system.spawn(Vandal, { slot, args: [lastDeed] })
          await actor.stop()
          assert.is((await system.metrics()).actors, 0)
        },
      )
    }

    test(`${host.name}: timers that are begun at or after the end of an actor in slot ${slot} do not live on`, async () => {
      const nothingLeft = leftovers()
      await withSystem(host, async (system) => {
        const actor = await system.spawn(Vandal, { slot, args: ['begin'] })
        await actor.ask('begin-later')
        await actor.stop()
      })
      await nothingLeft()
    })
  }

  promise('a parent fails once when its children fail at the same time', async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const parent = await system.spawn(unlucky, { slot: 1, args: [log], supervision: AT_ONCE })
    const lost = new Promise<void>((resolve) => {
      let letters = 0
      system.onDeadLetter(() => {
        if (++letters === 2) resolve()
      })
    })
    await parent.ask('fail')
    await lost
    // Senders are served in turns: behind two answers nothing waits that came before.
    for (let i = 0; i < 2; i++) await parent.ask('ping')
    assert.equal(await log.ask('seen'), ['started', 'started'])
  })

  promise('a child whose start failed stops when its parent lets it go on', async (system) => {
    const supervision = { onFailure: 'resume' } as const
    const parent = await system.spawn(careless, { slot: 1, supervision })
    const child = await parent.ask(2)
    await rejects(child.ask('anything'), { code: 'ACTOR_STOPPED' })
  })

  test(`${host.name}: whoever waits for the end of an actor hears of it when the system ends`, async () => {
    const system = await host.start()
    const actor = await system.spawn(stuck, { slot: 1 })
    const answer = actor.ask('wait', { timeoutMs: Number.POSITIVE_INFINITY })
    const refused = rejects(answer, { code: 'SYSTEM_STOPPED' })
    const end = ended(actor)
    const stopped = actor.stop()
    await system.stop({ timeoutMs: 1 })
    assert.is((await end).reason, 'stopped')
    await stopped
    await refused
  })

  for (const slot of [0, 1]) {
    test(`${host.name}: what waits for an actor in slot ${slot} when the time to stop is over becomes dead letters`, async () => {
      const system = await host.start()
      const letters: unknown[] = []
      system.onDeadLetter(({ message }) => letters.push(message))
      const actor = await system.spawn(stuck, { slot, mailboxCapacity: 2 })
      const told = ['wait', 'wait', 'spin', 'spin', 'spin'] as const
      const accepted = told.map((message) => actor.tell(message))
      const other = await system.spawn(Counter, { slot, args: [0] })
      // Behind the first answer the credits have come back, behind the second what they let go has arrived.
      for (let i = 0; i < 2; i++) await other.ask({ type: 'get' })
      await system.stop({ timeoutMs: 1 })
      await Promise.all(accepted)
      assert.equal(letters.map(String).sort(), ['spin', 'spin', 'spin', 'wait'])
    })
  }
}

test.run()
