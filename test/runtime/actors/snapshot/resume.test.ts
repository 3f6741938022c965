/** A system that resumes a snapshot is the one that was: actors, mail, timers, watches, children, references. */
import { crc32 } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readSnapshot, writeSnapshot } from '../../../../runtime/actors/snapshot/snapshot-file.ts'
import { ActorSystem } from '../../../../runtime/index.ts'
import type { ActorRef, ActorSystemSnapshot } from '../../../../runtime/index.ts'
import { Simulator } from '../../../../runtime/simulator.ts'
import { rejects } from '../../../runner/expect.ts'
import { ended, HOSTS } from '../actor-hosts.ts'
import type { TestHost } from '../actor-hosts.ts'
import { asking, Diary, Keeper, notes, patient, pourer, Troubled } from './snapshot-fixtures.ts'

function resume(
  host: TestHost,
  from: ActorSystemSnapshot | Uint8Array,
  slots: number,
): Promise<ActorSystem> {
  if (host.name === 'simulator') {
    return ActorSystem.start({ from, host: new Simulator({ seed: 7, slots }) })
  }
  return ActorSystem.start({ from, slots, host: host.name === 'inline' ? 'inline' : 'threads' })
}

/** The same snapshot with as many slots, fewer and more; threads take their time to start. */
async function forAllSlots(
  host: TestHost,
  from: ActorSystemSnapshot,
  use: (resumed: ActorSystem) => Promise<void>,
): Promise<void> {
  for (const slots of host.name === 'threads' ? [3] : [2, 1, 3]) {
    const resumed = await resume(host, from.bytes, slots)
    try {
      await use(resumed)
    } finally {
      await resumed.stop()
    }
  }
}

function only<Ref>(refs: readonly Ref[]): Ref {
  assert.is(refs.length, 1)
  return refs[0] as Ref
}

/** Waits until the diary holds what is expected of it. */
async function until(
  diary: ActorRef<unknown>,
  holds: (seen: readonly string[]) => boolean,
): Promise<readonly string[]> {
  for (;;) {
    const seen = (await diary.ask('seen')) as string[]
    if (holds(seen)) return seen
  }
}

