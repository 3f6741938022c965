import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  aggregatingState,
  broadcastState,
  listState,
  mapState,
  reducingState,
  splitListState,
  unionListState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import type { StateOf } from '../../../checkpoint/state/state-descriptors.ts'
import type {
  AggregatingState,
  BroadcastState,
  InitializedValueState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../../../checkpoint/state/states.ts'
import { backendOf, errorOf } from './state-rig.ts'

/** True only where both types are the same to the compiler. */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the handle of a descriptor has exactly the type `H`. */
function hasHandle<H>() {
  return <D>(_descriptor: D, _proof: Equal<StateOf<D>, H>): void => {}
}

const average = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (acc: { sum: number; count: number }, order: { price: number }) => ({
    sum: acc.sum + order.price,
    count: acc.count + 1,
  }),
  getResult: ({ sum, count }: { sum: number; count: number }) => sum / count,
  merge: (a: { sum: number; count: number }) => a,
}

test('the handle of a declared state has its type', () => {
  const proof: Equal<StateOf<ReturnType<typeof valueState<number>>>, ValueState<number>> = true
  assert.ok(proof)
  hasHandle<ValueState<number>>()(valueState<number>(), true)
  hasHandle<ValueState<number>>()(valueState<number>({ ttl: { ttlMs: 1 } }), true)
  hasHandle<InitializedValueState<number>>()(valueState({ initial: () => 0 }), true)
  hasHandle<ListState<string>>()(listState<string>(), true)
  hasHandle<MapState<string, number>>()(mapState<string, number>(), true)
  hasHandle<ReducingState<number>>()(
    reducingState((a: number, b: number) => a + b),
    true,
  )
  hasHandle<AggregatingState<{ price: number }, number>>()(aggregatingState(average), true)
  hasHandle<ListState<string>>()(splitListState<string>(), true)
  hasHandle<ListState<string>>()(unionListState<string>(), true)
  hasHandle<BroadcastState<string, number>>()(broadcastState<string, number>(), true)
})

test('the backend returns the handle with its type', () => {
  const backend = backendOf()
  backend.setCurrentKey('key')
  const count = backend.keyedState('count', valueState({ initial: () => 0 }))
  const next: number = count.get() + 1
  count.set(next)
  assert.is(count.get(), 1)
  const names = backend.operatorState('names', splitListState<string>())
  const proof: Equal<typeof names, ListState<string>> = true
  assert.ok(proof)
  // @ts-expect-error a count is a number
  count.set('one')
  // @ts-expect-error without `initial` the value may be missing
  const missing: number = backend.keyedState('other', valueState<number>()).get()
  assert.is(missing, undefined)
  // @ts-expect-error migrate returns what is stored
  valueState<number>({ migrate: String })
})

test('descriptors cannot be changed', () => {
  const descriptor = valueState<number>({ version: 2 })
  assert.throws(() => Object.assign(descriptor, { version: 3 }), TypeError)
})

const wrong: readonly [what: string, declare: () => unknown, message: string][] = [
  [
    'options that are not an object',
    () => valueState(5 as never),
    'valueState: expected an object as options, got 5',
  ],
  [
    'an unknown option',
    () => listState({ initial: () => [] } as never),
    'listState: there is no option initial; expected name, version, migrate, ttl',
  ],
  [
    'an empty name',
    () => mapState({ name: '' }),
    'mapState: expected a string of at least one character as name, got ""',
  ],
  [
    'version 0',
    () => valueState({ version: 0 }),
    'valueState: expected a whole number from 1 as version, got 0',
  ],
  [
    'a broken version',
    () => splitListState({ version: 1.5 }),
    'splitListState: expected a whole number from 1 as version, got 1.5',
  ],
  [
    'migrate that is no function',
    () => broadcastState({ migrate: {} as never }),
    'broadcastState: expected a function (stored, version) => value as migrate, got an object',
  ],
  [
    'initial that is no function',
    () => valueState({ initial: 0 as never }),
    'valueState: expected a function that returns the value as initial, got 0',
  ],
  [
    'a ttl that is a number',
    () => valueState({ ttl: 5000 as never }),
    'valueState: expected an object such as { ttlMs: 60_000 } as ttl, got 5000',
  ],
  [
    'an unknown option of a ttl',
    () => valueState({ ttl: { ttlMS: 1 } as never }),
    'valueState: there is no option ttl.ttlMS; expected ttlMs, update, visibility, cleanupPerAccess',
  ],
  ...[0, -1, Infinity, NaN].map((ttlMs): [string, () => unknown, string] => [
    `a ttl of ${ttlMs}`,
    () => mapState({ ttl: { ttlMs } }),
    `mapState: expected a finite number of milliseconds above 0 as ttl.ttlMs, got ${ttlMs}`,
  ]),
  [
    'an unknown update',
    () => listState({ ttl: { ttlMs: 1, update: 'never' as never } }),
    `listState: expected 'createAndWrite' or 'readAndWrite' as ttl.update, got "never"`,
  ],
  [
    'an unknown visibility',
    () => listState({ ttl: { ttlMs: 1, visibility: true as never } }),
    `listState: expected 'neverReturnExpired' or 'returnExpiredIfNotCleanedUp' as ttl.visibility, got true`,
  ],
  [
    'a negative clean-up',
    () => listState({ ttl: { ttlMs: 1, cleanupPerAccess: -1 } }),
    'listState: expected a whole number from 0 as ttl.cleanupPerAccess, got -1',
  ],
  [
    'a ttl of operator state',
    () => unionListState({ ttl: { ttlMs: 1 } } as never),
    'unionListState: there is no option ttl; expected name, version, migrate',
  ],
  [
    'reduce that is no function',
    () => reducingState(undefined as never),
    'reducingState: expected a function (a, b) => combined as reduce, got undefined',
  ],
  [
    'reduce that is async',
    () => reducingState((async (n: number) => n) as never),
    'reducingState: expected a function (a, b) => combined as reduce, got an async function, for which nobody waits',
  ],
  [
    'initial that is async',
    () => valueState({ initial: async () => 0 }),
    'valueState: expected a function that returns the value as initial, got an async function, for which nobody waits',
  ],
  [
    'an aggregate whose add is async',
    () => aggregatingState({ ...average, add: (async () => 0) as never }),
    'aggregatingState: expected a function as aggregate.add, got an async function, for which nobody waits',
  ],
  [
    'an aggregate that is a function',
    () => aggregatingState((() => 0) as never),
    'aggregatingState: expected an aggregate function as aggregate, got a function',
  ],
  [
    'an aggregate without getResult',
    () => aggregatingState({ ...average, getResult: undefined } as never),
    'aggregatingState: expected a function as aggregate.getResult, got undefined',
  ],
]
for (const [what, declare, message] of wrong) {
  test(`${what} is refused`, () => {
    assert.equal(errorOf(declare), { code: 'INVALID_STATE', message, cause: undefined })
  })
}

test.run()
