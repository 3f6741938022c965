/** Lines are those of `JSON.stringify`, whatever the shapes of the records and in whatever order they come. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { JsonRowEncoder } from '../../../connectors/json-lines/row-encoder.ts'
import { throwsCode } from '../../runner/expect.ts'

const textOf = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')

function sameAsJson(encoder: JsonRowEncoder, values: readonly unknown[]): void {
  assert.is(Buffer.from(encoder.encode(values)).toString('utf8'), textOf(values))
}

const SCALAR = fc.oneof(
  fc.integer(),
  fc.integer({ min: -12, max: 12 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom('ORD', '2001-01-01T00:00:00.000Z', 'x"y', 'back\\slash', 'é'.repeat(30)),
)
const NAMES = fc.constantFrom('a', 'b', 'long name', '1', '0', 'é"\n', 'toString', 'constructor')
/** Records of a few shapes, each several times. */
const SHAPES = fc.array(fc.uniqueArray(NAMES, { maxLength: 5 }), { minLength: 1, maxLength: 3 })

test('flat records of a few shapes, again and again', () => {
  const encoder = new JsonRowEncoder()
  fc.assert(
    fc.property(SHAPES, fc.array(fc.tuple(fc.nat(), fc.array(SCALAR))), (shapes, rows) => {
      const values = rows.map(([shape, cells]) => {
        const names = shapes[shape % shapes.length]!
        return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? at]))
      })
      sameAsJson(encoder, values)
      sameAsJson(encoder, [...values, ...values])
    }),
    { numRuns: 400 },
  )
})

test('whatever JSON can hold, between records of one shape', () => {
  const encoder = new JsonRowEncoder()
  const other = fc.oneof(
    fc.record({ a: SCALAR, b: SCALAR }),
    fc.jsonValue(),
    fc.date({ noInvalidDate: true }),
    fc.record({ a: fc.constantFrom(undefined, new Date(0), [1], { toJSON: () => 7 }) }),
  )
  fc.assert(
    fc.property(fc.array(other), (values) => {
      sameAsJson(encoder, values)
    }),
    { numRuns: 300 },
  )
})

class Point {
  readonly x = 1
  get y(): number {
    return 2
  }
}

test('objects that are not what they look like', () => {
  const named = JSON.parse('{"__proto__":1,"a":2}') as unknown
  const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false })
  const inherits = Object.create({ a: 1 }, { b: { value: 2, enumerable: true } }) as unknown
  const values = [
    { a: 1, b: 2 },
    named,
    hidden,
    inherits,
    Object.assign(Object.create(null) as object, { a: 1, b: 2 }),
    new Point(),
    Object.assign([1, 2], { a: 1 }),
    { b: 2, a: 1 },
    { a: 1, b: 2, toJSON: () => 'mine' },
    { a: 1, b: Object(5) as unknown },
    { a: 1, b: undefined },
    { a: undefined, b: 2 },
    { a: 1, b: 2, c: Symbol('left out') },
    {},
    { a: -0, b: Number.NaN },
    { a: -Infinity, b: -(2 ** 31) },
    { a: 2 ** 31, b: 1e21 },
  ]
  const encoder = new JsonRowEncoder()
  sameAsJson(encoder, [...values, ...values.toReversed()])
  for (const value of values) for (const next of values) sameAsJson(encoder, [value, next, value])
})

test('rows longer than there is room for, and many', () => {
  const encoder = new JsonRowEncoder()
  for (const length of [10, 1_000, 100_000, 300_000]) {
    sameAsJson(encoder, [{ text: 'x'.repeat(length), n: 1 }])
    sameAsJson(encoder, [{ text: '\u0001'.repeat(length), n: 2 }, { other: '€'.repeat(length) }])
  }
  sameAsJson(
    encoder,
    Array.from({ length: 5_000 }, (_, n) => ({ n, text: `number ${n >> 3}`, third: n / 3 })),
  )
})

test('what was returned does not change with the next call', () => {
  const encoder = new JsonRowEncoder()
  const first = encoder.encode([{ a: 1 }])
  encoder.encode([{ a: 2 }])
  assert.is(Buffer.from(first).toString(), '{"a":1}\n')
})

test('a bigint is a string of digits, and what JSON cannot hold is NOT_JSON', () => {
  const encoder = new JsonRowEncoder()
  const rows = [{ a: 1 }, { a: 2n ** 70n }, { a: 3 }]
  assert.is(
    Buffer.from(encoder.encode(rows)).toString(),
    '{"a":1}\n{"a":"1180591620717411303424"}\n{"a":3}\n',
  )
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  for (const value of [undefined, () => 1, cycle, Promise.resolve({ a: 1 })]) {
    throwsCode(() => encoder.encode([{ a: 1 }, value]), 'NOT_JSON')
    throwsCode(() => new JsonRowEncoder().encode([value]), 'NOT_JSON')
  }
  const throwing = {
    get a(): number {
      throw new Error('not today')
    },
  }
  throwsCode(() => encoder.encode([{ a: 1 }, throwing]), 'NOT_JSON')
  sameAsJson(encoder, [{ a: 1 }])
})

test.run()
