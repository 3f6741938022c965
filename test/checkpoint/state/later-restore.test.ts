/**
 * State that is restored bit by bit while it is used shows what state shows that was restored at once: the same calls on both, with
 * pieces of the rest, cuts, increments, other versions and restores at another parallelism in between.
 */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { listState, mapState, valueState } from '../../../checkpoint/state/declare-state.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { SnapshotCut } from '../../../checkpoint/state/snapshot-cut.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { StateTtl } from '../../../checkpoint/state/ttl.ts'
import { at, backendsOf, errorOf, HandClock, ListPart, subtaskOf } from './state-rig.ts'

/** Some of them make their list one that must be read at once, which has few others then. */
const KEYS: readonly unknown[] = [
  ...Array.from({ length: 12 }, (_, id) => `customer ${id}`),
  ...Array.from({ length: 6 }, (_, id) => id * 40 - 20),
  ...'ä,größer,\ud800'.split(','),
  0.5,
  -0,
  true,
  null,
  3n,
  // These three have the same hash in the index.
  0,
  0n,
  '',
  2n ** 70n,
  [1, 'a'],
  ...[-1, 0, 1].map((id) => [id, 5]),
  { a: new Date(0) },
]
const SPACES = [0, 1, 'session']
const KINDS = ['value', 'list', 'map', 'aging', 'seen', 'spaced'] as const
const TTL = 100

type Kind = (typeof KINDS)[number]
type Call = {
  readonly kind: Kind
  readonly key: number
  readonly space: number
  readonly what: 'get' | 'put' | 'change' | 'clear'
}
type Step =
  | Call
  | { readonly waitMs: number }
  | { readonly pieces: number }
  | { readonly begin: 'whole' | 'increment' }
  | { readonly pack: number }
  | { readonly end: 'go on' | 'give up' }
  | { readonly restore: number; readonly newVersion: boolean }

const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom(...KINDS),
  key: fc.nat(KEYS.length - 1),
  space: fc.nat(SPACES.length - 1),
  what: fc.constantFrom('get', 'get', 'put', 'change', 'clear'),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: call },
  { weight: 2, arbitrary: fc.record({ waitMs: fc.constantFrom(1, 40, TTL) }) },
  { weight: 3, arbitrary: fc.record({ pieces: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ begin: fc.constantFrom('whole' as const, 'increment' as const) }),
  },
  { weight: 3, arbitrary: fc.record({ pack: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ end: fc.constantFrom('go on' as const, 'give up' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ restore: fc.integer({ min: 1, max: 3 }), newVersion: fc.boolean() }),
  },
)

/** A value whose objects a reader changes. */
type Value = { n: number; text?: string }

function handlesOf(backend: HeapStateBackend, version: number) {
  const ttl: StateTtl = { ttlMs: TTL, cleanupPerAccess: 1 }
  const shown: StateTtl = {
    ttlMs: TTL,
    cleanupPerAccess: 0,
    visibility: 'returnExpiredIfNotCleanedUp',
  }
  const migrate = (stored: unknown) => stored as Value
  return {
    value: backend.keyedState('value', valueState<Value>({ version, migrate })),
    list: backend.keyedState('list', listState<Value>()),
    map: backend.keyedState('map', mapState<string, Value>()),
    aging: backend.keyedState('aging', valueState<Value>({ ttl })),
    seen: backend.keyedState('seen', listState<Value>({ ttl: shown })),
    spaced: backend.keyedState('spaced', valueState<Value>(), { namespaced: true }),
  }
}

interface Cuts {
  readonly since: number | undefined
  readonly all: readonly SnapshotCut[]
}

/** The subtasks of an operator. */
class Subtasks {
  readonly #clock: HandClock
  readonly #atOnce: boolean
  #version = 1
  #backends: readonly HeapStateBackend[] = []
  #handles: readonly ReturnType<typeof handlesOf>[] = []
  #cuts: Cuts | undefined
  /** On which an increment can build. */
  #base: readonly OperatorSnapshot[] | undefined
  #last: readonly OperatorSnapshot[] = []

  constructor(clock: HandClock, atOnce: boolean) {
    this.#clock = clock
    this.#atOnce = atOnce
    this.#start(2)
  }

  /** How many have something that is still to be restored. */
  get restoring(): number {
    return this.#backends.filter(({ restoring }) => restoring).length
  }

