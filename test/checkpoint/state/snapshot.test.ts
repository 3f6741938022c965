import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  broadcastState,
  listState,
  mapState,
  splitListState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import {
  at,
  backendOf,
  backendsOf,
  errorOf,
  ItemsPart,
  ListPart,
  MAX_PARALLELISM,
  subtaskOf,
} from './state-rig.ts'

/** The snapshot of a value under one key. */
function snapshotOf(value: unknown, key: unknown = 'a'): OperatorSnapshot {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<unknown>())
  at(backend, key)
  state.set(value)
  return backend.snapshot()
}

test('later changes do not show in a snapshot', () => {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<{ n: number[] }>())
  const list = backend.keyedState('list', listState<{ n: number }>())
  at(backend, 'a')
  const value = { n: [1] }
  const element = { n: 1 }
  state.set(value)
  list.add(element)
  const snapshot = backend.snapshot()
  value.n.push(2)
  element.n = 2
  list.add(element)

  const restored = backendOf({ restored: [snapshot] })
  const again = restored.keyedState('last', valueState<{ n: number[] }>())
  const listAgain = restored.keyedState('list', listState<{ n: number }>())
  at(restored, 'a')
  assert.equal(again.get(), { n: [1] })
  assert.equal(listAgain.get(), [{ n: 1 }])
  again.get()?.n.push(3)
  const twice = backendOf({ restored: [snapshot] })
  at(twice, 'a')
  assert.equal(twice.keyedState('last', valueState()).get(), { n: [1] })
})

test('a snapshot has only key groups that hold something, ascending', () => {
  const backend = backendOf()
  assert.equal(backend.snapshot(), {
    format: 2,
    uid: 'counts-uid',
    maxParallelism: MAX_PARALLELISM,
    keyed: [],
    groups: [],
    operator: [],
  })
  const state = backend.keyedState('last', valueState<number>())
  for (let key = 0; key < 10; key++) {
    at(backend, key)
    state.set(key)
  }
  const groups = backend.snapshot().groups.map(({ keyGroup }) => keyGroup)
  assert.ok(groups.length > 1)
  assert.equal(
    groups,
    [...new Set(groups)].sort((a, b) => a - b),
  )
})

test('a value that is not plain data is named with operator, state, key and path', () => {
  const cases: [fill: (backend: ReturnType<typeof backendOf>) => void, message: string][] = [
    [
      (backend) => {
        backend.keyedState('last', valueState<unknown>()).set({ tags: [1, () => 1] })
      },
      `operator 'counts', state 'last', key ["a",2]: only plain data can be kept in state, got a function at value.tags[1]`,
    ],
    [
      (backend) => {
        backend
          .keyedState('last', valueState<unknown>(), { namespaced: true })
          .set({ f: Symbol('x') })
      },
      `operator 'counts', state 'last', key ["a",2]: only plain data can be kept in state, got a symbol (Symbol(x)) at value.f`,
    ],
    [
      (backend) => {
        backend.keyedState('list', listState<unknown>()).addAll([1, Promise.resolve()])
      },
      `operator 'counts', state 'list', key ["a",2]: only plain data can be kept in state, got a Promise at value[1]`,
    ],
    [
      (backend) => {
        const parent: { child?: unknown } = {}
        parent.child = [{ parent }]
        backend.keyedState('list', listState<unknown>()).addAll([1, parent])
      },
      `operator 'counts', state 'list', key ["a",2]: only plain data can be kept in state, got a cycle back to value[1] at value[1].child[0].parent`,
    ],
    [
      (backend) => {
        const own: { self?: unknown } = {}
        own.self = own
        backend.operatorState('rules', broadcastState<string, unknown>()).set('x', { own })
      },
      `operator 'counts', state 'rules', item 0: only plain data can be kept in state, got a cycle back to value.own at value.own.self`,
    ],
    [
      (backend) => {
        const part = new ListPart('timers')
        const payload: unknown[] = []
        payload.push(payload)
        part.payloads.push(['a', payload])
        backend.registerKeyed(part)
      },
      `operator 'counts', state 'timers', key "a": only plain data can be kept in state, got a cycle back to payload at payload[0]`,
    ],
    [
      (backend) => {
        backend.operatorState('names', splitListState<unknown>()).addAll([1, { f: () => 1 }])
      },
      `operator 'counts', state 'names', item 1: only plain data can be kept in state, got a function (f) at value.f`,
    ],
    [
      (backend) => {
        backend.operatorState('rules', broadcastState<string, unknown>()).set('x', { f: () => 1 })
      },
      `operator 'counts', state 'rules', item 0: only plain data can be kept in state, got a function (f) at value.f`,
    ],
    [
      (backend) => {
        const part = new ListPart('timers')
        part.payloads.push(['a', { f: () => 1 }])
        backend.registerKeyed(part)
      },
      `operator 'counts', state 'timers', key "a": only plain data can be kept in state, got a function (f) at payload.f`,
    ],
  ]
  for (const [fill, message] of cases) {
    const backend = backendOf()
    at(backend, ['a', 2])
    backend.setNamespace(1)
    fill(backend)
    const { code, message: got } = errorOf(() => backend.snapshot())
    assert.is(code, 'UNSENDABLE_VALUE')
    assert.is(got, message)
  }
})

