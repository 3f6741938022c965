/**
 * Whatever happens between the cut and the last byte, a snapshot has what was there at the cut: random accesses to every kind of state
 * between the steps, changes of objects that were handed out, entries that expire, snapshots that are given up, and restores at another parallelism.
 */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalKey } from '../../../checkpoint/canonical-key.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  splitListState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { SnapshotCut } from '../../../checkpoint/state/snapshot-cut.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { StateTtl } from '../../../checkpoint/state/ttl.ts'
import { throwsCode } from '../../runner/expect.ts'
import { at, backendOf, backendsOf, HandClock, subtaskOf } from './state-rig.ts'

const KEYS = [
  '',
  'a key of more than thirteen characters',
  0,
  -7.5,
  null,
  3n,
  ['a', 1],
  [7, -1],
  [0, 3],
  'b',
  'c',
]
const NAMESPACES = [0, 'session 1']
const TTL = 100

interface Box {
  n: number
  readonly tags: string[]
}

const call = fc.constantFrom(
  'value.get',
  'value.set',
  'value.change',
  'value.clear',
  'list.get',
  'list.add',
  'list.set',
  'list.change',
  'list.clear',
  'map.set',
  'map.change',
  'map.delete',
  'map.clear',
  'sum.add',
  'sum.clear',
  'mean.add',
  'mean.clear',
  'items.add',
  'items.set',
)
const action = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      key: fc.constantFrom(...KEYS),
      namespace: fc.constantFrom(...NAMESPACES),
      call,
      n: fc.nat(9),
    }),
  },
  { weight: 8, arbitrary: fc.record({ stepEntries: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.constant('cut' as const) },
  { weight: 1, arbitrary: fc.constant('give up' as const) },
  { weight: 1, arbitrary: fc.record({ restoreAt: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ waitMs: fc.constantFrom(1, 40, TTL - 1, TTL) }) },
)

const mean = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (acc: { sum: number; count: number }, n: number) => {
    acc.sum += n
    acc.count++
    return acc
  },
  getResult: ({ sum, count }: { sum: number; count: number }) => sum / count,
  merge: (a: { sum: number; count: number }) => a,
}

function box(n: number): Box {
  return { n, tags: ['a tag of more than thirteen characters'] }
}

function statesOf(backend: HeapStateBackend, namespaced: boolean, ttl: StateTtl | undefined) {
  const options = ttl === undefined ? {} : { ttl }
  return {
    backend,
    value: backend.keyedState('value', valueState<Box>(options), { namespaced }),
    list: backend.keyedState('list', listState<Box>(options), { namespaced }),
    map: backend.keyedState('map', mapState<number, Box>(options), { namespaced }),
    sum: backend.keyedState(
      'sum',
      reducingState((a: number, b: number) => a + b, options),
      { namespaced },
    ),
    mean: backend.keyedState('mean', aggregatingState(mean, options), { namespaced }),
    items: backend.operatorState('items', splitListState<Box>()),
  }
}

type States = ReturnType<typeof statesOf>

function change(thing: Box | undefined): void {
  if (thing === undefined) return
  thing.n += 100
  thing.tags.push('changed')
}

function perform(
  what: typeof call extends fc.Arbitrary<infer C> ? C : never,
  n: number,
  on: States,
) {
  const { value, list, map, sum, mean: averaged, items } = on
  switch (what) {
    case 'value.get':
      return value.get()
    case 'value.set':
      return value.set(box(n))
    case 'value.change':
      return change(value.get())
    case 'value.clear':
      return value.clear()
    case 'list.get':
      return list.get()
    case 'list.add':
      return list.add(box(n))
    case 'list.set':
      return list.set([box(n), box(n + 1)])
    case 'list.change':
      return change(list.get()[0])
    case 'list.clear':
      return list.clear()
    case 'map.set':
      return map.set(n % 3, box(n))
    case 'map.change':
      for (const each of map.values()) change(each)
      return
    case 'map.delete':
      return map.delete(n % 3)
    case 'map.clear':
      return map.clear()
    case 'sum.add':
      return sum.add(n)
    case 'sum.clear':
      return sum.clear()
    case 'mean.add':
      return averaged.add(n)
    case 'mean.clear':
      return averaged.clear()
    case 'items.add':
      return items.add(box(n))
    case 'items.set':
      return items.set([box(n)])
  }
}

