import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { NEVER } from '../../../runtime/actors/actor-host.ts'
import type { Child } from '../../../runtime/actors/actor-host.ts'
import { SystemActors } from '../../../runtime/actors/system-actors.ts'
import { resolveSupervision } from '../../../runtime/actors/supervision.ts'

function childIn(slot: number): Child {
  const supervision = resolveSupervision(undefined)
  const spec = { key: { url: '', name: 'child' }, name: undefined, supervision, capacity: 1 }
  return { slot, spec, args: [], restarts: NEVER }
}

function counts(actors: SystemActors): number[] {
  return [0, 1, 2].map((slot) => actors.countIn(slot))
}

test('the counts follow what is added, replaced and removed', () => {
  const actors = new SystemActors(3)
  actors.set(1, childIn(1)).set(2, childIn(2)).set(3, childIn(1))
  assert.equal(counts(actors), [0, 2, 1])
  actors.set(3, childIn(2))
  assert.equal(counts(actors), [0, 1, 2])
  assert.is(actors.delete(1), true)
  assert.is(actors.delete(1), false)
  assert.equal(counts(actors), [0, 0, 2])
  actors.clear()
  assert.equal(counts(actors), [0, 0, 0])
})

test.run()
