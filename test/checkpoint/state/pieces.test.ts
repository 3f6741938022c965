/**
 * What is taken of a snapshot before all is packed, and the rest, are the snapshot together, on another thread: the memory of each piece is handed over
 * here too, so that whoever still wrote into it would be found.
 */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { splitListState, valueState } from '../../../checkpoint/state/declare-state.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import { snapshotBuffers } from '../../../checkpoint/state/snapshot.ts'
import type { SnapshotCut } from '../../../checkpoint/state/snapshot-cut.ts'
import type { OperatorSnapshot, SnapshotPiece } from '../../../checkpoint/state/snapshot.ts'
import { at, backendOf, backendsOf, ListPart } from './state-rig.ts'

const KEYS = 400

function states(backend: HeapStateBackend) {
  const value = backend.keyedState('value', valueState<string>())
  const items = backend.operatorState('items', splitListState<string>())
  return { value, items }
}

/** A backend with some keys, and items without one. */
function filled(): HeapStateBackend {
  const backend = backendOf()
  const { value, items } = states(backend)
  for (let key = 0; key < KEYS; key++) {
    at(backend, key)
    value.set(textOf(key, 0))
    if (key % 50 === 0) items.add(`item ${key}`)
  }
  return backend
}

function textOf(key: number, version: number): string {
  return `value ${version} of key ${key}`
}

/** As it comes out on another thread: nobody here has it any more. */
function moved<T extends SnapshotPiece | OperatorSnapshot>(value: T): T {
  return structuredClone(value, { transfer: snapshotBuffers([value]) })
}

function joined(rest: OperatorSnapshot, pieces: readonly SnapshotPiece[]): OperatorSnapshot {
  return { ...rest, groups: [...rest.groups, ...pieces.flatMap(({ groups }) => groups)] }
}

/** The values and items that subtasks restored from it have. */
function restored(snapshot: OperatorSnapshot, parallelism: number) {
  const values: string[] = []
  const all: string[] = []
  for (const backend of backendsOf(parallelism, { restored: [snapshot] })) {
    const { items } = states(backend)
    for (const { state, key, value } of backend.entries())
      if (state === 'value') values[key as number] = value as string
    all.push(...items.get())
  }
  return { values, items: all.toSorted() }
}

/** All of a cut, handed over as soon as it can be. */
function inPieces(cut: SnapshotCut): { readonly whole: OperatorSnapshot; readonly pieces: number } {
  const pieces: SnapshotPiece[] = []
  while (!cut.isPacked) {
    cut.step(16)
    const piece = moved(cut.takePiece())
    if (piece.groups.length > 0) pieces.push(piece)
  }
  return { whole: joined(moved(cut.finish()), pieces), pieces: pieces.length }
}

const EXPECTED = {
  values: Array.from({ length: KEYS }, (_, key) => textOf(key, 0)),
  items: Array.from({ length: KEYS / 50 }, (_, i) => `item ${i * 50}`).toSorted(),
}

test('pieces that were taken and handed over at any time are the snapshot with the rest, while keys change', () => {
  let most = 0
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          entries: fc.integer({ min: 1, max: 60 }),
          take: fc.boolean(),
          change: fc.nat(KEYS - 1),
        }),
        { minLength: 10, maxLength: 60 },
      ),
      fc.integer({ min: 1, max: 3 }),
      (steps, parallelism) => {
        const backend = filled()
        const { value } = states(backend)
        const cut = backend.cut()
        const pieces: SnapshotPiece[] = []
        for (const { entries, take, change } of steps) {
          cut.step(entries)
          at(backend, change)
          value.set(textOf(change, 1))
          if (take) pieces.push(moved(cut.takePiece()))
        }
        most = Math.max(most, pieces.filter(({ groups }) => groups.length > 0).length)
        const whole = joined(moved(cut.finish()), pieces)
        assert.equal(restored(whole, parallelism), EXPECTED)
      },
    ),
    { numRuns: 40 },
  )
  assert.ok(most >= 3, `${most} pieces`)
})

test('where nobody takes pieces the snapshot has everything, in the order of key groups', () => {
  const snapshot = filled().snapshot()
  const groups = snapshot.groups.map(({ keyGroup }) => keyGroup)
  assert.equal(
    groups,
    groups.toSorted((a, b) => a - b),
  )
  assert.equal(restored(snapshot, 1), EXPECTED)
})

test('what is asked for twice after the last byte is the same rest', () => {
  const cut = filled().cut()
  const pieces: SnapshotPiece[] = []
  while (!cut.isPacked) {
    cut.step(16)
    pieces.push(cut.takePiece())
  }
  const first = cut.finish()
  assert.equal(cut.finish(), first)
  assert.equal(restored(joined(first, pieces), 2), EXPECTED)
})

test('a snapshot in pieces with what has changed builds on one in pieces with everything', () => {
  const backend = filled()
  const { value } = states(backend)
  const base = inPieces(backend.cut({ isBase: true }))
  const expected: (string | undefined)[] = [...EXPECTED.values]
  for (let key = 0; key < KEYS; key += 2) {
    at(backend, key)
    if (key % 4 === 0) value.clear()
    else value.set(textOf(key, 1))
    expected[key] = key % 4 === 0 ? undefined : textOf(key, 1)
  }
  const increment = inPieces(backend.cut({ since: 1 }))
  assert.ok(base.pieces > 2 && increment.pieces > 2)
  const chain = { ...increment.whole, base: base.whole }
  const { values, items } = restored(chain, 3)
  assert.equal([...values, ...Array<undefined>(KEYS - values.length)], expected)
  assert.equal(items, EXPECTED.items)
})

test('parts that are packed at the cut go with the first pieces', () => {
  const backend = backendOf()
  const part = new ListPart('part')
  backend.registerKeyed(part)
  for (let key = 0; key < KEYS; key++) part.payloads.push([key, [`payload of key ${key}`]])
  const cut = backend.cut()
  const piece = moved(cut.takePiece())
  assert.ok(piece.groups.length > 0)
  const copy = new ListPart('part')
  backendOf({ restored: [joined(moved(cut.finish()), [piece])] }).registerKeyed(copy)
  const byKey = (payloads: readonly (readonly [unknown, unknown])[]) =>
    payloads.toSorted(([a], [b]) => Number(a) - Number(b))
  assert.equal(byKey(copy.payloads), byKey(part.payloads))
})

test.run()
