/** What the model cannot see: clean-up, and what passes between states with a ttl and without. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { StateTtl } from '../../../checkpoint/state/ttl.ts'
import { at, backendOf, HandClock } from './state-rig.ts'

/** Shows by reads what has been cleaned up and what has not. */
const VISIBLE = { visibility: 'returnExpiredIfNotCleanedUp' } as const

/** Ten keys with a value each, written one after the other. */
function tenKeys(ttl: StateTtl): {
  readonly clock: HandClock
  readonly backend: HeapStateBackend
  /** How many of the first nine keys still have a value, without looking at the state more than that. */
  readonly left: () => number
  readonly touch: () => void
} {
  const clock = new HandClock()
  const backend = backendOf({ clock })
  const state = backend.keyedState('last', valueState<number>({ ttl }))
  for (let key = 0; key < 10; key++) {
    at(backend, key)
    state.set(key)
  }
  return {
    clock,
    backend,
    left: () => {
      // At the time of writing nothing is expired, so that everything that is there shows.
      const { time } = clock
      clock.time -= 100
      const { size } = backend
      clock.time = time
      return size
    },
    touch: () => {
      at(backend, 'another')
      state.get()
    },
  }
}

test('every access looks at a few entries and drops expired ones', () => {
  const { clock, left, touch } = tenKeys({ ttlMs: 100, cleanupPerAccess: 2 })
  clock.time += 100
  // The writes may have left the walk in the middle, so the first accesses may finish it.
  const counts: number[] = []
  for (let access = 0; access < 14; access++) {
    touch()
    counts.push(left())
  }
  counts.forEach((count, index) => assert.ok(count >= (counts[index - 1] ?? 10) - 2))
  assert.is(counts.at(-1), 0)
})

test('without clean-up per access only reads clean up', () => {
  const { clock, left, touch, backend } = tenKeys({ ttlMs: 100, cleanupPerAccess: 0 })
  clock.time += 100
  for (let access = 0; access < 20; access++) touch()
  assert.is(left(), 10)
  assert.ok(backend.isEmpty, 'what is expired does not show')
  assert.equal(backend.snapshot().groups, [], 'and is not written')
})

test('clean-up goes through lists and maps element by element', () => {
  const clock = new HandClock()
  const backend = backendOf({ clock })
  const ttl: StateTtl = { ttlMs: 100, cleanupPerAccess: 3, ...VISIBLE }
  const list = backend.keyedState('list', listState<number>({ ttl }))
  const map = backend.keyedState('map', mapState<number, number>({ ttl }))
  at(backend, 'a')
  list.addAll([1, 2])
  for (let i = 0; i < 6; i++) map.set(i, i)
  clock.time += 50
  list.add(3)
  map.set(6, 6)
  clock.time += 50
  at(backend, 'b')
  for (let access = 0; access < 4; access++) {
    void map.size
    list.clear()
  }
  at(backend, 'a')
  assert.equal(list.get(), [3])
  assert.is(map.size, 1)
  clock.time += 50
  at(backend, 'b')
  list.clear()
  list.clear()
  void map.size
  void map.size
  clock.time -= 100
  assert.ok(backend.isEmpty)
})

test('a list that was read does not change under the reader when its head expires', () => {
  const clock = new HandClock()
  const backend = backendOf({ clock })
  const list = backend.keyedState('list', listState<number>({ ttl: { ttlMs: 100 } }))
  at(backend, 'a')
  list.add(1)
  clock.time += 60
  list.add(2)
  const read = list.get()
  clock.time += 60
  assert.equal(list.get(), [2])
  assert.equal(read, [1, 2])
})

test('an expired value that is still visible is returned by one read', () => {
  const clock = new HandClock()
  const backend = backendOf({ clock })
  const ttl: StateTtl = { ttlMs: 100, cleanupPerAccess: 0, ...VISIBLE }
  const state = backend.keyedState('last', valueState<number>({ ttl }))
  const sum = backend.keyedState(
    'sum',
    reducingState((a: number, b: number) => a + b, { ttl }),
  )
  at(backend, 'a')
  state.set(1)
  sum.add(1)
  clock.time += 100
  assert.is(state.get(), 1)
  assert.is(state.get(), undefined)
  sum.add(2)
  assert.is(sum.get(), 3)
})

test('a clock that goes back expires nothing', () => {
  const clock = new HandClock()
  const backend = backendOf({ clock })
  const state = backend.keyedState('last', valueState<number>({ ttl: { ttlMs: 100 } }))
  at(backend, 'a')
  state.set(1)
  clock.time -= 1000
  assert.is(state.get(), 1)
})

test('another ttl holds for what is restored, counted from the last refresh', () => {
  const clock = new HandClock()
  const backend = backendOf({ clock })
  at(backend, 'a')
  backend.keyedState('last', valueState<number>({ ttl: { ttlMs: 100 } })).set(1)
  const restored = [backend.snapshot()]
  clock.time += 500
  const read = (ttlMs: number): number | undefined => {
    const again = backendOf({ clock, restored })
    at(again, 'a')
    return again.keyedState('last', valueState<number>({ ttl: { ttlMs } })).get()
  }
  assert.is(read(100), undefined)
  assert.is(read(500), undefined)
  assert.is(read(501), 1)
})

test('a state can get a ttl, which then begins, and lose it', () => {
  const clock = new HandClock()
  const ttl = { ttlMs: 100 }
  const [without, withTtl] = [{}, { ttl }]
  const start = (options: { readonly ttl?: StateTtl }, from?: HeapStateBackend) => {
    const backend = backendOf({ clock, restored: from === undefined ? [] : [from.snapshot()] })
    at(backend, 'a')
    return {
      backend,
      value: backend.keyedState('value', valueState<number>(options)),
      list: backend.keyedState('list', listState<number>(options)),
      map: backend.keyedState('map', mapState<string, number>(options)),
    }
  }
  const first = start(without)
  first.value.set(1)
  first.list.add(1)
  first.map.set('x', 1)
  clock.time += 1000
  const second = start(withTtl, first.backend)
  clock.time += 99
  assert.is(second.backend.size, 3)
  const third = start(without, second.backend)
  clock.time += 1000
  assert.ok(second.backend.isEmpty)
  assert.is(third.value.get(), 1)
  assert.equal(third.list.get(), [1])
  assert.equal([...third.map.entries()], [['x', 1]])
})

test('a map that is cleared while clean-up stands inside it stays cleared in increments', () => {
  const ttl: StateTtl = { ttlMs: 100, cleanupPerAccess: 1 }
  // Clean-up may stand at any of its entries.
  for (let reads = 0; reads < 8; reads++) {
    const clock = new HandClock()
    const backend = backendOf({ clock })
    const map = backend.keyedState('map', mapState<number, number>({ ttl }))
    at(backend, 'a')
    for (const n of [0, 1, 2]) map.set(n, n)
    clock.time += 50
    for (const n of [3, 4]) map.set(n, n)
    const base = backend.cut({ isBase: true }).finish()
    at(backend, 'a')
    for (let read = 0; read < reads; read++) map.get(3)
    clock.time += 60
    map.clear()
    at(backend, 'b')
    for (let read = 0; read < 8; read++) map.get(0)
    const increment = backend.cut({ since: 1 }).finish()
    const next = backendOf({ clock, restored: [{ ...increment, base }] })
    const restored = next.keyedState('map', mapState<number, number>({ ttl }))
    at(next, 'a')
    assert.equal([...restored.entries()], [], `after ${reads} reads`)
  }
})

test.run()
