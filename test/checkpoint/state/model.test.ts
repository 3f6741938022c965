/**
 * Random calls on every kind of state, at changing parallelism, give what the model gives: with a ttl and without, per key and per
 * key and namespace, with snapshots and restores in between.
 */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { StateTtl } from '../../../checkpoint/state/ttl.ts'
import { ModelState } from './state-model.ts'
import type { ModelOptions } from './state-model.ts'
import { at, backendsOf, HandClock, subtaskOf } from './state-rig.ts'

const KEYS = [
  '',
  'JFK',
  'a key of more than thirteen characters',
  0,
  -7.5,
  true,
  null,
  3n,
  ['a', 1],
  [7, -1],
  [7, 2 ** 31 - 1],
  { a: 1 },
]
const NAMESPACES = [0, 3_600_000, 'session 1']
const MAP_KEYS = ['x', 1, ['y', 2], 'another long key of a map'] as const
const TTL = 100

type Value = number | string | { n: number } | null

const value = fc.oneof<fc.Arbitrary<Value>[]>(
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom('', 'word', 'words with more than thirteen characters'),
  fc.nat(3).map((n) => ({ n })),
  fc.constant(null),
)
const mapKey = fc.constantFrom(...MAP_KEYS)
const call = fc.oneof(
  fc.record({ do: fc.constant('value.get' as const) }),
  fc.record({ do: fc.constant('value.set' as const), value }),
  fc.record({ do: fc.constant('value.clear' as const) }),
  fc.record({ do: fc.constant('list.get' as const) }),
  fc.record({ do: fc.constant('list.add' as const), value }),
  fc.record({
    do: fc.constantFrom('list.addAll' as const, 'list.set' as const),
    values: fc.array(value, { maxLength: 3 }),
  }),
  fc.record({ do: fc.constant('list.clear' as const) }),
  fc.record({ do: fc.constant('map.set' as const), mapKey, value }),
  fc.record({
    do: fc.constantFrom('map.get' as const, 'map.has' as const, 'map.delete' as const),
    mapKey,
  }),
  fc.record({
    do: fc.constantFrom(
      'map.entries' as const,
      'map.keys' as const,
      'map.values' as const,
      'map.size' as const,
    ),
  }),
  fc.record({ do: fc.constant('map.clear' as const) }),
  fc.record({
    do: fc.constantFrom(
      'sum.get' as const,
      'sum.clear' as const,
      'mean.get' as const,
      'mean.clear' as const,
    ),
  }),
  fc.record({ do: fc.constantFrom('sum.add' as const, 'mean.add' as const), number: fc.nat(9) }),
)
const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      key: fc.constantFrom(...KEYS),
      namespace: fc.constantFrom(...NAMESPACES),
      call,
    }),
  },
  { weight: 3, arbitrary: fc.record({ waitMs: fc.constantFrom(1, 40, TTL - 1, TTL) }) },
  { weight: 1, arbitrary: fc.record({ parallelism: fc.integer({ min: 1, max: 4 }) }) },
)

/** Integers, so that the mean has no rounding that depends on order. */
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
const sum = (a: number, b: number): number => a + b

function handlesOf(backend: HeapStateBackend, namespaced: boolean, ttl: StateTtl | undefined) {
  const options = ttl === undefined ? {} : { ttl }
  return {
    backend,
    value: backend.keyedState('value', valueState<Value>(options), { namespaced }),
    list: backend.keyedState('list', listState<Value>(options), { namespaced }),
    map: backend.keyedState('map', mapState<(typeof MAP_KEYS)[number], Value>(options), {
      namespaced,
    }),
    sum: backend.keyedState('sum', reducingState(sum, options), { namespaced }),
    mean: backend.keyedState('mean', aggregatingState(mean, options), { namespaced }),
  }
}

const NAMES = ['value', 'list', 'map', 'sum', 'mean'] as const

function check(
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
  namespaced: boolean,
  { ttl, model: modelOptions }: { readonly ttl?: StateTtl; readonly model: ModelOptions },
): void {
  const clock = new HandClock()
  const start = (
    parallelism: number,
    restored = backends.map(({ backend }) => backend.snapshot()),
  ) =>
    backendsOf(parallelism, { clock, restored }).map((backend) =>
      handlesOf(backend, namespaced, ttl),
    )
  let backends: ReturnType<typeof handlesOf>[] = []
  backends = start(1, [])
  const models = Object.fromEntries(
    NAMES.map((name) => [name, new ModelState(modelOptions)]),
  ) as Record<(typeof NAMES)[number], ModelState>
  for (const model of Object.values(models)) model.now = clock.time

  for (const each of steps) {
    if ('waitMs' in each) {
      clock.time += each.waitMs
      for (const model of Object.values(models)) model.now = clock.time
      continue
    }
    if ('parallelism' in each) {
      backends = start(each.parallelism)
      for (const model of Object.values(models)) model.restart()
      continue
    }
    const { key, namespace } = each
    const handles = backends[subtaskOf(key, backends.length)]!
    at(handles.backend, key)
    handles.backend.setNamespace(namespace)
    const place = placeOf(key, namespaced ? namespace : undefined)
    const [got, expected] = both(each.call, handles, { models, place })
    assert.equal(got, expected, `${each.call.do} at ${place}`)
  }

  // What is left, in all subtasks together, is what the model has; every subtask has only keys of its own.
  for (const model of Object.values(models)) model.restart()
  const left = new Set<string>()
  backends.forEach(({ backend }, index) => {
    for (const { state, key, namespace } of backend.entries()) {
      assert.is(subtaskOf(key, backends.length), index)
      left.add(`${state} ${placeOf(key, namespace)}`)
    }
    assert.is(backend.isEmpty, backend.size === 0)
  })
  const expected = NAMES.flatMap((name) =>
    [...models[name].things.keys()].map((place) => `${name} ${place}`),
  )
  assert.equal([...left].sort(), expected.sort())
}

