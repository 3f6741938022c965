import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { valueState } from '../../../checkpoint/state/declare-state.ts'
import { PairEntries } from '../../../checkpoint/state/pair-entries.ts'
import { at, backendOf } from './state-rig.ts'

type Pair = readonly [number, number]

/** All entries, by going over the places. */
function listed(pairs: PairEntries<number>): Map<string, number> {
  const found = new Map<string, number>()
  for (let place = 0; place < pairs.places; place++) {
    const entry = pairs.entryAt(place)
    if (entry !== undefined) found.set([pairs.firstAt(place), pairs.secondAt(place)].join(), entry)
  }
  return found
}

test('does what a Map does, whatever comes and goes', () => {
  const number = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer())
  const pair = fc.tuple(number, fc.integer({ min: 0, max: 3 }))
  const action = fc.record({
    kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const, 'compact' as const),
    pair,
  })
  const seen = { deleted: 0, most: 0 }
  fc.assert(
    fc.property(fc.array(action, { minLength: 100, maxLength: 400, size: 'max' }), (actions) => {
      const pairs = new PairEntries<number>()
      const model = new Map<string, number>()
      for (const [entry, { kind, pair: each }] of actions.entries()) {
        const name = each.join()
        if (kind === 'set') {
          pairs.set(...each, entry)
          model.set(name, entry)
        } else if (kind === 'delete') {
          const isThere = model.delete(name)
          assert.is(pairs.delete(...each), isThere)
          if (isThere) seen.deleted++
        } else pairs.compact()
        assert.is(pairs.get(...each), model.get(name))
        assert.is(pairs.size, model.size)
      }
      seen.most = Math.max(seen.most, model.size)
      assert.equal(listed(pairs), model)
      for (const { pair: each } of actions) assert.is(pairs.get(...each), model.get(each.join()))
    }),
    { numRuns: 300 },
  )
  assert.ok(seen.deleted > 100 && seen.most > 64, JSON.stringify(seen))
})

test('gaps are taken again, and memory is given back where nearly all are gone', () => {
  const pairs = new PairEntries<number>()
  for (let i = 0; i < 10_000; i++) pairs.set(i, -i, i)
  for (let i = 0; i < 9_000; i++) pairs.delete(i, -i)
  for (let i = 0; i < 9_000; i++) pairs.set(i, i + 1, i)
  assert.is(pairs.places, 10_000)
  pairs.compact()
  assert.is(pairs.places, 10_000, 'most of it is in use')

  for (let i = 0; i < 9_000; i++) pairs.delete(i, i + 1)
  pairs.compact()
  assert.is(pairs.places, 1_000)
  assert.is(listed(pairs).size, 1_000)
  for (let i = 9_000; i < 10_000; i++) assert.is(pairs.get(i, -i), i)
})

test('a snapshot has all pairs that were there at the cut, although nearly all go before they are packed', () => {
  const keys = Array.from({ length: 3_000 }, (_, i): Pair => [i % 50, i])
  const backend = backendOf()
  const state = backend.keyedState('value', valueState<number>())
  const change = (change: (key: Pair) => void, which: readonly Pair[]): void => {
    for (const key of which) {
      at(backend, key)
      change(key)
    }
  }
  change(([, number]) => state.set(number), keys)
  const cut = backend.cut()
  cut.step(100)
  change(() => state.clear(), keys.slice(0, 2_900))
  change(() => state.set(-1), [[-5, 1]])
  while (!cut.isPacked) cut.step(100)
  const restored = backendOf({ restored: [cut.finish()] })
  const again = restored.keyedState('value', valueState<number>())
  for (const key of keys) {
    at(restored, key)
    assert.is(again.get(), key[1])
  }
  at(restored, [-5, 1])
  assert.is(again.get(), undefined, 'it came after the cut')
  assert.is(backend.size, 101)
})

test.run()
