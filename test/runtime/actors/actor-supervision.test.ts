import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ActorRef, DeadLetter } from '../../../runtime/index.ts'
import { rejects } from '../../runner/expect.ts'
import { Faulty, Parent, Recorder, sender } from './actor-fixtures.ts'
import type { ParentMessage } from './actor-fixtures.ts'
import { ended, HOSTS, withSystem } from './actor-hosts.ts'

const AT_ONCE = { backoff: { firstMs: 0 } }

for (const host of HOSTS) {
  const promise = (name: string, use: Parameters<typeof withSystem>[1]): void => {
    test(`${host.name}: ${name}`, () => withSystem(host, use))
  }

  promise(
    'an actor that fails is restarted with its arguments, its mailbox kept',
    async (system) => {
      const letters: DeadLetter[] = []
      system.onDeadLetter((letter) => letters.push(letter))
      const actor = await system.spawn(Faulty, { slot: 1, supervision: AT_ONCE })
      const answers = [
        actor.ask('handled'),
        actor.ask('throw').catch(() => 'failed'),
        actor.ask('handled'),
        actor.ask('reject').catch(() => 'failed'),
        actor.ask('handled'),
      ]
      assert.equal(await Promise.all(answers), [0, 'failed', 0, 'failed', 0])
      await actor.tell('throw')
      assert.is(await actor.ask('handled'), 0)
      assert.equal(
        letters.map(({ message, reason, error }) => [message, reason, error?.message]),
        [
          ['throw', 'failed', 'thrown on purpose'],
          ['reject', 'failed', 'rejected on purpose'],
          ['throw', 'failed', 'thrown on purpose'],
        ],
      )
    },
  )

  promise('an actor that is to resume keeps its state', async (system) => {
    const actor = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'resume' } })
    await rejects(actor.ask('throw'))
    await rejects(actor.ask('reject'))
    assert.is(await actor.ask('handled'), 2)
  })

  promise('an actor that is to stop stops, its mail turns into dead letters', async (system) => {
    const letters: unknown[] = []
    system.onDeadLetter((letter) => letters.push([letter.message, letter.reason]))
    const actor = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'stop' } })
    const end = ended(actor)
    void actor.tell('throw')
    const late = actor.ask('handled')
    await rejects(late, { code: 'ACTOR_STOPPED' })
    const { reason, error } = await end
    assert.is(reason, 'failed')
    assert.is(error?.message, 'thrown on purpose')
    await system.metrics()
    assert.equal(letters, [
      ['throw', 'failed'],
      ['handled', 'stopped'],
    ])
  })

  promise(
    'the reference in a dead letter has all the room that the mailbox has',
    async (system) => {
      const letter = new Promise<DeadLetter>((resolve) => {
        system.onDeadLetter(resolve)
      })
      const log = await system.spawn(Recorder, { slot: 0 })
      const parent = await system.spawn(Parent, { args: [log, 'p'], slot: 1 })
      await parent.ask({ spawn: 'c', slot: 2, supervision: { onFailure: 'resume' } })
      await parent.ask({ tell: 'throw', to: 0 })
      // Nothing was ever sent to the child from here.
      const actor = (await letter).actor as ActorRef<unknown>
      for (let i = 0; i < 3; i++) await actor.tell('log')
      assert.ok(Array.isArray(await actor.ask('log')))
    },
  )

  promise('the reference in a dead letter knows the slot, whoever had sent it', async (system) => {
    const slots = new Set<number>()
    system.onDeadLetter(({ actor }) => slots.add(actor.slot))
    const from = await system.spawn(sender, { args: ['a'], slot: 1 })
    const to = await system.spawn(Recorder, { slot: 2, mailboxCapacity: 1 })
    // Most of it waits where it is sent from.
    await from.ask({ to, count: 2_000 })
    await to.stop()
    while (slots.size === 0) await from.ask({ to, count: 1 })
    assert.equal([...slots], [2])
  })

  promise('the code of the error chooses among directives', async (system) => {
    const supervision = { onFailure: 'stop', byCode: { ODD: 'resume' } } as const
    const actor = await system.spawn(Faulty, { slot: 1, supervision })
    await rejects(actor.ask('throw-odd'), { code: 'ODD' })
    assert.is(await actor.ask('handled'), 1)
    const end = ended(actor)
    await rejects(actor.ask('throw'))
    assert.is((await end).reason, 'failed')
  })

  promise('after too many restarts the actor stops', async (system) => {
    const supervision = { maxRestarts: 2, backoff: { firstMs: 1 } }
    const actor = await system.spawn(Faulty, { slot: 1, supervision })
    const end = ended(actor)
    for (let i = 0; i < 3; i++) await rejects(actor.ask('throw'), { message: /on purpose/ })
    assert.is((await end).reason, 'failed')
  })

  promise('an escalation fails the parent: its restart stops the children', async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const parent = await system.spawn(Parent, { args: [log, 'p'], slot: 1, supervision: AT_ONCE })
    for (const slot of [1, 2]) {
      const spawn = { spawn: 'c', slot, supervision: { onFailure: 'escalate' } } as const
      const child = (await parent.ask(spawn)) as ActorRef<ParentMessage>
      const end = ended(child)
      await rejects(child.ask('throw'), { message: /c failed/ })
      await end
      // Answered by the instance that came after it.
      await parent.ask('log')
    }
    const round = ['c started', 'c stopped', 'p stopped', 'p started']
    assert.equal(await log.ask('seen'), ['p started', ...round, ...round])
  })

  promise('an escalation to a parent that resumes lets the child go on', async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const supervision = { onFailure: 'resume' } as const
    const parent = await system.spawn(Parent, { args: [log, 'p'], slot: 1, supervision })
    for (const slot of [1, 2]) {
      const spawn = { spawn: 'c', slot, supervision: { onFailure: 'escalate' } } as const
      const child = (await parent.ask(spawn)) as ActorRef<ParentMessage>
      await rejects(child.ask('throw'), { message: /c failed/ })
      await child.ask('log')
    }
    assert.equal(await log.ask('seen'), ['p started', 'c started', 'c started'])
  })

  promise('an escalation out of the system stops the actor and is heard', async (system) => {
    const escalated = new Promise<Error>((resolve) => {
      system.onEscalation(resolve)
    })
    const actor = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'escalate' } })
    const end = ended(actor)
    await rejects(actor.ask('throw'))
    assert.is((await escalated).message, 'thrown on purpose')
    await end
  })
}

test.run()
