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
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import { at, backendOf, errorOf, ItemsPart, ListPart } from './state-rig.ts'

const concat = {
  createAccumulator: () => '',
  add: (text: string, more: string) => text + more,
  getResult: (text: string) => text,
  merge: (a: string, b: string) => a + b,
}
const joined = (a: string, b: string): string => `${a}${b}`

/** A backend in which the current key has state of every kind, with values of version 1. */
function filled(): HeapStateBackend {
  const backend = backendOf()
  at(backend, 'a')
  backend.keyedState('value', valueState<number>()).set(1)
  backend.keyedState('list', listState<number>()).addAll([1, 2])
  backend.keyedState('map', mapState<string, number>()).set('x', 1)
  backend
    .keyedState(
      'reducing',
      reducingState((a: number, b: number) => a + b),
    )
    .add(1)
  backend
    .keyedState(
      'aggregating',
      aggregatingState({
        createAccumulator: () => 0,
        add: (acc: number, n: number) => acc + n,
        getResult: (acc: number) => acc,
        merge: (a: number) => a,
      }),
    )
    .add(1)
  backend.operatorState('names', splitListState<number>()).addAll([1, 2])
  backend.operatorState('rules', broadcastState<string, number>()).set('x', 1)
  return backend
}

function restoredFrom(backend: HeapStateBackend): HeapStateBackend {
  const restored = backendOf({ restored: [backend.snapshot()] })
  at(restored, 'a')
  return restored
}

test('migrate turns stored values into the present form, one by one', () => {
  const backend = restoredFrom(filled())
  const options = {
    version: 3,
    migrate: (stored: unknown, version: number) => `${String(stored)} of ${version}`,
  }
  assert.is(backend.keyedState('value', valueState(options)).get(), '1 of 1')
  assert.equal(backend.keyedState('list', listState(options)).get(), ['1 of 1', '2 of 1'])
  const map = backend.keyedState('map', mapState<string, string>(options))
  assert.equal([...map.entries()], [['x', '1 of 1']])
  assert.is(backend.keyedState('reducing', reducingState(joined, options)).get(), '1 of 1')
  assert.is(backend.keyedState('aggregating', aggregatingState(concat, options)).get(), '1 of 1')
  const names = backend.operatorState('names', splitListState(options))
  assert.equal(names.get(), ['1 of 1', '2 of 1'])
  const rules = backend.operatorState('rules', broadcastState<string, string>(options))
  assert.equal([...rules.entries()], [['x', '1 of 1']])

  // The present version is left alone.
  const again = restoredFrom(backend)
  assert.is(again.keyedState('value', valueState(options)).get(), '1 of 1')
})

test('an older version without migrate is refused with both versions', () => {
  const message = (state: string): string =>
    `operator 'counts', state '${state}': it was stored in version 1, the declared version is 2; ` +
    'give the state a migrate function that reads the older one'
  const backend = restoredFrom(filled())
  const { code, message: got } = errorOf(() =>
    backend.keyedState('value', valueState({ version: 2 })),
  )
  assert.is(code, 'INCOMPATIBLE_STATE')
  assert.is(got, message('value'))
  const operator = errorOf(() => backend.operatorState('names', splitListState({ version: 2 })))
  assert.is(operator.code, 'INCOMPATIBLE_STATE')
  assert.is(operator.message, message('names'))
})

test('a version newer than the declared one is refused with both versions, of parts too', () => {
  const first = backendOf()
  at(first, 'a')
  first.keyedState('value', valueState<number>({ version: 5 })).set(1)
  first.registerKeyed(new ListPart('timers', 'timers', 2))
  const backend = restoredFrom(first)
  const newer = (state: string, stored: number): string =>
    `operator 'counts', state '${state}': it was stored in version ${stored}, which is newer than the declared version 1`
  const migrate = (): number => 0
  const { code, message } = errorOf(() => backend.keyedState('value', valueState({ migrate })))
  assert.is(code, 'INCOMPATIBLE_STATE')
  assert.is(message, newer('value', 5))
  const part = errorOf(() => {
    backend.registerKeyed(new ListPart('timers', 'timers', 1))
  })
  assert.is(part.code, 'INCOMPATIBLE_STATE')
  assert.is(part.message, newer('timers', 2))
})

test('a migrate that throws is named, with what it threw', () => {
  const fault = new Error('no such form')
  const options = {
    version: 2,
    migrate: (): never => {
      throw fault
    },
  }
  const backend = restoredFrom(filled())
  const failed = (state: string) => ({
    code: 'INCOMPATIBLE_STATE',
    message: `operator 'counts', state '${state}': migrate failed from version 1 to 2: no such form`,
    cause: fault,
  })
  assert.equal(
    errorOf(() => backend.keyedState('list', listState(options))),
    failed('list'),
  )
  assert.equal(
    errorOf(() => backend.operatorState('rules', broadcastState(options))),
    failed('rules'),
  )
})

test('another kind is refused with both kinds', () => {
  const refused = (state: string, stored: string, declared: string) => ({
    code: 'INCOMPATIBLE_STATE',
    message: `operator 'counts', state '${state}': it was stored as ${stored}, but is declared as ${declared}`,
    cause: undefined,
  })
  const first = filled()
  first.registerKeyed(new ListPart('timers', 'timers'))
  first.registerOperator(new ItemsPart('in flight', 'split', [1]))
  const cases: [
    action: (backend: HeapStateBackend) => unknown,
    ...expected: Parameters<typeof refused>,
  ][] = [
    [(backend) => backend.keyedState('value', listState()), 'value', 'value', 'list'],
    [
      (backend) => backend.keyedState('value', valueState(), { namespaced: true }),
      'value',
      'value',
      'value per namespace',
    ],
    [(backend) => backend.keyedState('timers', valueState()), 'timers', 'timers', 'value'],
    [
      (backend) => {
        backend.registerKeyed(new ListPart('timers', 'windows'))
      },
      'timers',
      'timers',
      'windows',
    ],
    [
      (backend) => backend.operatorState('names', unionListState()),
      'names',
      'split-list',
      'union-list',
    ],
    [
      (backend) => {
        backend.registerOperator(new ItemsPart('in flight', 'union'))
      },
      'in flight',
      'items (split)',
      'items (union)',
    ],
    [
      (backend) => backend.keyedState('names', valueState()),
      'names',
      'split-list, without a key',
      'value',
    ],
    [
      (backend) => backend.operatorState('value', splitListState()),
      'value',
      'value, with keys',
      'split-list',
    ],
  ]
  for (const [action, ...expected] of cases) {
    const backend = restoredFrom(first)
    assert.equal(
      errorOf(() => action(backend)),
      refused(...expected),
    )
  }
})

test('an incompatible state is refused by every subtask, whether it has some of it or not', () => {
  const restored = [filled().snapshot()]
  for (let subtaskIndex = 0; subtaskIndex < 4; subtaskIndex++) {
    const backend = backendOf({ restored, subtaskIndex, parallelism: 4 })
    assert.is(errorOf(() => backend.keyedState('value', listState())).code, 'INCOMPATIBLE_STATE')
  }
})

test.run()