function placeOf(key: unknown, namespace: unknown): string {
  const text = (part: unknown): string =>
    JSON.stringify(part, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each))
  return `${text(key)} ${text(namespace)}`
}

type Call = typeof call extends fc.Arbitrary<infer C> ? C : never

/** Makes a call on the state and on the model. */
function both(
  made: Call,
  { value, list, map, sum: summed, mean: averaged }: ReturnType<typeof handlesOf>,
  {
    models,
    place,
  }: { readonly models: Record<(typeof NAMES)[number], ModelState>; readonly place: string },
): [got: unknown, expected: unknown] {
  const only = (things: readonly { value: unknown }[]): unknown => things[0]?.value
  const sorted = (items: Iterable<unknown>): string[] =>
    Array.from(items, (item) => JSON.stringify(item)).sort()
  switch (made.do) {
    case 'value.get':
      return [value.get(), only(models.value.read(place))]
    case 'value.set':
      return [value.set(made.value), models.value.write(place, '', made.value)]
    case 'value.clear':
      return [value.clear(), void models.value.delete(place)]
    case 'list.get':
      return [[...list.get()], models.list.read(place).map((thing) => thing.value)]
    case 'list.add':
      return [list.add(made.value), models.list.append(place, '', made.value)]
    case 'list.addAll':
      return [
        list.addAll(made.values),
        made.values.forEach((each) => models.list.append(place, '', each)),
      ]
    case 'list.set':
      models.list.delete(place)
      return [
        list.set(made.values),
        made.values.forEach((each) => models.list.append(place, '', each)),
      ]
    case 'list.clear':
      return [list.clear(), void models.list.delete(place)]
    case 'map.set':
      return [
        map.set(made.mapKey, made.value),
        models.map.write(place, JSON.stringify(made.mapKey), made.value),
      ]
    case 'map.get':
      return [map.get(made.mapKey), only(models.map.read(place, JSON.stringify(made.mapKey)))]
    case 'map.has':
      return [map.has(made.mapKey), models.map.read(place, JSON.stringify(made.mapKey)).length > 0]
    case 'map.delete':
      return [map.delete(made.mapKey), models.map.delete(place, JSON.stringify(made.mapKey))]
    case 'map.entries':
      return [
        sorted(map.entries()),
        models.map
          .read(place)
          .map((thing) => `[${thing.id},${JSON.stringify(thing.value)}]`)
          .sort(),
      ]
    case 'map.keys':
      return [
        sorted(map.keys()),
        models.map
          .read(place)
          .map((thing) => thing.id)
          .sort(),
      ]
    case 'map.values':
      return [sorted(map.values()), sorted(models.map.read(place).map((thing) => thing.value))]
    case 'map.size':
      return [map.size, models.map.count(place)]
    case 'map.clear':
      return [map.clear(), void models.map.delete(place)]
    case 'sum.get':
      return [summed.get(), only(models.sum.read(place))]
    case 'sum.add': {
      const before = only(models.sum.read(place)) as number | undefined
      return [summed.add(made.number), models.sum.write(place, '', (before ?? 0) + made.number)]
    }
    case 'sum.clear':
      return [summed.clear(), void models.sum.delete(place)]
    case 'mean.get': {
      const acc = only(models.mean.read(place)) as readonly number[] | undefined
      return [averaged.get(), acc === undefined ? undefined : acc.reduce(sum, 0) / acc.length]
    }
    case 'mean.add': {
      const before = (only(models.mean.read(place)) ?? []) as readonly number[]
      return [averaged.add(made.number), models.mean.write(place, '', [...before, made.number])]
    }
    case 'mean.clear':
      return [averaged.clear(), void models.mean.delete(place)]
  }
}

const FOREVER: ModelOptions = { ttlMs: Infinity, onRead: false, returnsExpired: false }

for (const namespaced of [false, true]) {
  const where = namespaced ? 'per key and namespace' : 'per key'
  test(`every kind of state ${where} is what the model is, at any parallelism`, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), (steps) => {
        check(steps, namespaced, { model: FOREVER })
      }),
      { numRuns: 150 },
    )
  })
  for (const update of ['createAndWrite', 'readAndWrite'] as const) {
    for (const visibility of ['neverReturnExpired', 'returnExpiredIfNotCleanedUp'] as const) {
      test(`with a ttl, ${update} and ${visibility}, ${where} as well`, () => {
        const returnsExpired = visibility === 'returnExpiredIfNotCleanedUp'
        const model = { ttlMs: TTL, onRead: update === 'readAndWrite', returnsExpired }
        fc.assert(
          fc.property(
            fc.array(step, { minLength: 5, maxLength: 120 }),
            // Whether clean-up has come by can be seen only where expired entries can be.
            returnsExpired ? fc.constant(0) : fc.nat(7),
            (steps, cleanupPerAccess) => {
              const ttl = { ttlMs: TTL, update, visibility, cleanupPerAccess }
              check(steps, namespaced, { ttl, model })
            },
          ),
          { numRuns: 100 },
        )
      })
    }
  }
}

test.run()
