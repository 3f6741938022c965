import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Outlet } from '../../runtime/actors/actor-outlet.ts'
import { ActorScope } from '../../runtime/actors/actor-scope.ts'
import { SlotSnapshots } from '../../runtime/actors/snapshot/slot-snapshots.ts'
import { runBusyActors } from './actors/busy-actors.ts'
import { patch } from './faults/patch.ts'
import type { Undo } from './faults/patch.ts'

const SEEDS = 60

test(`actors that do all that actors can go on from their last snapshot in ${SEEDS} runs, and everything is done exactly once`, async () => {
  const { findings, crashes, snapshots, messages } = await runBusyActors(0, SEEDS)
  assert.equal(findings, [])
  assert.ok(crashes > SEEDS, `${crashes} crashes`)
  assert.ok(snapshots > 3 * SEEDS, `${snapshots} snapshots`)
  assert.ok(messages > snapshots, `${messages} messages in them`)
})

/** Lets a property that is a list be empty. */
function forget(target: object, name: string): Undo {
  const own = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor
  Object.defineProperty(target, name, { ...own, get: () => [] })
  return () => {
    Object.defineProperty(target, name, own)
  }
}

const FAULTS: readonly [what: string, plant: () => Undo][] = [
  ['messages on their way', () => patch(SlotSnapshots.prototype, 'record', () => () => {})],
  ['messages that wait for room', () => forget(Outlet.prototype, 'waitingMail')],
  ['timers and watches', () => forget(ActorScope.prototype, 'begunWork')],
]

for (const [what, plant] of FAULTS) {
  test(`it finds snapshots that forget ${what}`, async () => {
    const undo = plant()
    try {
      const { findings } = await runBusyActors(0, SEEDS)
      assert.is(findings.length, 1)
      assert.match(findings[0] ?? '', /missing: \w/)
    } finally {
      undo()
    }
  })
}

test.run()