/** All that is there, in one order. The items of an operator come from all subtasks. */
function contentsOf(all: readonly { readonly backend: HeapStateBackend }[]): string[] {
  const lines: string[] = []
  for (const { backend } of all) {
    for (const { state, key, namespace, value } of backend.entries()) {
      const plain: unknown[] = value instanceof Map ? [...value].sort(([a], [b]) => a - b) : [value]
      const shown = state === 'items' ? (value as unknown[]) : [plain]
      for (const each of shown)
        lines.push(JSON.stringify([state, canonicalKey(key ?? null), namespace, each], bigints))
    }
  }
  return lines.sort()
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

interface UnderWay {
  readonly cuts: readonly SnapshotCut[]
  readonly expected: readonly string[]
  readonly clock: HandClock
}

function check(
  actions: readonly (typeof action extends fc.Arbitrary<infer A> ? A : never)[],
  namespaced: boolean,
  ttl: StateTtl | undefined,
): void {
  const clock = new HandClock()
  const start = (parallelism: number, restored: readonly OperatorSnapshot[], time: HandClock) =>
    backendsOf(parallelism, { clock: time, restored }).map((backend) => {
      return statesOf(backend, namespaced, ttl)
    })
  let states = start(2, [], clock)
  let underWay: UnderWay | undefined
  const finish = ({ cuts, expected, clock: then }: UnderWay, parallelism: number) => {
    const snapshots = cuts.map((cut) => cut.finish())
    assert.equal(contentsOf(start(parallelism, snapshots, then)), expected)
    return snapshots
  }
  for (const each of actions) {
    if (each === 'cut') {
      const then = new HandClock()
      then.time = clock.time
      const cuts = states.map(({ backend }) => backend.cut())
      underWay = { cuts, expected: contentsOf(states), clock: then }
    } else if (each === 'give up') {
      for (const cut of underWay?.cuts ?? []) cut.giveUp()
      underWay = undefined
    } else if ('stepEntries' in each) {
      for (const cut of underWay?.cuts ?? []) cut.step(each.stepEntries)
      if (underWay?.cuts.every(({ isPacked }) => isPacked) !== true) continue
      finish(underWay, 1)
      underWay = undefined
    } else if ('restoreAt' in each) {
      if (underWay === undefined) continue
      const snapshots = finish(underWay, each.restoreAt)
      states = start(each.restoreAt, snapshots, clock)
      underWay = undefined
    } else if ('waitMs' in each) {
      clock.time += each.waitMs
    } else {
      const on = states[subtaskOf(each.key, states.length)]!
      at(on.backend, each.key)
      on.backend.setNamespace(each.namespace)
      perform(each.call, each.n, on)
    }
  }
  if (underWay !== undefined) finish(underWay, 3)
}

const TTLS: readonly (StateTtl | undefined)[] = [
  undefined,
  { ttlMs: TTL },
  { ttlMs: TTL, update: 'readAndWrite', visibility: 'returnExpiredIfNotCleanedUp' },
]

for (const namespaced of [false, true]) {
  for (const ttl of TTLS) {
    const kind = `${namespaced ? 'per namespace' : 'per key'}, ${JSON.stringify(ttl) ?? 'no ttl'}`
    test(`a snapshot has what was there at the cut, whatever happens while it is packed (${kind})`, () => {
      fc.assert(
        fc.property(fc.array(action, { minLength: 20, maxLength: 150 }), (actions) => {
          check(actions, namespaced, ttl)
        }),
        { numRuns: 150 },
      )
    })
  }
}

test('a step packs no more entries than it is asked to, and large entries end it early', () => {
  const backend = backendOf()
  const state = backend.keyedState('value', valueState<string>())
  for (let key = 0; key < 2_000; key++) {
    at(backend, key)
    state.set('x'.repeat(1_000))
  }
  const cut = backend.cut()
  let steps = 0
  let most = 0
  for (; !cut.isPacked; steps++) most = Math.max(most, cut.step(500))
  assert.ok(most <= 500, `${most} entries in one step`)
  assert.ok(steps > 15, `${steps} steps for 2 MB`)
  const groups = cut.finish().groups.map(({ keyGroup }) => keyGroup)
  assert.equal(
    groups,
    groups.toSorted((a, b) => a - b),
  )
  assert.ok(groups.length > new Set(groups).size, 'several lists per key group')
})

test('what is not plain data is named by the step that finds it, also when it was taken away since the cut', () => {
  const backend = backendOf()
  const state = backend.keyedState('value', valueState<unknown>())
  at(backend, 'JFK')
  state.set({ when: () => 0 })
  const cut = backend.cut()
  state.set(1)
  const error = throwsCode(() => cut.finish(), 'UNSENDABLE_VALUE')
  assert.match(String(error), /state 'value', key "JFK": .*value\.when/)
  assert.equal(cut.isPacked, false)
  const next = backend.cut().finish()
  assert.is(next.groups.length, 1)
})

test('what was restored and not declared is packed as it was', () => {
  const first = backendOf()
  const old = first.keyedState('old', valueState<number>())
  for (let key = 0; key < 100; key++) {
    at(first, key)
    old.set(key)
  }
  const second = backendOf({ restored: [first.snapshot()] })
  const fresh = second.keyedState('new', valueState<string>())
  at(second, 'only')
  fresh.set('one')
  const cut = second.cut()
  while (!cut.isPacked) cut.step(7)
  const third = backendOf({ restored: [cut.finish()] })
  third.keyedState('old', valueState<number>())
  assert.is(third.size, 100)
})

test('what is declared only while a snapshot is packed is in it as it was restored', () => {
  const first = backendOf()
  const old = first.keyedState('old', valueState<Box>())
  at(first, 'JFK')
  old.set(box(1))
  const second = backendOf({ restored: [first.snapshot()] })
  const cut = second.cut()
  const again = second.keyedState('old', valueState<Box>())
  at(second, 'JFK')
  change(again.get())
  const third = backendOf({ restored: [cut.finish()] })
  const restored = third.keyedState('old', valueState<Box>())
  at(third, 'JFK')
  assert.equal(restored.get(), box(1))
})

test('a snapshot that is given up packs nothing more, and says so; one that is packed stays', () => {
  const backend = backendOf()
  const state = backend.keyedState('value', valueState<number>())
  at(backend, 'JFK')
  state.set(1)
  const older = backend.cut()
  const newer = backend.cut()
  assert.throws(() => older.step(1), 'the snapshot was given up')
  assert.throws(() => older.finish(), 'the snapshot was given up')
  const { groups } = newer.finish()
  newer.giveUp()
  assert.is(newer.finish().groups.length, groups.length)
})

test.run()
