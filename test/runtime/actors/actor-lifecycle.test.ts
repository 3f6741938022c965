import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ActorRef, DeadLetter } from '../../../runtime/index.ts'
import { rejects } from '../../runner/expect.ts'
import {
  adder,
  alarm,
  blocker,
  Counter,
  echo,
  farewell,
  Parent,
  Recorder,
  releaser,
  Stillborn,
  watcher,
} from './actor-fixtures.ts'
import type { ParentMessage } from './actor-fixtures.ts'
import { ended, HOSTS, withSystem } from './actor-hosts.ts'

/** Asks until the answer has as many entries. */
async function entries(actor: ActorRef<'seen'>, count: number): Promise<unknown[]> {
  let seen: unknown[] = []
  while (seen.length < count) seen = (await actor.ask('seen')) as unknown[]
  return seen
}

for (const host of HOSTS) {
  const promise = (name: string, use: Parameters<typeof withSystem>[1]): void => {
    test(`${host.name}: ${name}`, () => withSystem(host, use))
  }

  promise('spawn rejects with what the constructor threw', async (system) => {
    await rejects(system.spawn(Stillborn, { args: ['no'], slot: 1 }), {
      code: 'STILLBORN',
      message: /no/,
    })
    assert.is((await system.metrics()).actors, 0)
  })

  promise('stop handles the mail told before, then hears no more', async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const parent = await system.spawn(Parent, { args: [log, 'a'], slot: 1 })
    for (let i = 0; i < 3; i++) void parent.tell({ spawn: `child ${i}` })
    await parent.stop()
    const seen = await log.ask('seen')
    const starts = ['a started', 'child 0 started', 'child 1 started', 'child 2 started']
    const stops = ['child 0 stopped', 'child 1 stopped', 'child 2 stopped']
    assert.equal((seen as string[]).slice(0, 4), starts)
    assert.equal((seen as string[]).slice(4, 7).sort(), stops)
    assert.is((seen as string[])[7], 'a stopped')
  })

  promise('children of children, on every slot, stop before their parents', async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const top = await system.spawn(Parent, { args: [log, '1'], slot: 1 })
    const middle = (await top.ask({ spawn: '2', slot: 2 })) as ActorRef<ParentMessage>
    await middle.ask({ spawn: '3', slot: 0 })
    await top.stop()
    const seen = (await log.ask('seen')) as string[]
    assert.equal(seen.slice(-3), ['3 stopped', '2 stopped', '1 stopped'])
    assert.is((await system.metrics()).actors, 1)
  })

  promise('a stopped actor can be stopped and watched again', async (system) => {
    const actor = await system.spawn(echo, { slot: 1 })
    await actor.stop()
    await actor.stop()
    assert.is((await ended(actor)).reason, 'stopped')
  })

  promise(
    'a watcher hears once, by message and by function, after the mail of the actor',
    async (system) => {
      for (const slot of [1, 2]) {
        const witness = await system.spawn(watcher, { slot: 1 })
        const actor = await system.spawn(Recorder, { slot })
        await witness.ask({ watch: actor })
        await actor.stop()
        let heard: unknown[] = []
        while (heard.length < 2) heard = (await witness.ask('heard')) as unknown[]
        assert.equal(heard, ['by message', 'by function: stopped true'])
      }
    },
  )

  promise('what an actor told comes before the news of its end', async (system) => {
    for (const slot of [1, 2]) {
      const witness = await system.spawn(watcher, { slot: 2 })
      const teller = await system.spawn(farewell, { args: [witness], slot })
      await witness.ask({ watch: teller })
      await teller.tell('go')
      let heard: unknown[] = []
      while (heard.length < 12) heard = (await witness.ask('heard')) as unknown[]
      const notes = Array.from({ length: 10 }, (_, i) => `note ${i}`)
      assert.equal(heard, [...notes, 'by message', 'by function: stopped true'])
    }
  })

  promise('a watch can be ended', async (system) => {
    const actor = await system.spawn(echo, { slot: 1 })
    let heard = 0
    const cancel = actor.watch(() => heard++)
    const other = ended(actor)
    cancel()
    await actor.stop()
    await other
    assert.is(heard, 0)
  })

  promise('timers fire once or again and again, and end with the actor', async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const actor = await system.spawn(alarm, { args: [log], slot: 1 })
    await actor.tell('once')
    assert.equal(await entries(log, 1), ['rang'])
    await actor.tell({ every: 1, until: 3 })
    const seen = await entries(log, 4)
    assert.equal(seen.slice(0, 4), ['rang', 'tick 1', 'tick 2', 'tick 3'])
    await actor.stop()
  })

  promise(
    'messages to nobody are dead letters, seen by listeners or else counted',
    async (system) => {
      const actor = await system.spawn(adder, { args: [0], slot: 1, name: 'late' })
      await actor.stop()
      await actor.tell({ add: 1 })
      await rejects(actor.ask({ add: 2 }), { code: 'ACTOR_STOPPED' })
      const { deadLetters, unobservedDeadLetters } = await system.metrics()
      assert.is(deadLetters, 2)
      assert.is(unobservedDeadLetters, 2)
      const heard = new Promise<DeadLetter>((resolve) => {
        system.onDeadLetter(resolve)
      })
      await actor.tell({ add: 3 })
      const letter = await heard
      assert.equal(letter.message, { add: 3 })
      assert.ok(letter.actor.equals(actor))
      assert.is((await system.metrics()).unobservedDeadLetters, 2)
    },
  )

  promise(
    'stopping the system handles what was accepted and what follows from it',
    async (system) => {
      const log = await system.spawn(Recorder, { slot: 0 })
      const parent = await system.spawn(Parent, { args: [log, 'p'], slot: 1 })
      const letters: DeadLetter[] = []
      system.onDeadLetter((letter) => letters.push(letter))
      for (let i = 0; i < 20; i++) void parent.tell({ spawn: `c${i}`, slot: 1 + (i % 2) })
      await system.stop()
      assert.equal(
        letters
          .map(({ message }) => message)
          .filter((m) => m !== undefined)
          .filter(isStart),
        [],
      )
      await rejects(system.spawn(echo), { code: 'SYSTEM_STOPPED' })
      await rejects(parent.ask('log'), { code: 'SYSTEM_STOPPED' })
    },
  )

  promise('an actor that never ends does not keep the system from stopping', async (system) => {
    const slow = await system.spawn(blocker, { args: ['never'], slot: 1 })
    await system.spawn(releaser, { slot: 1 })
    const answer = rejects(slow.ask('block', { timeoutMs: Number.POSITIVE_INFINITY }))
    await system.stop({ timeoutMs: 20 })
    await answer
  })

  promise('actors without a slot are spread over all slots', async (system) => {
    const slots = new Set<number>()
    for (let i = 0; i < 4; i++) slots.add((await system.spawn(Counter, { args: [i] })).slot)
    assert.equal(slots, new Set([1, 2]))
  })
}

function isStart(message: unknown): boolean {
  return String(message).endsWith('started')
}

test.run()
