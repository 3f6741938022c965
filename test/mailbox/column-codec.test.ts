import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ColumnCodec } from '../../mailbox/column-codec.ts'
import { COLUMNS } from '../../mailbox/column-writers.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { UnsendableValueError } from '../../mailbox/sendable.ts'
import { anyKey, anyLeaf, anyText, anyValue, difference, toObject } from './codec-values.ts'

/** An encoder that has seen enough records to compile writers from the next batch on. */
function roundTrip(
  encoder: ColumnCodec,
  values: readonly unknown[],
): { values: unknown[]; columns: boolean } {
  const bytes = Buffer.from(encoder.encode(values, values.length))
  // Another instance: a payload must stand alone. An odd offset: nothing may rely on alignment.
  const shifted = Buffer.alloc(bytes.length + 1)
  bytes.copy(shifted, 1)
  return {
    values: new ColumnCodec().decode(shifted.subarray(1), values.length),
    columns: bytes[0] === COLUMNS,
  }
}

function repeat<T>(values: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => values).flat()
}

const kinds: Record<string, fc.Arbitrary<unknown>> = {
  int32: fc.integer(),
  double: fc.double(),
  zero: fc.constantFrom(0, -0),
  boolean: fc.boolean(),
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  date: fc.date({ noInvalidDate: false }),
  short: fc.string({ maxLength: 12 }),
  text: anyText,
  missing: fc.constantFrom(null, undefined),
  leaf: anyLeaf,
  value: anyValue,
  record: plainRecord({ a: fc.integer(), b: anyText, c: fc.option(fc.string()) }),
  pair: fc.tuple(fc.double(), fc.string({ maxLength: 12 })),
  deep: plainRecord({
    inner: fc.option(
      plainRecord({ text: anyText, leaf: anyLeaf, short: fc.string({ maxLength: 5 }) }),
    ),
    list: fc.array(fc.integer(), { maxLength: 3 }),
    n: fc.double(),
  }),
}

function plainRecord(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.record(fields, { noNullPrototype: true })
}

/** Records of one shape; each field of one kind, some of them nullable. */
const uniformBatch: fc.Arbitrary<object[]> = fc
  .uniqueArray(fc.tuple(anyKey, fc.constantFrom(...Object.keys(kinds)), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
    selector: ([key]) => key,
  })
  .chain((fields) => {
    const values = fields.map(([, kind, nullable]) => {
      const arbitrary = kinds[kind] as fc.Arbitrary<unknown>
      return nullable ? fc.oneof(arbitrary, fc.constantFrom(null, undefined)) : arbitrary
    })
    return fc.array(
      fc.tuple(...values).map((row) => toObject(fields.map(([key], i) => [key, row[i]]))),
      { minLength: 1, maxLength: 40 },
    )
  })

test('records of one shape arrive as they were sent, whatever their fields hold', () => {
  let columns = 0
  fc.assert(
    fc.property(uniformBatch, uniformBatch, (first, second) => {
      const encoder = new ColumnCodec()
      for (const batch of [first, repeat(first, 32), second, first, repeat(second, 32)]) {
        const result = roundTrip(encoder, batch)
        if (result.columns) columns += 1
        assert.is(difference(batch, result.values), undefined)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(columns > 200, `only ${columns} batches travelled as columns`)
})

test('arbitrary values of mixed shapes arrive as they were sent', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 20 }), (values) => {
      const encoder = new ColumnCodec()
      for (const batch of [values, repeat(values, 8), values])
        assert.is(difference(batch, roundTrip(encoder, batch).values), undefined)
    }),
    { numRuns: 400 },
  )
})

test('a record with a field more, less, renamed or moved is not cut', () => {
  const base = () => repeat<object>([{ a: 1, b: 'text' }], 64)
  const odd: object[] = [
    { a: 1, b: 'text', c: 2 },
    { a: 1 },
    {},
    { b: 'text', a: 1 },
    { a: 1, c: 'text' },
    { a: '1', b: 'text' },
    { a: -0, b: 'text' },
    { a: 1, b: undefined },
    { a: 1, b: 'much longer than twelve' },
    toObject([
      ['a', 1],
      ['b', 'text'],
      ['__proto__', 1],
    ]),
    [1, 'text'],
  ]
  for (const record of odd) {
    for (const index of [0, 1, 63]) {
      const encoder = new ColumnCodec()
      assert.ok(roundTrip(encoder, base()).columns)
      const batch = base()
      batch[index] = record
      assert.is(difference(batch, roundTrip(encoder, batch).values), undefined)
      assert.is(difference(base(), roundTrip(encoder, base()).values), undefined)
    }
  }
})

