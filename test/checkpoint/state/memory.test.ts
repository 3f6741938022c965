/** What is kept in state must not keep alive what it was cut out of. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { mapState, valueState } from '../../../checkpoint/state/declare-state.ts'
import { at, backendOf } from './state-rig.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const LINES = 300
const LINE_BYTES = 100_000
/** Far less than the lines. */
const ALLOWED_BYTES = (LINES * LINE_BYTES) / 20

/** Cuts a key of 20 characters out of each of many long lines. */
function* keysCutFromLines(): Generator<string> {
  for (let i = 0; i < LINES; i++) {
    const text = `key number ${String(i).padStart(9, '0')}|`
    const line = Buffer.alloc(LINE_BYTES, text).toString('latin1')
    yield line.slice(0, 20)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10)
  })
}

/** Of what `work` returns. Code that is being compiled in the background holds what it has seen for a while. */
async function heapGrowth(work: () => unknown): Promise<number> {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const kept = work()
  let growth = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 100 && growth >= ALLOWED_BYTES; turn++) {
    collectGarbage()
    growth = process.memoryUsage().heapUsed - before
    await nextTurn()
  }
  assert.ok(kept)
  return growth
}

test('keys of state, its maps and its namespaces keep nothing but themselves', async () => {
  const growth = await heapGrowth(() => {
    const backend = backendOf()
    const state = backend.keyedState('value', valueState<number>())
    const map = backend.keyedState('map', mapState<string, number>(), { namespaced: true })
    for (const key of keysCutFromLines()) {
      at(backend, key)
      backend.setNamespace(key)
      state.set(1)
      map.set(key, 1)
    }
    // The last key is still the current one.
    at(backend, '')
    backend.setNamespace('')
    assert.is(backend.size, 2 * LINES)
    return backend
  })
  assert.ok(growth < ALLOWED_BYTES, `grew by ${growth} bytes`)
})

test('what is restored keeps nothing of the snapshot', async () => {
  const filler = 'x'.repeat(LINE_BYTES)
  const first = backendOf()
  const big = first.keyedState('big', valueState<string>())
  const small = first.keyedState('small', valueState<string>())
  for (let key = 0; key < LINES; key++) {
    at(first, key)
    big.set(`${filler} ${key}`)
    small.set(`a value of some length, of key ${key}`)
  }
  const restored = [first.snapshot()]
  const restore = (): unknown => {
    const backend = backendOf({ restored })
    backend.keyedState('small', valueState<string>())
    const gone = backend.keyedState('big', valueState<string>())
    for (let key = 0; key < LINES; key++) {
      at(backend, key)
      gone.clear()
    }
    assert.is(backend.size, LINES)
    return backend
  }
  // What the first time leaves behind in code and buffers is not of interest.
  restore()
  const growth = await heapGrowth(restore)
  assert.ok(growth < ALLOWED_BYTES, `grew by ${growth} bytes`)
})

test('a snapshot with keys can go once all of it has been restored', async () => {
  const open = () => {
    const first = backendOf()
    const state = first.keyedState('value', valueState<number>())
    for (let key = 0; key < 10; key++) {
      at(first, key)
      state.set(key)
    }
    const snapshot = first.snapshot()
    const backend = backendOf({ restored: [snapshot] })
    backend.keyedState('value', valueState<number>())
    return { backend, groups: snapshot.groups.map((group) => new WeakRef(group)) }
  }
  const { backend, groups } = open()
  assert.ok(groups.length > 0)
  const left = () => groups.filter((group) => group.deref() !== undefined).length
  // What a WeakRef was made of lives to the end of this turn; code that is being compiled in the background holds what it has seen.
  for (let turn = 0; turn < 100 && left() > 0; turn++) {
    await nextTurn()
    collectGarbage()
  }
  assert.is(left(), 0)
  assert.is(backend.size, 10)
})

test.run()
