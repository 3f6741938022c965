/** What keeps a snapshot from being taken or resumed is said by code, and the system goes on. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../../../runtime/index.ts'
import { rejects } from '../../../runner/expect.ts'
import { HOSTS, withSystem } from '../actor-hosts.ts'
import { Diary, Forgetful, Homeless, Keeper, Troubled } from './snapshot-fixtures.ts'

async function inline(use: (system: ActorSystem) => Promise<void>): Promise<void> {
  const system = await ActorSystem.start({ slots: 2, host: 'inline' })
  try {
    await use(system)
  } finally {
    await system.stop({ timeoutMs: 0 })
  }
}

for (const host of HOSTS) {
  test(`an actor without state functions is refused by name, ${host.name}`, () =>
    withSystem(host, async (system) => {
      const actor = await system.spawn(Forgetful, { name: 'the one' })
      await rejects(system.snapshot(), {
        code: 'SNAPSHOT_UNSUPPORTED',
        message: /'the one'/,
      })
      assert.is(await actor.ask(2), 2)
      await actor.stop()
      assert.is((await system.snapshot()).actors, 0)
    }))
}

test('an actor that no other process could find is refused', () =>
  inline(async (system) => {
    await system.spawn(Homeless)
    await rejects(system.snapshot(), { code: 'SNAPSHOT_UNSUPPORTED', message: /module/ })
  }))

test('a watch with a function is refused', () =>
  inline(async (system) => {
    const diary = await system.spawn(Diary)
    const keeper = await system.spawn(Keeper, { args: [diary] })
    await keeper.ask({ type: 'watch by function', actor: diary as never })
    await rejects(system.snapshot(), { code: 'SNAPSHOT_UNSUPPORTED', message: /watches/ })
  }))

test('a message that is no data is refused with the name of its receiver', () =>
  inline(async (system) => {
    const diary = await system.spawn(Diary, { slot: 0 })
    void diary.tell({ callback: () => {} })
    await rejects(system.snapshot(), { code: 'UNSENDABLE_VALUE', message: /Diary/ })
  }))

test('a snapshot that throws rejects, and a later one works', () =>
  inline(async (system) => {
    const actor = await system.spawn(Troubled)
    await actor.ask('snapshot')
    await rejects(system.snapshot(), { code: 'SNAPSHOT_FAILED', message: /Troubled/ })
    await actor.ask('none')
    assert.is((await system.snapshot()).actors, 1)
  }))

test('an actor whose receive does not end is named when the time is over, and the others go on', () =>
  inline(async (system) => {
    const stuck = await system.spawn(Troubled, { name: 'stuck', slot: 1 })
    const diary = await system.spawn(Diary, { slot: 1 })
    void stuck.tell('never')
    await diary.ask('after it')
    await rejects(system.snapshot({ timeoutMs: 50 }), {
      code: 'SNAPSHOT_TIMEOUT',
      message: /'stuck'/,
    })
    await diary.tell('goes on')
    assert.equal(await diary.ask('seen'), ['after it', 'goes on'])
  }))

test('an actor that fails meanwhile does not keep the snapshot from being taken', () =>
  inline(async (system) => {
    const actor = await system.spawn(Troubled, { supervision: { backoff: { firstMs: 5 } } })
    void actor.tell('throw')
    const taken = await Promise.all([system.snapshot(), system.snapshot()])
    assert.equal(
      taken.map(({ actors }) => actors),
      [1, 1],
    )
  }))

test('a slot that dies rejects the snapshot; the system goes on, and a later one works', async () => {
  const system = await ActorSystem.start({ slots: 2 })
  const diary = await system.spawn(Diary, { slot: 1 })
  const victim = await system.spawn(Troubled, { slot: 2 })
  // It dies before its slot can answer.
  void victim.tell('exit')
  await rejects(system.snapshot(), { code: 'SLOT_LOST' })
  await diary.ask('still here')
  assert.is((await system.snapshot()).actors, 2)
  await system.stop()
})

test('stopping rejects the snapshot under way and all later ones', async () => {
  const system = await ActorSystem.start({ slots: 2, host: 'inline' })
  await system.spawn(Diary)
  const snapshots = [system.snapshot(), system.snapshot()].map((taken) =>
    rejects(taken, { code: 'SYSTEM_STOPPED' }),
  )
  const stopped = system.stop()
  await Promise.all(snapshots)
  await stopped
  await rejects(system.snapshot(), { code: 'SYSTEM_STOPPED' })
})

test('arguments out of range are refused by code', () =>
  inline(async (system) => {
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await rejects(system.snapshot({ timeoutMs }), { code: 'INVALID_TIMEOUT' })
    }
    await rejects(system.snapshot({ timeout: 1 } as never), { code: 'INVALID_ARGUMENT' })
  }))

test('a restore that throws makes start reject with the name of the actor', async () => {
  const system = await ActorSystem.start({ slots: 1, host: 'inline' })
  const actor = await system.spawn(Troubled)
  await actor.ask('restore')
  const from = await system.snapshot()
  await system.stop()
  await rejects(ActorSystem.start({ from, slots: 1, host: 'inline' }), {
    code: 'RESTORE_FAILED',
    message: /Troubled/,
  })
})

test('what is no snapshot, or not as it was written, is refused by code, byte by byte', async () => {
  const system = await ActorSystem.start({ slots: 1, host: 'inline' })
  await system.spawn(Diary)
  const { bytes } = await system.snapshot()
  await system.stop()
  const start = (from: unknown): Promise<ActorSystem> =>
    ActorSystem.start({ from: from as Uint8Array, slots: 1, host: 'inline' })
  for (const from of [null, 7, 'text', {}, new Uint8Array(0), Buffer.from('something else')]) {
    await rejects(start(from), { code: 'INVALID_SNAPSHOT' })
  }
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Uint8Array.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ 0x41
    const code = at < 4 ? 'INVALID_SNAPSHOT' : at < 6 ? 'UNSUPPORTED_FORMAT' : 'DAMAGED_SNAPSHOT'
    await rejects(start(flipped), { code })
    if (at >= 12) await rejects(start(bytes.subarray(0, at)), { code: 'DAMAGED_SNAPSHOT' })
  }
})

test.run()