for (const host of HOSTS) {
  test(`actors come back with their state under their addresses, ${host.name}`, async () => {
    const system = await host.start(2)
    const diary = await system.spawn(Diary, { name: 'first' })
    await system.spawn(Diary, { name: 'second' })
    const page = await system.spawn(notes, { args: ['Title'], slot: 0 })
    await diary.ask('one')
    await page.ask('a line')
    const ids = system.find(Diary).map(({ id }) => id)
    const snapshot = await system.snapshot()
    assert.is(snapshot.actors, 3)
    assert.is(snapshot.slots, 2)
    await system.stop()
    await forAllSlots(host, snapshot, async (resumed) => {
      const again = only(resumed.find(Diary, { name: 'first' }))
      assert.equal(again.id, diary.id)
      assert.equal(await again.ask('seen'), ['one'])
      assert.equal(
        resumed.find(Diary).map(({ id }) => id),
        ids,
      )
      const lines = await only(resumed.find(notes)).ask('')
      assert.equal(lines, ['Title, new', 'a line', 'restored'])
      const newcomer = await resumed.spawn(Diary)
      assert.ok(newcomer.id > page.id)
    })
  })

  test(`messages on their way arrive once and in order per sender, ${host.name}`, async () => {
    const system = await host.start(2)
    const to = await system.spawn(Diary, { slot: 1, mailboxCapacity: 4 })
    const senders = [
      await system.spawn(pourer, { args: ['a'], slot: 2 }),
      await system.spawn(pourer, { args: ['b'], slot: 1 }),
    ]
    for (const sender of senders) await sender.tell({ to, count: 50 })
    void to.tell('from outside')
    const snapshot = await system.snapshot()
    await system.stop()
    await forAllSlots(host, snapshot, async (resumed) => {
      const seen = await until(only(resumed.find(Diary)), ({ length }) => length >= 101)
      for (const name of ['a', 'b']) {
        const numbers = seen.filter((line) => line.startsWith(`${name} `))
        assert.equal(
          numbers,
          Array.from({ length: 50 }, (_, i) => `${name} ${i}`),
        )
      }
      assert.is(seen.length, 101)
    })
  })

  test(`timers go on with the time that was left, ${host.name}`, async () => {
    const system = await host.start(2)
    const diary = await system.spawn(Diary)
    const keeper = await system.spawn(Keeper, { args: [diary] })
    await keeper.ask({ type: 'after', delayMs: 150, note: 'late' })
    await keeper.ask({ type: 'after', delayMs: 60, note: 'soon' })
    await keeper.ask({ type: 'every', intervalMs: 40, note: 'beat' })
    const snapshot = await system.snapshot()
    await system.stop({ timeoutMs: 0 })
    const resumed = await resume(host, snapshot, 3)
    const again = only(resumed.find(Diary))
    const seen = await until(again, (lines) => lines.includes('late'))
    assert.equal(
      seen.filter((line) => line !== 'beat'),
      // Not started again.
      ['started', 'soon', 'late'],
    )
    await until(again, (lines) => lines.filter((line) => line === 'beat').length > 4)
    await resumed.stop({ timeoutMs: 0 })
  })

  test(`children and watches are kept, references lead to the same actors, ${host.name}`, async () => {
    const system = await host.start(2)
    const diary = await system.spawn(Diary)
    const keeper = await system.spawn(Keeper, { args: [diary], slot: 1 })
    const child = (await keeper.ask({ type: 'child', slot: 2 })) as ActorRef<unknown>
    await child.ask('hello')
    await keeper.ask({ type: 'child', slot: 1 })
    await keeper.ask({ type: 'watch', actor: child, note: 'child gone' })
    const snapshot = await system.snapshot()
    await system.stop()
    await forAllSlots(host, snapshot, async (resumed) => {
      const again = only(resumed.find(Keeper))
      const [kept] = (await again.ask({ type: 'children' })) as ActorRef<unknown>[]
      assert.ok(kept?.equals(child))
      assert.equal(await kept?.ask('seen'), ['hello'])
      await kept?.stop()
      await until(only(resumed.find(Diary)), (lines) => lines.includes('child gone'))
      const { actors } = await resumed.metrics()
      assert.is(actors, 3)
      // A child stops with its parent, also one from before.
      await again.stop()
      assert.is((await resumed.metrics()).actors, 1)
    })
  })

  test(`an actor inside an asynchronous receive is waited for, answers included, ${host.name}`, async () => {
    const system = await host.start(2)
    const page = await system.spawn(notes, { args: ['Title'], slot: 2 })
    const asker = await system.spawn(asking, { slot: 1 })
    for (let i = 0; i < 20; i++) await asker.tell({ ask: page, text: `line ${i}` })
    const snapshot = await system.snapshot()
    await system.stop()
    await forAllSlots(host, snapshot, async (resumed) => {
      const answers = await only(resumed.find(asking)).ask('answers')
      assert.is((answers as unknown[]).length, 20)
      const lines = await only(resumed.find(notes)).ask('')
      assert.equal(
        lines.filter((line) => line.startsWith('line')),
        Array.from({ length: 20 }, (_, i) => `line ${i}`),
      )
    })
  })
}

for (const host of HOSTS) {
  test(`an actor that waits for room in a mailbox is waited for, ${host.name}`, async () => {
    const system = await host.start(2)
    const to = await system.spawn(Diary, { slot: 2, mailboxCapacity: 3 })
    const sender = await system.spawn(patient, { slot: 1 })
    await sender.tell({ to, count: 100 })
    const snapshot = await system.snapshot()
    await system.stop()
    const resumed = await resume(host, snapshot, 1)
    const seen = await until(only(resumed.find(Diary)), ({ length }) => length >= 100)
    assert.equal(
      seen,
      Array.from({ length: 100 }, (_, i) => i),
    )
    await resumed.stop()
  })
}

test('an actor that was about to start again waits for as long as was left', async () => {
  const system = await ActorSystem.start({ slots: 2, host: 'inline' })
  const supervision = { backoff: { firstMs: 200, jitter: 0 } }
  const actor = await system.spawn(Troubled, { supervision, slot: 1 })
  await actor.ask('throw').catch(() => {})
  const answer = actor.ask('none')
  const snapshot = await system.snapshot()
  await answer
  await system.stop()
  const resumed = await ActorSystem.start({ from: snapshot, slots: 1, host: 'inline' })
  const again = only(resumed.find(Troubled))
  // Its mail waits with it.
  assert.is(snapshot.messages, 1)
  await again.ask('none')
  const { deadLetters } = await resumed.metrics()
  assert.is(deadLetters, 0)
  await resumed.stop()
})

