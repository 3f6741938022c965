import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  listState,
  mapState,
  splitListState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import { at, backendOf, errorOf, ItemsPart, ListPart } from './state-rig.ts'

test('keyed state cannot be used before there is a key', () => {
  const state = backendOf().keyedState('last', valueState<number>())
  const expected = {
    code: 'NO_CURRENT_KEY',
    message:
      "operator 'counts', state 'last': keyed state can be used only while a record or a timer with a key is being processed",
    cause: undefined,
  }
  assert.equal(
    errorOf(() => state.get()),
    expected,
  )
  assert.equal(
    errorOf(() => {
      state.set(1)
    }),
    expected,
  )
})

test('state per namespace cannot be used before there is a namespace', () => {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<number>(), { namespaced: true })
  at(backend, 'a')
  assert.equal(
    errorOf(() => {
      state.set(1)
    }),
    {
      code: 'NO_NAMESPACE',
      message:
        "operator 'counts', state 'last': the state has a value per namespace, but no namespace is set",
      cause: undefined,
    },
  )
})

test('the current key is the one that was set last', () => {
  const backend = backendOf()
  assert.is(backend.currentKey, undefined)
  at(backend, 'a')
  assert.is(backend.currentKey, 'a')
})

test('undefined clears a value, null is one', () => {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<number | null | undefined>())
  at(backend, 'a')
  state.set(1)
  state.set(undefined)
  assert.ok(backend.isEmpty)
  state.set(null)
  assert.is(state.get(), null)
})

test('the initial value is made for every read and not kept', () => {
  const backend = backendOf()
  const state = backend.keyedState('names', valueState<string[]>({ initial: () => [] }))
  at(backend, 'a')
  state.get().push('lost')
  assert.equal(state.get(), [])
  assert.ok(backend.isEmpty)
})

test('a list can be added to itself', () => {
  const backend = backendOf()
  const list = backend.keyedState('list', listState<number>())
  const names = backend.operatorState('names', splitListState<number>())
  at(backend, 'a')
  for (const state of [list, names]) {
    state.addAll([1, 2])
    state.addAll(state.get())
    assert.equal(state.get(), [1, 2, 1, 2])
    state.set(state.get().slice(1))
    assert.equal(state.get(), [2, 1, 2])
    state.clear()
    assert.equal(state.get(), [])
  }
  list.addAll([])
  assert.ok(backend.isEmpty)
})

test('a map that is changed while it is read goes on', () => {
  const backend = backendOf()
  const map = backend.keyedState('map', mapState<string, number>())
  at(backend, 'a')
  for (const key of ['x', 'y', 'z']) map.set(key, 1)
  for (const key of map.keys()) map.delete(key)
  assert.is(map.size, 0)
  assert.ok(backend.isEmpty)
  assert.is(map.delete('x'), false)
})

test('a key that cannot be one is refused by a map', () => {
  const backend = backendOf()
  const map = backend.keyedState('map', mapState<number, number>())
  at(backend, 'a')
  assert.is(errorOf(() => map.get(NaN)).code, 'INVALID_KEY')
  assert.is(
    errorOf(() => {
      map.set(NaN, 1)
    }).code,
    'INVALID_KEY',
  )
  assert.ok(backend.isEmpty)
})

test('an equal declaration gives the same handle', () => {
  const backend = backendOf()
  const declared = valueState<number>({ ttl: { ttlMs: 5 } })
  const state = backend.keyedState('last', declared)
  assert.is(backend.keyedState('last', declared), state)
  assert.is(backend.keyedState('last', valueState<number>({ ttl: { ttlMs: 5 } })), state)
  const names = backend.operatorState('names', splitListState<string>())
  assert.is(backend.operatorState('names', splitListState<string>()), names)
})

test('the name in a descriptor goes before the name in the operator', () => {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<number>({ name: 'latest' }))
  at(backend, 'a')
  state.set(1)
  assert.equal([...backend.entries()], [{ state: 'latest', key: 'a', value: 1 }])
  assert.equal([...backend.keys('latest')], ['a'])
})

test('a name that another state or part has is refused', () => {
  const backend = backendOf()
  backend.keyedState('last', valueState<number>())
  backend.registerKeyed(new ListPart('timers'))
  const duplicate = (state: string, reason: string) => ({
    code: 'DUPLICATE_STATE',
    message: `operator 'counts', state '${state}': ${reason}; give one of them another name`,
    cause: undefined,
  })
  assert.equal(
    errorOf(() => backend.keyedState('last', listState<number>())),
    duplicate('last', 'it is declared as list, but is value already'),
  )
  const twice = duplicate('last', 'it is declared twice with different options (value)')
  assert.equal(
    errorOf(() => backend.keyedState('last', valueState<number>({ version: 2 }))),
    twice,
  )
  assert.equal(
    errorOf(() => backend.keyedState('last', valueState<number>(), { namespaced: true })),
    twice,
  )
  assert.equal(
    errorOf(() => backend.operatorState('last', splitListState())),
    duplicate('last', 'it is declared as split-list, but is value already'),
  )
  assert.equal(
    errorOf(() => {
      backend.registerOperator(new ItemsPart('last', 'split'))
    }),
    duplicate('last', 'it is declared as part of the operator, but is value already'),
  )
  assert.equal(
    errorOf(() => backend.keyedState('timers', valueState())),
    duplicate('timers', 'it is declared as value, but is part of the operator already'),
  )
})

test('what is left can be looked at: states, parts and what has no key', () => {
  const backend = backendOf()
  const list = backend.keyedState('list', listState<number>())
  const map = backend.keyedState('map', mapState<string, number>(), { namespaced: true })
  const part = new ListPart('timers')
  backend.registerKeyed(part)
  const names = backend.operatorState('names', splitListState<string>())
  backend.registerOperator(new ItemsPart('in flight', 'split', ['x', 'y']))
  at(backend, ['a', 1])
  backend.setNamespace(60)
  list.add(1)
  map.set('x', 2)
  names.add('n')
  part.payloads.push(['a', { at: 5 }])
  assert.equal(
    [...backend.entries()],
    [
      { state: 'list', key: ['a', 1], value: [1] },
      { state: 'map', key: ['a', 1], value: new Map([['x', 2]]), namespace: 60 },
      { state: 'timers', key: 'a', value: { at: 5 } },
      { state: 'names', key: undefined, value: ['n'] },
      { state: 'in flight', key: undefined, value: 'x' },
      { state: 'in flight', key: undefined, value: 'y' },
    ],
  )
  assert.is(backend.size, 6)
  assert.not(backend.isEmpty)
  list.clear()
  map.delete('x')
  assert.is(backend.size, 4)
})

test('the keys of a state are those that have something in it', () => {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<number>())
  const other = backend.keyedState('other', valueState<number>())
  for (const key of ['a', 'b', 'c']) {
    at(backend, key)
    state.set(1)
  }
  at(backend, 'b')
  state.clear()
  at(backend, 'd')
  other.set(1)
  assert.equal([...backend.keys('last')], ['a', 'c'])
  assert.equal([...backend.keys('nothing')], [])
})

test('a namespace has values of its own', () => {
  const backend = backendOf()
  const state = backend.keyedState('last', valueState<number>(), { namespaced: true })
  at(backend, 'a')
  for (const namespace of [1, 2]) {
    backend.setNamespace(namespace)
    state.set(namespace * 10)
  }
  backend.setNamespace(1)
  assert.is(state.get(), 10)
  state.clear()
  assert.is(state.get(), undefined)
  backend.setNamespace(2)
  assert.is(state.get(), 20)
  assert.equal([...backend.keys('last')], ['a'])
})

test.run()
