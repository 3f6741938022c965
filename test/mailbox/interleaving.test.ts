/**
 * Ring and doorbell, stepped through schedules at every atomic access of the real code.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Fault } from './interleaving/baton.ts'
import { Explorer } from './interleaving/explorer.ts'
import type { Findings } from './interleaving/explorer.ts'
import type { Scenario } from './interleaving/parties.ts'

const roomy = { capacityBytes: 256, frames: [5, 0, 16], sleep: 'async', fault: 'none' } as const
const tight = { capacityBytes: 64, frames: [24, 20, 0], sleep: 'async', fault: 'none' } as const
const cut = { capacityBytes: 64, frames: [9, 100, 3], sleep: 'async', fault: 'none' } as const

async function explore(
  scenario: Scenario,
  search: (explorer: Explorer) => Findings,
): Promise<Findings> {
  const explorer = new Explorer(scenario)
  try {
    return search(explorer)
  } finally {
    await explorer.close()
  }
}

function holds(name: string, scenario: Scenario, preemptions: number, leastRuns: number): void {
  test(`${name}: no frame and no wake-up is lost in any schedule of ${preemptions} preemptions`, async () => {
    const found = await explore(scenario, (explorer) => explorer.searchAll(preemptions))
    if (process.env['VERBOSE']) console.log(name, found.runs, found.maxSteps)
    assert.is(found.failure, undefined)
    assert.ok(found.runs >= leastRuns, `tried ${found.runs} schedules only`)
  })
}

holds('one frame', { ...roomy, frames: [5] }, 99, 50)
holds('a ring with room', roomy, 5, 1000)
holds('a ring with room, threads that block', { ...roomy, sleep: 'block' }, 4, 1000)
holds('a full ring', tight, 4, 1000)
holds('a full ring, threads that block', { ...tight, sleep: 'block' }, 3, 1000)
holds('a frame longer than the ring', cut, 3, 1000)

test('random schedules of many switches lose nothing either', async () => {
  for (const scenario of [roomy, tight, cut, { ...cut, frames: [40, 0, 56, 200, 1, 64, 0, 33] }]) {
    const found = await explore(scenario, (explorer) => explorer.searchRandomly(2000, 3, 4711))
    assert.is(found.failure, undefined)
  }
})

function finds(fault: Fault, scenario: Scenario, what: RegExp): void {
  test(`the search finds the planted fault "${fault}"`, async () => {
    const found = await explore({ ...scenario, fault }, (explorer) => explorer.searchAll(2))
    assert.match(found.failure?.what ?? 'nothing found', what)
  })
}

finds('receiver does not look again', roomy, /wake-up got lost/)
finds('sender does not look again', tight, /wake-up got lost/)
finds('tail becomes visible late', roomy, /wake-up got lost/)
finds('wish for room becomes visible late', tight, /wake-up got lost/)
finds('room is believed too early', cut, /lost, torn|sender/)

test.run()
