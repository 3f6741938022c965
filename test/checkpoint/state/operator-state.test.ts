import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  broadcastState,
  splitListState,
  unionListState,
} from '../../../checkpoint/state/declare-state.ts'
import { backendOf, backendsOf, errorOf, ItemsPart } from './state-rig.ts'

const parallelism = fc.integer({ min: 1, max: 5 })
/** The items of each old subtask. */
const items = fc.array(fc.array(fc.nat(99), { maxLength: 6 }), { minLength: 1, maxLength: 5 })

test('a split list is dealt out in order and evenly, a union list is given to all', () => {
  fc.assert(
    fc.property(items, parallelism, (old, next) => {
      const restored = backendsOf(old.length).map((backend, index) => {
        backend.operatorState('split', splitListState<number>()).addAll(old[index]!)
        backend.operatorState('union', unionListState<number>()).addAll(old[index]!)
        return backend.snapshot()
      })
      const backends = backendsOf(next, { restored })
      const split = backends.map((backend) =>
        backend.operatorState('split', splitListState<number>()).get(),
      )
      const union = backends.map((backend) =>
        backend.operatorState('union', unionListState<number>()).get(),
      )
      assert.equal(split.flat(), old.flat())
      const sizes = split.map((list) => list.length)
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
      assert.equal(
        union,
        backends.map(() => old.flat()),
      )
    }),
  )
})

test('a subtask that knows its own snapshot keeps its part of a split list: another one may have finished, and not be there', () => {
  const old = [[1, 2, 3], [], [4]]
  const restored = backendsOf(3).map((backend, index) => {
    backend.operatorState('split', splitListState<number>()).addAll(old[index]!)
    backend.registerOperator(new ItemsPart('in flight', 'split', [`flight of ${index}`]))
    return backend.snapshot()
  })
  for (const [subtaskIndex, own] of restored.entries()) {
    const backend = backendOf({ parallelism: 3, subtaskIndex, restored, own })
    assert.equal(backend.operatorState('split', splitListState<number>()).get(), old[subtaskIndex])
    // What nobody has asked for goes on with it, too.
    const next = backendOf({ restored: [backend.snapshot()] })
    const part = new ItemsPart('in flight', 'split')
    next.registerOperator(part)
    assert.equal(part.items, [`flight of ${subtaskIndex}`])
  }
})

test('broadcast state goes to every subtask from the old one with its index, round and round', () => {
  const restored = backendsOf(2).map((backend, index) => {
    backend.operatorState('rules', broadcastState<string, number>()).set('from', index)
    return backend.snapshot()
  })
  const from = backendsOf(5, { restored }).map((backend) =>
    backend.operatorState('rules', broadcastState<string, number>()).get('from'),
  )
  assert.equal(from, [0, 1, 0, 1, 0])
})

test('a part is restored once, also with none of the items', () => {
  const backend = backendOf()
  backend.registerOperator(new ItemsPart('in flight', 'split', ['only']))
  const restored = [backend.snapshot()]
  const parts = backendsOf(3, { restored }).map((each) => {
    const part = new ItemsPart('in flight', 'split')
    each.registerOperator(part)
    return part
  })
  assert.equal(
    parts.map(({ restores }) => restores),
    [1, 1, 1],
  )
  assert.equal(
    parts.flatMap((part) => part.items),
    ['only'],
  )
})

test('subtasks that have stored different versions cannot be put together', () => {
  const restored = [1, 2].map((version) => {
    const backend = backendOf()
    backend.operatorState('names', splitListState<number>({ version })).add(version)
    return backend.snapshot()
  })
  const backend = backendOf({ restored })
  const migrate = Number
  const { code, message } = errorOf(() =>
    backend.operatorState('names', splitListState({ version: 2, migrate })),
  )
  assert.is(code, 'INCOMPATIBLE_STATE')
  assert.is(
    message,
    "operator 'counts', state 'names': its subtasks have stored different versions: 1, 2",
  )
})

test('broadcast state is a map whose keys are values', () => {
  const backend = backendOf()
  const rules = backend.operatorState('rules', broadcastState<[string, number], string>())
  rules.set(['a', 1], 'first')
  rules.set(['a', 1], 'second')
  rules.set(['b', 1], 'other')
  assert.is(rules.size, 2)
  assert.is(rules.get(['a', 1]), 'second')
  assert.ok(rules.has(['b', 1]))
  assert.ok(rules.delete(['b', 1]))
  assert.not(rules.delete(['b', 1]))
  assert.equal([...rules.entries()], [[['a', 1], 'second']])
  assert.equal(
    [...backend.entries()],
    [{ state: 'rules', key: undefined, value: new Map([[['a', 1], 'second']]) }],
  )
  rules.clear()
  assert.ok(backend.isEmpty)
})

test.run()
