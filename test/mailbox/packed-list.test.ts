/** Values of a packed list can be found and made alone, whatever they are. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packList } from '../../mailbox/msgpack.ts'
import { scanList, valueOf } from '../../mailbox/packed-list.ts'
import { anyValue, difference } from './codec-values.ts'

/** Every value, made alone, the last one first. */
function oneByOne(bytes: Buffer, length: number): unknown[] | undefined {
  const starts = new Int32Array(length + 2)
  const list = scanList(bytes, length, starts, 2)
  if (list === undefined) return undefined
  const values: unknown[] = []
  for (let i = length - 1; i >= 0; i--) {
    const next = i + 1 < length ? starts[i + 3] : undefined
    values[i] = valueOf(list, i, starts[i + 2]!, next)
  }
  return values
}

test('each value of a list that was packed can be made alone', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 12 }), (values) => {
      const made = oneByOne(packList(values, values.length), values.length)
      assert.ok(made, 'it can be gone through')
      assert.is(difference(values, made), undefined)
    }),
    { numRuns: 500 },
  )
})

test('objects with the same fields, and more kinds of objects than there are numbers for definitions', () => {
  const few = Array.from({ length: 50 }, (_, id) => ({
    id,
    name: `number ${id} with a long name`,
    [id % 2 === 0 ? 'even' : 'odd']: { id, empty: {} },
  }))
  assert.equal(oneByOne(packList(few, 50), 50), few)
  const many = Array.from({ length: 400 }, (_, id) => ({ [`field ${id % 90}`]: id }))
  assert.equal(oneByOne(packList(many, 400), 400), many)
})

test('long texts, many elements and deep values', () => {
  const wide = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, i]))
  const values = [
    'x'.repeat(70_000),
    'y'.repeat(300),
    Array.from({ length: 70_000 }, (_, i) => i),
    Array.from({ length: 300 }, (_, i) => -i),
    new Map(Array.from({ length: 70_000 }, (_, i) => [i, i])),
    new Map(Array.from({ length: 300 }, (_, i) => [i, i])),
    new Uint8Array(70_000),
    new Uint8Array(300),
    new Float64Array(10_000),
    new Int16Array(200),
    [wide, wide, [[[[[[wide]]]]]]],
  ]
  const made = oneByOne(packList(values, values.length), values.length)
  assert.is(difference(values, made), undefined)
})

test('what is no list of that length is not gone through', () => {
  const bytes = packList([{ a: 1 }, 'some text that is long', 3], 3)
  assert.ok(oneByOne(bytes, 3))
  for (const length of [0, 1, 2, 4, 18]) assert.is(oneByOne(bytes, length), undefined)
  for (let cut = 0; cut < bytes.length; cut++)
    assert.is(oneByOne(bytes.subarray(0, cut), 3), undefined, `the first ${cut} bytes`)
  const longer = Buffer.concat([bytes, Buffer.from([1])])
  assert.is(oneByOne(longer, 3), undefined)
})

test.run()