test('what is restored and not declared goes into the next snapshots, at any parallelism', () => {
  const first = backendsOf(2)
  const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`)
  const fill = first.map((backend) => ({
    backend,
    last: backend.keyedState('last', valueState<string>()),
    map: backend.keyedState('map', mapState<string, string>(), { namespaced: true }),
    names: backend.operatorState('names', splitListState<number>()),
    rules: backend.operatorState('rules', broadcastState<string, number>()),
  }))
  first.forEach((backend, index) => {
    backend.registerOperator(new ItemsPart('union', 'union', [index]))
  })
  for (const { names, rules } of fill) {
    names.addAll([1, 2, 3])
    rules.set('x', 1)
  }
  for (const key of keys) {
    const { backend, last, map } = fill[subtaskOf(key, 2)]!
    at(backend, key)
    backend.setNamespace('n')
    last.set(key)
    map.set('of', key)
  }

  let snapshots = first.map((backend) => backend.snapshot())
  for (const parallelism of [3, 1, 4, 4, 2]) {
    const backends = backendsOf(parallelism, { restored: snapshots })
    for (const backend of backends) assert.ok(backend.isEmpty)
    snapshots = backends.map((backend) => backend.snapshot())
    // One of each state, not one per subtask that it went through.
    for (const { keyed } of snapshots) {
      assert.equal(keyed.map(({ name }) => name).sort(), ['last', 'map'])
    }
  }

  const last = backendsOf(3, { restored: snapshots })
  const seen: unknown[] = []
  const items: unknown[] = []
  for (const backend of last) {
    backend.keyedState('last', valueState<string>())
    backend.keyedState('map', mapState<string, string>(), { namespaced: true })
    const rules = backend.operatorState('rules', broadcastState<string, number>())
    assert.equal([...rules.entries()], [['x', 1]])
    items.push(...backend.operatorState('names', splitListState<number>()).get())
    const union = new ItemsPart('union', 'union')
    backend.registerOperator(union)
    assert.equal(union.items, [0, 1])
    for (const { state, key, value } of backend.entries())
      if (key !== undefined)
        seen.push(state === 'last' ? [key, value] : [key, ...(value as Map<string, string>)])
  }
  assert.equal(items, [1, 2, 3, 1, 2, 3])
  const expected = keys.flatMap((key) => [
    [key, key],
    [key, ['of', key]],
  ])
  const byText = (a: unknown, b: unknown): number =>
    JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
  assert.equal(seen.sort(byText), expected.sort(byText))
})

test('what was never written is not restored: a part without anything is not called', () => {
  const restored = [snapshotOf(1)]
  const backend = backendOf({ restored })
  const items = new ItemsPart('in flight', 'split', ['own'])
  backend.registerOperator(items)
  assert.is(items.restores, 0)
  assert.equal(items.items, ['own'])
})

test('payloads of a part come back in the order in which they were written', () => {
  const backend = backendOf()
  const part = new ListPart('buffer')
  for (let i = 0; i < 50; i++) part.payloads.push([i % 2 === 0 ? 'a' : 'b', { i }])
  backend.registerKeyed(part)
  const again = new ListPart('buffer', 'list part', 3)
  backendOf({ restored: [backend.snapshot()] }).registerKeyed(again)
  for (const key of ['a', 'b']) {
    const of = (all: ListPart): unknown[] => all.payloads.filter(([each]) => each === key)
    assert.equal(of(again), of(part))
  }
  assert.equal([...again.versions], [1])
})

test('a snapshot of another max parallelism, uid or format is refused', () => {
  const [snapshot] = [snapshotOf(1)]
  const refused = (what: string) => ({
    code: 'INCOMPATIBLE_STATE',
    message: `operator 'counts': cannot restore its snapshot: ${what}`,
    cause: undefined,
  })
  assert.equal(
    errorOf(() => backendOf({ restored: [snapshot], maxParallelism: 32 })),
    refused(
      'it was written with a max parallelism of 16, the operator has 32; the max parallelism of stored state cannot be changed',
    ),
  )
  assert.equal(
    errorOf(() => backendOf({ restored: [{ ...snapshot, uid: 'other' }] })),
    refused("expected that of uid 'counts-uid', got that of 'other'"),
  )
  assert.equal(
    errorOf(() => backendOf({ restored: [{ ...snapshot, format: 4 }] })),
    refused('expected a format from 1 to 3, got 4'),
  )
})

test('damaged bytes of a key group are named', () => {
  const snapshot = snapshotOf('some text')
  const [group] = snapshot.groups
  const { keyGroup } = group!
  const broken: [bytes: Uint8Array, entries: number][] = [
    [group!.bytes.slice(0, -3), 1],
    [group!.bytes, 2],
    [new Uint8Array(0), 1],
    [Uint8Array.of(0, 0x93, 9, 0xa1, 0x61, 0x90), 1],
  ]
  for (const [bytes, entries] of broken) {
    const groups = [{ keyGroup, bytes, entries }]
    const { code, message } = errorOf(() => backendOf({ restored: [{ ...snapshot, groups }] }))
    assert.is(code, 'DAMAGED_SNAPSHOT')
    assert.match(
      message,
      `operator 'counts', key group ${keyGroup}: the snapshot is damaged: expected`,
    )
  }
})

test('fields that are not those of a state are named, when they are looked up or their turn comes', () => {
  const payloads = [5, [], ['no list'], [[1], [2, 3]], [[1], ['no time']]]
  const kinds = ['value', 'value', 'list', 'list', 'list']
  payloads.forEach((payload, index) => {
    const backend = backendOf()
    const kind = kinds[index]!
    const part = new ListPart('last', kind)
    part.payloads.push(['a', payload])
    backend.registerKeyed(part)
    const restored = backendOf({ restored: [backend.snapshot()] })
    const state = restored.keyedState(
      'last',
      kind === 'value' ? valueState() : listState({ ttl: { ttlMs: 1e9 } }),
    )
    at(restored, 'a')
    // Also after a user has caught it.
    for (const use of [
      () => state.get(),
      () => state.get(),
      () => restored.restoreStep(),
      () => restored.snapshot(),
    ]) {
      const { code, message } = errorOf(use)
      assert.is(code, 'DAMAGED_SNAPSHOT')
      assert.match(message, "operator 'counts', state 'last': the snapshot is damaged: expected")
    }
  })
})

test('damaged bytes of a state without keys are named', () => {
  const backend = backendOf()
  backend.operatorState('names', splitListState<string>()).add('x')
  const snapshot = backend.snapshot()
  const operator = snapshot.operator.map((state) => ({ ...state, items: 5 }))
  const restored = backendOf({ restored: [{ ...snapshot, operator }] })
  const { code, message } = errorOf(() => restored.operatorState('names', splitListState<string>()))
  assert.is(code, 'DAMAGED_SNAPSHOT')
  assert.match(
    message,
    "operator 'counts', state 'names': the snapshot is damaged: expected a msgpack array of 5",
  )
})

test.run()
