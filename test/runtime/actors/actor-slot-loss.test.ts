import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../../runtime/index.ts'
import type { ActorRef } from '../../../runtime/index.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { Counter, Faulty, Parent, Recorder, watcher } from './actor-fixtures.ts'
import { ended } from './actor-hosts.ts'
import { stuck, Vandal } from './hostile-actors.ts'

const AT_ONCE = { backoff: { firstMs: 0 } }
const DEATHS = ['exit', 'uncaught', 'unhandled-rejection', 'out-of-memory'] as const

async function withThreads(
  slots: number,
  use: (system: ActorSystem) => Promise<void>,
): Promise<void> {
  const nothingLeft = leftovers()
  const resourceLimits = { maxOldGenerationSizeMb: 48 }
  const system = await ActorSystem.start({ slots, resourceLimits })
  try {
    await use(system)
  } finally {
    await system.stop({ timeoutMs: 2_000 })
  }
  await nothingLeft()
}

for (const death of DEATHS) {
  test(`a thread that dies by ${death} is replaced; its actor comes back under the same reference`, () =>
    withThreads(2, async (system) => {
      const victim = await system.spawn(Faulty, { slot: 1, supervision: AT_ONCE })
      const bystander = await system.spawn(Counter, { slot: 2, args: [5] })
      const end = ended(victim)
      const dying = victim.ask(death, { timeoutMs: 60_000 }).catch((error: unknown) => error)
      const { reason, error } = await end
      assert.is(reason, 'slot-lost')
      assert.is((error as { code?: string }).code, 'SLOT_LOST')
      const outcome = await dying
      if (outcome !== 'soon') assert.is((outcome as { code?: string }).code, 'SLOT_LOST')
      assert.is(await victim.ask('handled'), 0)
      assert.is(await bystander.ask({ type: 'get' }), 5)
      const { lostSlots } = await system.metrics()
      assert.is(lostSlots, 1)
    }))
}

test('an actor whose supervision says stop stays away, and asks say so', () =>
  withThreads(1, async (system) => {
    const victim = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'stop' } })
    const end = ended(victim)
    await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    assert.is((await end).reason, 'slot-lost')
    await rejects(victim.ask('handled'), { code: 'ACTOR_STOPPED' })
    const { actors } = await system.metrics()
    assert.is(actors, 0)
  }))

test('what is told while the thread is replaced waits, and more than one window of it is taken again', () =>
  withThreads(1, async (system) => {
    const recorder = await system.spawn(Recorder, {
      slot: 1,
      supervision: AT_ONCE,
      mailboxCapacity: 4,
    })
    const victim = await system.spawn(Faulty, { slot: 1, supervision: AT_ONCE })
    const lost = ended(recorder)
    await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    await lost
    for (let i = 0; i < 50; i++) await recorder.tell(i)
    assert.equal(
      await recorder.ask('seen'),
      Array.from({ length: 50 }, (_, i) => i),
    )
  }))

test('an actor on another slot brings its lost child back, and stops it with itself', () =>
  withThreads(2, async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const parent = await system.spawn(Parent, { slot: 1, args: [log, 'parent'] })
    const child = (await parent.ask({
      spawn: 'child',
      slot: 2,
      supervision: AT_ONCE,
    })) as ActorRef<unknown>
    await rejects(child.ask('throw'))
    const victim = await system.spawn(Faulty, { slot: 2, supervision: { onFailure: 'stop' } })
    const lost = ended(child)
    await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    await lost
    await parent.ask({ ask: 'log', to: 0 })
    await parent.stop()
    const seen = (await log.ask('seen')) as string[]
    assert.equal(seen.slice(-3), ['child started', 'child stopped', 'parent stopped'])
  }))

test('children on other slots stop when the thread of their parent dies', () =>
  withThreads(2, async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const parent = await system.spawn(Parent, {
      slot: 1,
      args: [log, 'parent'],
      supervision: { onFailure: 'stop' },
    })
    const child = (await parent.ask({ spawn: 'child', slot: 2 })) as ActorRef<unknown>
    const end = ended(child)
    const victim = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'stop' } })
    await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    assert.is((await end).reason, 'stopped')
  }))

test('an actor hears of the loss of another one, by message and by function', () =>
  withThreads(2, async (system) => {
    const witness = await system.spawn(watcher, { slot: 2 })
    const victim = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'stop' } })
    await witness.ask({ watch: victim })
    await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    let heard: unknown[] = []
    while (heard.length < 2) heard = (await witness.ask('heard')) as unknown[]
    assert.equal(heard, ['by message', 'by function: slot-lost true'])
  }))