test('a restart counts once, however often the system is resumed', async () => {
  const supervision = { maxRestarts: 3, withinMs: 3_600_000, backoff: { firstMs: 0 } }
  let system = await ActorSystem.start({ slots: 1, host: 'inline' })
  let actor: ActorRef<string> = await system.spawn(Troubled, { supervision })
  await actor.ask('throw').catch(() => {})
  for (let round = 0; round < 4; round++) {
    await actor.ask('none')
    const from = await system.snapshot()
    await system.stop()
    system = await ActorSystem.start({ from, slots: 1, host: 'inline' })
    actor = only(system.find(Troubled))
  }
  for (let i = 0; i < 2; i++) await actor.ask('throw').catch(() => {})
  await actor.ask('none')
  await actor.ask('throw').catch(() => {})
  await rejects(actor.ask('none'), { code: 'ACTOR_STOPPED' })
  await system.stop()
})

test('restarts after the loss of a thread count on in a system that resumes', async () => {
  const supervision = { maxRestarts: 1, withinMs: 3_600_000, backoff: { firstMs: 0 } }
  const system = await ActorSystem.start({ slots: 1 })
  const actor = await system.spawn(Troubled, { supervision })
  const lost = ended(actor)
  await rejects(actor.ask('exit'), { code: 'SLOT_LOST' })
  await lost
  await actor.ask('none')
  const from = await system.snapshot()
  await system.stop()
  const resumed = await ActorSystem.start({ from, slots: 1 })
  const again = only(resumed.find(Troubled))
  const lostAgain = ended(again)
  await rejects(again.ask('exit'), { code: 'SLOT_LOST' })
  await lostAgain
  await rejects(again.ask('none'), { code: 'ACTOR_STOPPED' })
  await resumed.stop()
})

test('a thread that is lost after resuming on fewer slots knows who has stopped and who comes back', async () => {
  const system = await ActorSystem.start({ slots: 3 })
  const diary = await system.spawn(Diary, { slot: 1 })
  const keeper = await system.spawn(Keeper, { args: [diary], slot: 3 })
  await keeper.ask({ type: 'child', slot: 1 })
  await keeper.ask({ type: 'child', slot: 1 })
  const from = await system.snapshot()
  await system.stop()

  const resumed = await ActorSystem.start({ from, slots: 2 })
  const parent = only(resumed.find(Keeper))
  const [gone, kept] = (await parent.ask({ type: 'children' })) as ActorRef<unknown>[]
  assert.ok(gone !== undefined && kept !== undefined)
  assert.is(parent.slot, 2)
  assert.is(kept.slot, 1)
  await gone.stop()
  const supervision = { onFailure: 'stop' } as const
  const victim = await resumed.spawn(Troubled, { slot: 1, supervision })
  const lost = ended(kept)
  await rejects(victim.ask('exit'), { code: 'SLOT_LOST' })
  await lost
  assert.equal(await kept.ask('seen'), [])
  await rejects(gone.ask('seen'), { code: 'ACTOR_STOPPED' })
  await gone.stop()
  await resumed.stop()
})

test('a snapshot of version 1 resumes', async () => {
  const system = await ActorSystem.start({ slots: 1, host: 'inline' })
  const diary = await system.spawn(Diary)
  await diary.ask('one')
  const stored = readSnapshot((await system.snapshot()).bytes)
  await system.stop()
  for (const record of stored.actors) Reflect.deleteProperty(record, 'lossAgesMs')
  const bytes = Buffer.from(writeSnapshot(stored).bytes)
  bytes.writeUInt16LE(1, 4)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  const resumed = await ActorSystem.start({ from: bytes, slots: 2, host: 'inline' })
  assert.equal(await only(resumed.find(Diary)).ask('seen'), ['one'])
  await resumed.stop()
})

test('a snapshot of a resumed system resumes, too', async () => {
  const system = await ActorSystem.start({ slots: 2, host: 'inline' })
  const diary = await system.spawn(Diary)
  let { bytes } = await system.snapshot()
  await system.stop()
  for (let round = 0; round < 3; round++) {
    const resumed = await ActorSystem.start({ from: bytes, slots: 1 + round, host: 'inline' })
    const again = only(resumed.find(Diary))
    assert.ok(again.equals(diary))
    void again.tell(`round ${round}`)
    bytes = (await resumed.snapshot()).bytes
    await resumed.stop()
  }
  const last = await ActorSystem.start({ from: bytes, slots: 1, host: 'inline' })
  assert.equal(await only(last.find(Diary)).ask('seen'), ['round 0', 'round 1', 'round 2'])
  await last.stop()
})

test.run()
