/** First in, first out per sender and receiver, whatever the interleaving: seeds of the simulator. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../../runtime/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { Recorder, sender } from './actor-fixtures.ts'

interface Plan {
  readonly seed: number
  readonly capacity: number
  readonly receiverSlot: number
  /** Slot and number of messages of each sender. */
  readonly senders: readonly (readonly [slot: number, count: number])[]
}

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(2 ** 31),
  capacity: fc.integer({ min: 1, max: 8 }),
  receiverSlot: fc.nat(2),
  senders: fc.array(fc.tuple(fc.nat(2), fc.nat(30)), { minLength: 1, maxLength: 4 }),
})

async function receivedBySender(plan: Plan, trace?: (line: string) => void): Promise<number[][]> {
  const host = new Simulator({ seed: plan.seed, slots: 2, ...(trace && { trace }) })
  const system = await ActorSystem.start({ host })
  const options = { slot: plan.receiverSlot, mailboxCapacity: plan.capacity }
  const to = await system.spawn(Recorder, options)
  for (const [index, [slot, count]] of plan.senders.entries()) {
    const actor = await system.spawn(sender, { args: [String(index)], slot })
    void actor.tell({ to, count })
  }
  const total = plan.senders.reduce((sum, [, count]) => sum + count, 0)
  let seen: { from: string; i: number }[] = []
  do seen = (await to.ask('seen')) as typeof seen
  while (seen.length < total)
  const { deadLetters } = await system.metrics()
  assert.is(deadLetters, 0)
  await system.stop()
  return plan.senders.map((_, index) =>
    seen.filter(({ from }) => from === String(index)).map(({ i }) => i),
  )
}

test('the messages of each sender arrive in order, each once, for every seed', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const received = await receivedBySender(plan)
      for (const [index, [, count]] of plan.senders.entries()) {
        assert.equal(
          received[index],
          Array.from({ length: count }, (_, i) => i),
        )
      }
    }),
    { numRuns: 40 },
  )
})

test('the same seed gives the same run', async () => {
  const plan: Plan = {
    seed: 7,
    capacity: 2,
    receiverSlot: 1,
    senders: [
      [1, 9],
      [2, 9],
      [0, 9],
    ],
  }
  const traces: string[][] = [[], []]
  for (const trace of traces) await receivedBySender(plan, (line) => trace.push(line))
  assert.ok((traces[0]?.length ?? 0) > 30)
  assert.equal(traces[0], traces[1])
})

test.run()