test('what msgpackr itself keeps arrives exactly as msgpackr would deliver it', () => {
  class Point {
    x = 1
    y = 'two'
  }
  const withoutPrototype = Object.assign(Object.create(null), { x: 1 })
  const withGetter = {
    get x() {
      return 5
    },
    y: 1,
  }
  const hidden = Object.defineProperty({ x: 1 }, 'secret', { value: 1, enumerable: false })
  const inherited = Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })
  const dictionary: Record<string, number> = { x: 1, y: 2, z: 3 }
  delete dictionary['y']
  const packr = new Packr({ moreTypes: true, copyBuffers: true })
  const odd = [
    new Point(),
    withoutPrototype,
    withGetter,
    hidden,
    inherited,
    dictionary,
    { [Symbol('s')]: 1, x: 1 },
    [1, , 3],
    new URL('https://example.org/'),
    { nested: new Point() },
    new Error('broken', { cause: 1 }),
    /a+/giu,
  ]
  for (const record of odd) {
    const batch = repeat([record], 64)
    const expected: unknown = packr.unpack(packr.pack(batch))
    const encoder = new ColumnCodec()
    for (let round = 0; round < 2; round++) {
      const { values } = roundTrip(encoder, batch)
      if (record instanceof Error) assert.is((values[9] as Error).message, 'broken')
      else assert.is(difference(expected, values), undefined)
    }
  }
})

test('batches of bare numbers, strings, pairs and small messages travel as columns', () => {
  const batches: unknown[][] = [
    repeat([1, 2, -7], 20),
    repeat([0.5, -0], 20),
    repeat(['a', 'some longer string'], 20),
    repeat(
      [
        ['key', 1],
        ['other key, longer', 2],
      ],
      20,
    ),
    repeat([{ n: 1 }], 40),
    repeat([true, false, null], 20),
    repeat([1n, undefined], 20),
    repeat([new Date(5), new Date(NaN)], 20),
  ]
  for (const batch of batches) {
    const { values, columns } = roundTrip(new ColumnCodec(), batch)
    assert.ok(columns)
    assert.is(difference(batch, values), undefined)
  }
})

test('a field that msgpackr must pack leaves the other fields in columns', () => {
  const batch = Array.from({ length: 50 }, (_, i) => ({
    id: i,
    tags: [`tag ${i}`, new Map([[i, -0]])],
    extra: i % 2 ? 'a string' : i,
  }))
  const { values, columns } = roundTrip(new ColumnCodec(), batch)
  assert.ok(columns)
  assert.is(difference(batch, values), undefined)
})

test('records within records travel as columns, at whatever depth, null and undefined among them', () => {
  const order = (i: number): object => ({
    id: i,
    customer: { name: `the name of customer ${i}`, home: { city: 'Berlin', at: [i / 3, -i] } },
    paid: i % 3 === 0 ? null : i % 3 === 1 ? undefined : { at: new Date(i), by: 'card', note: [i] },
  })
  const batch = Array.from({ length: 100 }, (_, i) => order(i))
  const encoder = new ColumnCodec()
  const { values, columns } = roundTrip(encoder, batch)
  assert.ok(columns)
  assert.is(difference(batch, values), undefined)
  // Smaller than the same without keys in each record would be in msgpack.
  const flat = new ColumnCodec().encode(
    batch.map((_, i) => ({ id: i, name: `the name of customer ${i}`, city: 'Berlin' })),
    100,
  )
  assert.ok(encoder.encode(batch, 100).length < flat.length + 100 * 50)
  // What differs inside goes through msgpackr, and the other fields stay columns.
  const odd = [...batch, { ...order(7), customer: { name: 'of another shape' } }]
  const again = roundTrip(encoder, odd)
  assert.ok(again.columns)
  assert.is(difference(odd, again.values), undefined)
})

test('a value that cannot be sent is named by its way through the records', () => {
  const order = (note: unknown): object => ({ id: 1, paid: { by: { note, text: 'x' }, at: 1 } })
  const batch = Array.from({ length: 64 }, () => order([1]))
  const encoder = new ColumnCodec()
  assert.ok(roundTrip(encoder, batch).columns)
  batch[9] = order([() => 0])
  assert.throws(
    () => encoder.encode(batch, 64),
    (error: UnsendableValueError) =>
      error.recordIndex === 9 && error.path.join('.') === 'paid.by.note.0',
  )
})