  /** What the call shows. */
  call({ kind, key: number, space, what }: Call, n: number): unknown {
    const key = KEYS[number]
    const index = subtaskOf(key, this.#backends.length)
    const backend = this.#backends[index]!
    const handles = this.#handles[index]!
    at(backend, key)
    backend.setNamespace(SPACES[space]!)
    const value: Value = n % 2 === 0 ? { n } : { n, text: `a text of some length ${n}` }
    if (what === 'clear') {
      handles[kind].clear()
      return undefined
    }
    if (kind === 'list' || kind === 'seen') {
      if (what === 'put') handles[kind].add(value)
      if (what === 'change') handles[kind].set([value])
      return structuredClone(handles[kind].get())
    }
    if (kind === 'map') {
      if (what === 'put') handles.map.set(`field ${n % 3}`, value)
      if (what === 'change') for (const each of handles.map.values()) each.n += n
      return structuredClone([...handles.map.entries()])
    }
    if (what === 'put') handles[kind].set(value)
    const found = handles[kind].get()
    if (what === 'change' && found !== undefined) found.n += n
    return structuredClone(found)
  }

  goOn(pieces: number): void {
    for (let i = 0; i < pieces; i++) for (const backend of this.#backends) backend.restoreStep()
  }

  begin(isIncrement: boolean): void {
    const since = isIncrement && this.#base !== undefined ? this.#number : undefined
    const all = this.#backends.map((backend) => backend.cut({ since, isBase: true }))
    this.#cuts = { since, all }
  }

  pack(entries: number): void {
    for (const cut of this.#cuts?.all ?? []) cut.step(entries)
  }

  /** Everything that the cuts have, as it would be restored at another parallelism. */
  end(): unknown {
    const cuts = this.#cuts
    if (cuts === undefined) return undefined
    this.#cuts = undefined
    this.#last = cuts.all.map((cut, index) => {
      const snapshot = cut.finish()
      const base = cut.isIncrement ? this.#base?.[index] : undefined
      return base === undefined ? snapshot : { ...snapshot, base }
    })
    this.#base = this.#last
    this.#number = cuts.all[0]!.number
    return contents(this.#last, this.#clock, this.#version)
  }

  giveUp(): void {
    for (const cut of this.#cuts?.all ?? []) cut.giveUp()
    // A cut with everything makes the states forget what has changed since earlier ones.
    if (this.#cuts !== undefined && this.#cuts.since === undefined) this.#base = undefined
    this.#cuts = undefined
  }

  restore(parallelism: number, newVersion: boolean): void {
    this.begin(true)
    this.end()
    if (newVersion) this.#version++
    this.#base = undefined
    this.#start(parallelism)
  }

  #number = 0

  #start(parallelism: number): void {
    this.#backends = backendsOf(parallelism, { clock: this.#clock, restored: this.#last })
    this.#handles = this.#backends.map((backend) => handlesOf(backend, this.#version))
    if (this.#atOnce)
      for (const backend of this.#backends) while (backend.restoring) backend.restoreStep()
  }
}

function contents(
  restored: readonly OperatorSnapshot[],
  clock: HandClock,
  version: number,
): readonly string[] {
  const texts = backendsOf(3, { clock, restored }).flatMap((backend) => {
    handlesOf(backend, version)
    return Array.from(backend.entries(), (entry) =>
      JSON.stringify(entry, (_name, each: unknown) => {
        if (each instanceof Map) return Object.fromEntries(each as Map<string, unknown>)
        return typeof each === 'bigint' ? String(each) : each
      }),
    )
  })
  return texts.sort()
}

test('it shows the same, and its snapshots have the same', () => {
  let used = 0
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 30, maxLength: 80 }),
      fc.array(step, { minLength: 40, maxLength: 150 }),
      (first, steps) => {
        const clock = new HandClock()
        const later = new Subtasks(clock, false)
        const atOnce = new Subtasks(clock, true)
        const both = [later, atOnce]
        let n = 0
        const all: Step[] = [
          ...first.map((each): Step => ({ ...each, what: 'put' })),
          { begin: 'whole' },
          { end: 'go on' },
          ...first.slice(0, 10).map((each): Step => ({ ...each, what: 'clear' })),
          { restore: 2, newVersion: false },
          ...steps,
          { begin: 'increment' },
          { end: 'go on' },
        ]
        for (const each of all) {
          if ('kind' in each) {
            n++
            if (later.restoring > 0) used++
            assert.equal(later.call(each, n), atOnce.call(each, n))
          } else if ('waitMs' in each) clock.time += each.waitMs
          else if ('pieces' in each) later.goOn(each.pieces)
          else if ('begin' in each) for (const one of both) one.begin(each.begin === 'increment')
          else if ('pack' in each) for (const one of both) one.pack(each.pack)
          else if ('restore' in each)
            for (const one of both) one.restore(each.restore, each.newVersion)
          else if (each.end === 'give up') for (const one of both) one.giveUp()
          else assert.equal(later.end(), atOnce.end())
        }
      },
    ),
    { numRuns: 150 },
  )
  // What never happens is not tested.
  assert.ok(used > 1_000, `${used} calls while something was still to be restored`)
})

/** The snapshot of one subtask with so many keys. */
function snapshotOf(count: number): OperatorSnapshot {
  const [backend] = backendsOf(1)
  const state = backend!.keyedState('value', valueState<string>())
  for (let i = 0; i < count; i++) {
    at(backend!, `key ${i}`)
    state.set(`value ${i}`)
  }
  return backend!.snapshot()
}

test('a key is restored when it is needed, and the rest in pieces until nothing is left', () => {
  const [backend] = backendsOf(1, { restored: [snapshotOf(5_000)] })
  const state = backend!.keyedState('value', valueState<string>())
  at(backend!, 'key 77')
  assert.is(state.get(), 'value 77')
  state.set('another')
  at(backend!, 'key 78')
  state.clear()
  at(backend!, 'no key')
  assert.is(state.get(), undefined)
  assert.ok(backend!.restoring)
  let pieces = 0
  for (; backend!.restoring; pieces++) assert.ok(backend!.restoreStep() <= 1_024)
  assert.ok(pieces > 10)
  assert.is(backend!.size, 4_999)
  at(backend!, 'key 77')
  assert.is(state.get(), 'another')
  at(backend!, 'key 78')
  assert.is(state.get(), undefined)
})

test('nothing is restored at the cut, and what was restored is in the snapshot once', () => {
  const [backend] = backendsOf(1, { restored: [snapshotOf(5_000)] })
  const state = backend!.keyedState('value', valueState<string>())
  const cut = backend!.cut()
  at(backend!, 'key 5')
  state.set('after the cut')
  cut.step(1)
  assert.ok(backend!.restoring)
  const snapshot = cut.finish()
  const entries = snapshot.groups.reduce((sum, group) => sum + group.entries, 0)
  assert.is(entries, 5_000)
  const [next] = backendsOf(1, { restored: [snapshot] })
  const restored = next!.keyedState('value', valueState<string>())
  at(next!, 'key 5')
  assert.is(restored.get(), 'value 5')
})

test('a part of an operator, and a state with migrate, have all at once', () => {
  const [backend] = backendsOf(1)
  const part = new ListPart('part')
  for (let i = 0; i < 3_000; i++) part.payloads.push([i, [i]])
  backend!.registerKeyed(part)
  const state = backend!.keyedState('value', valueState<number>())
  const other = backend!.keyedState('other', valueState<number>())
  for (let i = 0; i < 3_000; i++) {
    at(backend!, i)
    state.set(i)
    other.set(i)
  }
  const [next] = backendsOf(1, { restored: [backend!.snapshot()] })
  const restored = new ListPart('part')
  next!.registerKeyed(restored)
  assert.is(restored.payloads.length, 3_000)
  assert.ok(next!.restoring)
  const seen: unknown[] = []
  const migrate = (stored: unknown): number => {
    seen.push(stored)
    return 1
  }
  next!.keyedState('value', valueState<number>({ version: 2, migrate }))
  assert.is(seen.length, 3_000)
  const { code } = errorOf(() => next!.keyedState('other', valueState({ version: 2 })))
  assert.is(code, 'INCOMPATIBLE_STATE')
})

test('many values of one key, each in a namespace of its own', () => {
  const [backend] = backendsOf(1)
  const state = backend!.keyedState('spaced', valueState<number>(), { namespaced: true })
  at(backend!, 'one key')
  for (let space = 0; space < 20_000; space++) {
    backend!.setNamespace(space)
    state.set(space)
  }
  const [next] = backendsOf(1, { restored: [backend!.snapshot()] })
  const restored = next!.keyedState('spaced', valueState<number>(), { namespaced: true })
  at(next!, 'one key')
  for (let space = 0; space < 21_000; space++) {
    next!.setNamespace(space)
    assert.is(restored.get(), space < 20_000 ? space : undefined)
  }
})

test.run()