test('the reference in the news of a loss has all the room that the mailbox has', () =>
  withThreads(2, async (system) => {
    const log = await system.spawn(Recorder, { slot: 0 })
    const parent = await system.spawn(Parent, { slot: 1, args: [log, 'parent'] })
    const options = { slot: 2, supervision: AT_ONCE }
    const child = (await parent.ask({ spawn: 'child', ...options })) as ActorRef<unknown>
    const victim = await system.spawn(Faulty, { slot: 2, supervision: { onFailure: 'stop' } })
    // Nothing was ever sent to the child from here.
    const end = ended(child)
    await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    const actor = (await end).actor as ActorRef<unknown>
    for (let i = 0; i < 3; i++) await actor.tell('log')
    assert.ok(Array.isArray(await child.ask('log')))
  }))

test('a slot that dies again and again is given up for the actor after its restarts are used up', () =>
  withThreads(1, async (system) => {
    const supervision = { maxRestarts: 2, backoff: { firstMs: 0 } }
    const victim = await system.spawn(Faulty, { slot: 1, supervision })
    for (let i = 0; i < 3; i++) {
      const end = ended(victim)
      await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
      await end
    }
    await rejects(victim.ask('handled'), { code: 'ACTOR_STOPPED' })
    assert.is((await system.metrics()).lostSlots, 3)
  }))

test('a spawn on a thread that dies meanwhile is rejected', () =>
  withThreads(1, async (system) => {
    const victim = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'stop' } })
    const dying = rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
    const outcome = system.spawn(Counter, { slot: 1, args: [1] }).catch((error: unknown) => error)
    await dying
    assert.is(((await outcome) as { code?: string }).code, 'SLOT_LOST')
  }))

test('stopping an actor whose thread dies waits for the new thread, and the event loop goes on', () =>
  withThreads(1, async (system) => {
    const victim = await system.spawn(Faulty, { slot: 1, supervision: AT_ONCE })
    void victim.tell('exit')
    await victim.stop()
    await rejects(victim.ask('handled'), { code: 'ACTOR_STOPPED' })
  }))

test('an actor can be stopped by whoever hears that its thread was lost', () =>
  withThreads(1, async (system) => {
    const victim = await system.spawn(Faulty, { slot: 1, supervision: AT_ONCE })
    const stopped = ended(victim).then(() => victim.stop())
    void victim.tell('exit')
    await stopped
    await rejects(victim.ask('handled'), { code: 'ACTOR_STOPPED' })
  }))

test('a spawn on a slot without a thread waits for the new thread', () =>
  withThreads(1, async (system) => {
    const victim = await system.spawn(Faulty, { slot: 1, supervision: { onFailure: 'stop' } })
    const spawned = ended(victim).then(() => system.spawn(Counter, { slot: 1, args: [7] }))
    void victim.tell('exit')
    assert.is(await (await spawned).ask({ type: 'get' }), 7)
    assert.is((await system.metrics()).actors, 1)
  }))

const NO_LIMIT = { timeoutMs: Number.POSITIVE_INFINITY }

test('a thread that dies while its actors stop does not hold the stop of the system up', () =>
  withThreads(2, async (system) => {
    const remote = await system.spawn(Recorder, { slot: 2 })
    await system.spawn(Vandal, { slot: 1, args: ['exit'] })
    const parent = await system.spawn(Parent, { slot: 2, args: [remote, 'parent'] })
    await parent.ask({ spawn: 'child', slot: 1 })
    await system.stop(NO_LIMIT)
  }))

test('a thread that dies before the mail is handled is replaced although the system is stopping', () =>
  withThreads(1, async (system) => {
    const supervision = AT_ONCE
    const recorder = await system.spawn(Recorder, { slot: 1, supervision, mailboxCapacity: 1 })
    const victim = await system.spawn(Faulty, { slot: 1, supervision })
    const lost = ended(recorder)
    void victim.tell('exit')
    const told = lost.then(() => recorder.tell('kept'))
    await system.stop(NO_LIMIT)
    await told
  }))

test('a thread that user code blocks for ever ends with the system', () =>
  withThreads(2, async (system) => {
    const actor = await system.spawn(stuck, { slot: 1 })
    void actor.tell('spin')
    await system.stop({ timeoutMs: 10 })
  }))

test.run()
