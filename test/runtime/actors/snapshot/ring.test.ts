/** Money in a ring of accounts: the sum of every snapshot is what there was at the start, whatever the interleaving. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Account, finalSum, main, openRing } from '../../../../examples/ring.ts'
import type { AccountMessage, AccountState } from '../../../../examples/ring.ts'
import { withAddresses } from '../../../../runtime/actors/actor-ref.ts'
import type { RefHost } from '../../../../runtime/actors/actor-ref.ts'
import { unpackValue } from '../../../../runtime/actors/snapshot/packed-value.ts'
import { SlotSnapshots } from '../../../../runtime/actors/snapshot/slot-snapshots.ts'
import { readSnapshot } from '../../../../runtime/actors/snapshot/snapshot-file.ts'
import { ActorSystem } from '../../../../runtime/index.ts'
import type { ActorSystemSnapshot } from '../../../../runtime/index.ts'
import { Simulator } from '../../../../runtime/simulator.ts'
import { HOSTS } from '../actor-hosts.ts'

interface Money {
  readonly inAccounts: number
  readonly onTheWay: number
}

/** What a snapshot holds, without resuming it. */
function moneyIn(snapshot: ActorSystemSnapshot): Money {
  let inAccounts = 0
  let onTheWay = 0
  withAddresses({ host: {} as RefHost, slotOf: () => 0 }, () => {
    for (const { state, mail } of readSnapshot(snapshot.bytes).actors) {
      assert.ok(state)
      inAccounts += (unpackValue(state) as AccountState).balance
      for (const item of mail) {
        if (item.kind !== 'message') continue
        const message = unpackValue(item.value) as AccountMessage
        if (message.type === 'transfer') onTheWay += message.amount
      }
    }
  })
  return { inAccounts, onTheWay }
}

interface Plan {
  readonly seed: number
  readonly accounts: number
  readonly slots: number
  readonly resumedSlots: number
  /** Rounds of reading one account between the snapshots, so that they are taken at any moment. */
  readonly pauses: readonly number[]
}

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(2 ** 31),
  accounts: fc.integer({ min: 2, max: 7 }),
  slots: fc.integer({ min: 1, max: 3 }),
  resumedSlots: fc.integer({ min: 1, max: 4 }),
  pauses: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
})

async function snapshotsOf(plan: Plan): Promise<ActorSystemSnapshot[]> {
  const host = new Simulator({ seed: plan.seed, slots: plan.slots })
  const system = await ActorSystem.start({ host })
  await openRing(system, plan.accounts, 12)
  const snapshots: ActorSystemSnapshot[] = []
  const [first] = system.find(Account)
  for (const pause of plan.pauses) {
    for (let i = 0; i < pause; i++) await first?.ask({ type: 'read' })
    snapshots.push(await system.snapshot())
  }
  assert.is(await finalSum(system), plan.accounts * 1_000)
  await system.stop()
  return snapshots
}

function sumsOf(snapshots: readonly ActorSystemSnapshot[]): number[] {
  return snapshots.map(moneyIn).map(({ inAccounts, onTheWay }) => inAccounts + onTheWay)
}

test('the sum of every snapshot is constant, and a resumed system ends with it, for every seed', async () => {
  let withMoneyOnTheWay = 0
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const snapshots = await snapshotsOf(plan)
      const total = plan.accounts * 1_000
      assert.equal(
        sumsOf(snapshots),
        snapshots.map(() => total),
      )
      if (snapshots.some((snapshot) => moneyIn(snapshot).onTheWay > 0)) withMoneyOnTheWay++
      for (const from of snapshots) {
        const host = new Simulator({ seed: plan.seed + 1, slots: plan.resumedSlots })
        const resumed = await ActorSystem.start({ host, from })
        assert.is(await finalSum(resumed), total)
        const { deadLetters } = await resumed.metrics()
        assert.is(deadLetters, 0)
        await resumed.stop()
      }
    }),
    { numRuns: 20 },
  )
  assert.ok(withMoneyOnTheWay > 4, `${withMoneyOnTheWay} of 20`)
})

test('the test finds a system that forgets what is in flight', async () => {
  const prototype = SlotSnapshots.prototype as { record: unknown }
  const { record } = prototype
  prototype.record = () => {}
  let found = false
  try {
    for (let seed = 0; seed < 60 && !found; seed++) {
      const plan = { seed, accounts: 5, slots: 3, resumedSlots: 3, pauses: [1, 2, 3] }
      found = sumsOf(await snapshotsOf(plan)).some((sum) => sum !== 5_000)
    }
  } finally {
    prototype.record = record
  }
  assert.ok(found)
})

for (const host of HOSTS) {
  test(`snapshots at random moments of a ring under load, ${host.name}`, async () => {
    const system = await host.start(3)
    await openRing(system, 8, host.name === 'simulator' ? 50 : 3_000)
    const snapshots = await Promise.all(Array.from({ length: 5 }, () => system.snapshot()))
    assert.equal(sumsOf(snapshots), [8_000, 8_000, 8_000, 8_000, 8_000])
    assert.is(await finalSum(system), 8_000)
    await system.stop()
    const resumable = host.name === 'threads' ? snapshots.slice(0, 2) : snapshots
    for (const [index, from] of resumable.entries()) {
      const slots = 1 + (index % 3)
      const resumed = await ActorSystem.start(
        host.name === 'simulator'
          ? { from, host: new Simulator({ seed: index, slots }) }
          : { from, slots, host: host.name === 'inline' ? 'inline' : 'threads' },
      )
      assert.is(await finalSum(resumed), 8_000)
      await resumed.stop()
    }
  })
}

test('the example ends with the same sum however often it is resumed', async () => {
  assert.equal(await main(4, 500, 2), [4_000, 4_000, 4_000])
})

test.run()
