/** Messages in flight in a snapshot: each once and in the order of its sender, whatever the interleaving and the slots. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../../../runtime/index.ts'
import type { ActorRef, ActorSystemSnapshot } from '../../../../runtime/index.ts'
import { Simulator } from '../../../../runtime/simulator.ts'
import { Diary, pourer } from './snapshot-fixtures.ts'

interface Plan {
  readonly seed: number
  readonly capacity: number
  readonly receiverSlot: number
  readonly resumedSlots: number
  /** Slot of each sender, and how many messages it sends before and after the snapshot is begun. */
  readonly senders: readonly (readonly [slot: number, before: number, after: number])[]
}

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(2 ** 31),
  capacity: fc.integer({ min: 1, max: 8 }),
  receiverSlot: fc.nat(2),
  resumedSlots: fc.integer({ min: 1, max: 4 }),
  senders: fc.array(fc.tuple(fc.nat(2), fc.nat(12), fc.nat(12)), { minLength: 1, maxLength: 4 }),
})

const totalOf = (plan: Plan): number =>
  plan.senders.reduce((sum, [, before, after]) => sum + before + after, 0)

async function allSeen(diary: ActorRef<unknown>, total: number): Promise<string[]> {
  let seen: string[] = []
  do seen = (await diary.ask('seen')) as string[]
  while (seen.length < total)
  return seen
}

/** Orders to all senders are in the snapshot at the latest as messages to them: it always leads to all of theirs. */
async function snapshotOf(plan: Plan): Promise<ActorSystemSnapshot> {
  const host = new Simulator({ seed: plan.seed, slots: 2 })
  const system = await ActorSystem.start({ host })
  const to = await system.spawn(Diary, { slot: plan.receiverSlot, mailboxCapacity: plan.capacity })
  const senders: ActorRef<{ to: ActorRef<unknown>; count: number }>[] = []
  for (const [slot] of plan.senders) {
    senders.push(await system.spawn(pourer, { args: [String(senders.length)], slot }))
  }
  for (const [i, sender] of senders.entries()) {
    const [, before = 0, after = 0] = plan.senders[i] ?? []
    await sender.tell({ to, count: before })
    await sender.tell({ to, count: after })
  }
  const snapshot = await system.snapshot()
  assert.is((await allSeen(to, totalOf(plan))).length, totalOf(plan))
  await system.stop()
  return snapshot
}

function check(plan: Plan, seen: readonly string[]): void {
  assert.is(seen.length, totalOf(plan))
  for (const [i, [, before, after]] of plan.senders.entries()) {
    const expected = [before, after].flatMap((count) =>
      Array.from({ length: count }, (_, number) => `${i} ${number}`),
    )
    assert.equal(
      seen.filter((line) => line.startsWith(`${i} `)),
      expected,
    )
  }
}

test('a resumed system handles what was in flight once and in order, for every seed', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const from = await snapshotOf(plan)
      const host = new Simulator({ seed: plan.seed + 1, slots: plan.resumedSlots })
      const resumed = await ActorSystem.start({ from, host })
      const [diary] = resumed.find(Diary)
      assert.ok(diary)
      check(plan, await allSeen(diary, totalOf(plan)))
      const { deadLetters } = await resumed.metrics()
      assert.is(deadLetters, 0)
      await resumed.stop()
    }),
    { numRuns: 40 },
  )
})

test('a snapshot of a system that resumes one, before its mail is handled, loses nothing', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      let from = await snapshotOf(plan)
      for (const slots of [plan.resumedSlots, 2]) {
        const host = new Simulator({ seed: plan.seed + slots, slots })
        const resumed = await ActorSystem.start({ from, host })
        from = await resumed.snapshot()
        await resumed.stop()
      }
      const last = await ActorSystem.start({ from, slots: 1, host: 'inline' })
      const [diary] = last.find(Diary)
      assert.ok(diary)
      check(plan, await allSeen(diary, totalOf(plan)))
      await last.stop()
    }),
    { numRuns: 20 },
  )
})

test.run()
