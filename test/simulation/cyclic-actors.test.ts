import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SlotSnapshots } from '../../runtime/actors/snapshot/slot-snapshots.ts'
import { runCyclicActors } from './actors/cyclic-actors.ts'
import { patch } from './faults/patch.ts'

const SEEDS = 100

test(`cyclic actors go on from their last snapshot in ${SEEDS} runs: every token is seen everywhere exactly once`, async () => {
  const { findings, seeds, crashes, checkpoints, restores } = await runCyclicActors(0, SEEDS)
  assert.equal(findings, [])
  assert.is(seeds, SEEDS)
  assert.ok(crashes > SEEDS, `${crashes} crashes`)
  assert.ok(restores > SEEDS / 2, `${restores} restores`)
  assert.ok(checkpoints > SEEDS, `${checkpoints} snapshots`)
})

test('it finds snapshots that forget the messages on their way', async () => {
  const undo = patch(SlotSnapshots.prototype, 'record', () => () => {})
  try {
    const { findings } = await runCyclicActors(0, SEEDS)
    assert.is(findings.length, 1)
  } finally {
    undo()
  }
})

test.run()