test('a field in which the keys are data does not make new shapes for ever', () => {
  const encoder = new ColumnCodec()
  for (let round = 0; round < 20; round++) {
    const batch = Array.from({ length: 40 }, (_, i) => ({
      id: i,
      counts: { [`key${round}`]: i, common: 1 },
    }))
    const { values, columns } = roundTrip(encoder, batch)
    assert.ok(columns)
    assert.is(difference(batch, values), undefined)
  }
})

test('one encoder keeps its shapes apart and widens them for good', () => {
  const encoder = new ColumnCodec()
  const shapes: ((i: number) => unknown)[] = [
    (i) => ({ a: i }),
    (i) => ({ a: i, b: `${i}` }),
    (i) => ({ b: `${i}`, a: i }),
    (i) => [i],
    (i) => [i, i],
    (i) => i,
    (i) => `${i}`,
    (i) => ({ a: i / 2 }),
    (i) => ({ a: `${i}` }),
    (i) => ({ a: null, b: 'x'.repeat(i * 7) }),
    (i) => ({ a: i, b: 'é€'.repeat(i) }),
  ]
  for (let round = 0; round < 200; round++) {
    const make = shapes[(round * 7) % shapes.length] as (i: number) => unknown
    const batch = Array.from({ length: 1 + ((round * 13) % 50) }, (_, i) => make(i))
    assert.is(difference(batch, roundTrip(encoder, batch).values), undefined)
  }
})

test('only the first length values are sent, and zero values are a batch', () => {
  const codec = new ColumnCodec()
  assert.equal(codec.decode(codec.encode([], 0), 0), [])
  const batch = repeat([{ a: 1 }], 64)
  assert.is(codec.decode(codec.encode(batch, 40), 40).length, 40)
  assert.is(codec.decode(codec.encode([{ a: 1 }, () => 1], 1), 1).length, 1)
})

test('texts larger than the first memory of the encoder arrive', () => {
  const codec = new ColumnCodec()
  const big = (fill: string) =>
    Array.from({ length: 40 }, (_, i) => ({ id: i, text: fill.repeat(70_000 + i), list: [fill] }))
  for (const fill of ['a', 'é', '€', 'a']) {
    const batch = big(fill)
    assert.is(difference(batch, roundTrip(codec, batch).values), undefined)
  }
})

test('decoded values do not change when the input memory is used again', () => {
  const batch = Array.from({ length: 64 }, (_, i) => ({
    id: i,
    text: `a text long enough ${i}`,
    bytes: new Uint8Array([i]),
    any: i % 2 ? [Buffer.from([i])] : i,
  }))
  const codec = new ColumnCodec()
  const bytes = Buffer.from(codec.encode(batch, batch.length))
  const values = codec.decode(bytes, batch.length)
  bytes.fill(0xff)
  assert.is(difference(batch, values), undefined)
})

test('damaged payloads raise DAMAGED_PAYLOAD and never another error', () => {
  const batch = Array.from({ length: 40 }, (_, i) => ({
    id: i,
    text: `a text long enough ${i}`,
    short: 'x',
    any: Array.from({ length: i % 4 }, () => i),
    nested:
      i % 2 === 0 ? { text: `another one ${i}`, pair: [i, null], any: new Map([[i, i]]) } : null,
  }))
  const good = Buffer.from(new ColumnCodec().encode(batch, 40))
  const codes = new Set(['DAMAGED_PAYLOAD', 'UNKNOWN_PAYLOAD_VERSION'])
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
      (at, byte, cut) => {
        const bad = cut ? Buffer.from(good.subarray(0, at)) : Buffer.from(good)
        if (!cut) bad[at] = byte
        try {
          new ColumnCodec().decode(bad, 40)
        } catch (error) {
          assert.instance(error, MillraceError)
          assert.ok(codes.has((error as MillraceError).code))
        }
      },
    ),
    { numRuns: 500 },
  )
  // Lengths of texts that do not add up to the text.
  const short = Array.from({ length: 40 }, () => ({ s: 'ab', t: 'longer than twelve' }))
  const texts = Buffer.from(new ColumnCodec().encode(short, 40))
  for (const [length, other] of [
    [2, 12],
    [2, 1],
    [18, 17],
  ] as const) {
    const bad = Buffer.from(texts)
    bad[texts.indexOf(Buffer.alloc(40, length))] = other
    assert.throws(
      () => new ColumnCodec().decode(bad, 40),
      (error: MillraceError) => error.code === 'DAMAGED_PAYLOAD',
    )
  }
  assert.throws(
    () => new ColumnCodec().decode(good, 41),
    (error: MillraceError) => error.code === 'DAMAGED_PAYLOAD',
  )
})

test.run()
