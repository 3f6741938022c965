/** What snapshots say of how payloads are made up, and what becomes of payloads that are made up otherwise. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { aggregatingState, combine, count, mean, sum } from '../../../api/index.ts'
import { withKind } from '../../../checkpoint/accumulator-layout.ts'
import type { AggregateFunction } from '../../../checkpoint/aggregate-function.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import { DamagedFieldsError } from '../../../checkpoint/state/entry-form.ts'
import { LayoutMismatch } from '../../../checkpoint/state/payload-layout.ts'
import type { PayloadLayouts } from '../../../checkpoint/state/payload-layout.ts'
import { at, backendOf, errorOf, ListPart } from './state-rig.ts'

/** Payloads are numbers in a unit; those of a known one are converted. */
function inUnit(unit: string, per: Readonly<Record<string, number>> = {}): PayloadLayouts {
  return (kind) =>
    kind !== 'list part'
      ? undefined
      : {
          stored: [unit],
          upgradeFrom(stored) {
            if (stored === undefined) return undefined
            const [other] = stored as [string]
            if (other === unit) return undefined
            const factor = per[other]
            if (factor === undefined) throw new LayoutMismatch(`it is in ${other}`)
            if (factor === 0) throw new DamagedFieldsError('a unit')
            return (payload) => (payload as number) * factor
          },
        }
}

function snapshotOf(layouts: PayloadLayouts | undefined, payloads: readonly number[]) {
  const backend = backendOf(layouts === undefined ? {} : { layouts })
  const part = new ListPart('part')
  backend.registerKeyed(part)
  part.payloads.push(...payloads.map((payload) => ['a', payload] as [string, number]))
  return backend.snapshot()
}

function restored(options: Parameters<typeof backendOf>[0]): readonly unknown[] {
  const part = new ListPart('part')
  backendOf(options).registerKeyed(part)
  return part.payloads.map(([, payload]) => payload)
}

const METRES = inUnit('m', { km: 1_000, bad: 0 })

test('payloads of another layout come into the present one, each by the layout of its snapshot', () => {
  const km = snapshotOf(inUnit('km'), [1, 2])
  const m = snapshotOf(METRES, [5])
  const silent = snapshotOf(undefined, [7])
  assert.equal(restored({ restored: [km, m, silent], layouts: METRES }), [1_000, 2_000, 5, 7])
})

test('a layout that cannot be read is refused, with operator and state, also where there are no entries', () => {
  for (const payloads of [[1], []]) {
    const error = errorOf(() =>
      restored({ restored: [snapshotOf(inUnit('mile'), payloads)], layouts: METRES }),
    )
    assert.is(error.code, 'INCOMPATIBLE_STATE')
    assert.is(error.message, "operator 'counts', state 'part': it is in mile")
  }
  const { code } = errorOf(() =>
    restored({ restored: [snapshotOf(inUnit('bad'), [1])], layouts: METRES }),
  )
  assert.is(code, 'DAMAGED_SNAPSHOT')
})

test('what nobody asks for keeps its layout from snapshot to snapshot', () => {
  const first = snapshotOf(inUnit('km'), [3])
  const second = backendOf({ restored: [first] }).snapshot()
  assert.equal(second.keyed, first.keyed)
  assert.equal(restored({ restored: [second], layouts: METRES }), [3_000])
})

test('a snapshot says nothing of parts of which nothing is known', () => {
  assert.equal(snapshotOf(undefined, [1]).keyed, [{ name: 'part', kind: 'list part', version: 1 }])
})

const number = (n: number): number => n
const n = count()

function aggregate(
  backend: HeapStateBackend,
  by: AggregateFunction<number, unknown, unknown>,
  options = {},
) {
  return backend.keyedState('all', aggregatingState(by, options))
}

test('increments and what they build on come into the present layout', () => {
  const backend = backendOf()
  const before = aggregate(backend, combine({ n, x: sum(number) }))
  for (const key of ['a', 'b', 'c']) {
    at(backend, key)
    before.add(1)
  }
  const base = backend.cut({ isBase: true }).finish()
  at(backend, 'b')
  before.add(10)
  at(backend, 'c')
  before.clear()
  const increment = backend.cut({ since: 1 }).finish()
  assert.is(increment.keyed[0]?.changes, 'key')
  const next = backendOf({ restored: [{ ...increment, base }] })
  const after = aggregate(next, combine({ x: mean(number), m: n }))
  const results = ['a', 'b', 'c'].map((key) => {
    at(next, key)
    return after.get()
  })
  assert.equal(results, [{ x: 1, m: 0 }, { x: 5.5, m: 0 }, undefined])
})

test('with a ttl and per namespace the accumulator is found, too', () => {
  const options = { ttl: { ttlMs: 1_000 } }
  const backend = backendOf()
  const before = backend.keyedState('all', aggregatingState(combine({ n }), options), {
    namespaced: true,
  })
  at(backend, 'a')
  backend.setNamespace('w')
  before.add(1)
  const next = backendOf({ restored: [backend.snapshot()] })
  const after = next.keyedState('all', aggregatingState(combine({ m: n, n }), options), {
    namespaced: true,
  })
  at(next, 'a')
  next.setNamespace('w')
  assert.equal(after.get(), { m: 0, n: 1 })
})

test('what a user migrates is left to the user', () => {
  const backend = backendOf()
  at(backend, 'a')
  aggregate(backend, combine({ n })).add(1)
  const next = backendOf({ restored: [backend.snapshot()] })
  const seen: unknown[] = []
  const migrate = (stored: unknown, version: number): unknown => {
    seen.push(stored, version)
    return { sum: 7, lost: 0, count: 1 }
  }
  const after = aggregate(next, mean(number), { version: 2, migrate })
  at(next, 'a')
  assert.is(after.get(), 7)
  assert.equal(seen, [{ p0: { count: 1 } }, 1])
})

test('a layout that is none is damage', () => {
  const backend = backendOf()
  at(backend, 'a')
  const odd = withKind({ ...n }, 3 as unknown as string)
  aggregate(backend, combine({ n: odd })).add(1)
  const next = backendOf({ restored: [backend.snapshot()] })
  const { code } = errorOf(() => aggregate(next, combine({ n })))
  assert.is(code, 'DAMAGED_SNAPSHOT')
})

test.run()
