import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ColumnCodec } from '../../mailbox/column-codec.ts'
import { COLUMNS } from '../../mailbox/column-writers.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MIXED } from '../../mailbox/mixed-shapes.ts'
import { UnsendableValueError } from '../../mailbox/sendable.ts'
import { anyKey, anyLeaf, difference, toObject } from './codec-values.ts'

/** An event of one of four types: three kinds of object, and a list. */
function event(n: number): unknown {
  if (n % 5 === 0) return { type: 'person', id: n, name: `a name of some length ${n}` }
  if (n % 5 === 1) return { type: 'sale', id: n, price: n / 3, at: new Date(n) }
  if (n % 5 === 2) return [n, `${n}`]
  return { type: 'bid', id: n, nested: { list: [n] }, text: n % 2 === 0 ? null : 'ü'.repeat(20) }
}

function events(count: number, from = 0): unknown[] {
  return Array.from({ length: count }, (_, i) => event(from + i))
}

/** The first bytes of the payloads of these batches, which must arrive as they were sent. */
function kindsOf(encoder: ColumnCodec, batches: readonly (readonly unknown[])[]): number[] {
  return batches.map((batch) => {
    const bytes = Buffer.from(encoder.encode(batch, batch.length))
    // Another instance: a payload must stand alone.
    assert.is(difference(batch, new ColumnCodec().decode(bytes, batch.length)), undefined)
    return bytes[0] as number
  })
}

test('events of a few types travel as columns of each type, in their order', () => {
  const batches = [0, 1, 2, 3].map((i) => events(500, i))
  assert.equal(kindsOf(new ColumnCodec(), batches), [MIXED, MIXED, MIXED, MIXED])
})

test('that takes fewer bytes than msgpack', () => {
  const mixed = new ColumnCodec()
  const batch = events(500)
  mixed.encode(batch, 500)
  const bytes = Buffer.from(mixed.encode(batch, 500))
  // Those that are too mixed travel as msgpack.
  const plain = new ColumnCodec()
  const more = [...batch, ...Array.from({ length: 9 }, (_, i) => ({ [`other${i}`]: i }))]
  const msgpack = plain.encode(more, more.length)
  assert.is(msgpack[0] === MIXED, false)
  assert.ok(bytes.length < 0.9 * msgpack.length, `${bytes.length} against ${msgpack.length}`)
})

test('a batch of one type among mixed ones travels as its columns', () => {
  const people = Array.from({ length: 100 }, (_, i) => event(5 * i))
  const encoder = new ColumnCodec()
  const kinds = kindsOf(encoder, [events(400), events(400), people, events(400), people])
  assert.equal(kinds, [MIXED, MIXED, COLUMNS, MIXED, COLUMNS])
})

test('forms without end travel as msgpack, and a few forms as columns again afterwards', () => {
  const encoder = new ColumnCodec()
  let next = 0
  const wild = (): unknown[] => Array.from({ length: 64 }, () => ({ [`key${next++}`]: next }))
  const kinds = kindsOf(encoder, Array.from({ length: 20 }, wild))
  assert.ok(
    kinds.every((kind) => kind !== MIXED && kind !== COLUMNS),
    kinds.join(' '),
  )
  // What the wild batches have used up of the memory for forms is not to keep others out for ever.
  const tame = kindsOf(
    encoder,
    Array.from({ length: 200 }, () => events(64)),
  )
  assert.is(tame.at(-1), MIXED)
})

test('whatever the records hold, and however they are mixed, they arrive as they were sent', () => {
  const shape = fc.uniqueArray(anyKey, { minLength: 1, maxLength: 4 })
  let mixed = 0
  fc.assert(
    fc.property(
      fc.uniqueArray(shape, { minLength: 2, maxLength: 6, selector: (keys) => keys.join('\n') }),
      fc.array(fc.tuple(fc.nat(), fc.array(anyLeaf, { minLength: 4, maxLength: 4 })), {
        minLength: 16,
        maxLength: 60,
      }),
      (shapes, picks) => {
        const batch = picks.map(([pick, values]) => {
          const keys = shapes[pick % shapes.length] as string[]
          return toObject(keys.map((key, i) => [key, values[i]]))
        })
        const kinds = kindsOf(new ColumnCodec(), [batch, batch, batch])
        mixed += kinds.filter((kind) => kind === MIXED).length
      },
    ),
    { numRuns: 300 },
  )
  assert.ok(mixed > 300, `only ${mixed} batches were mixed`)
})

test('what cannot be sent is named by its place in the whole batch', () => {
  const encoder = new ColumnCodec("operator 'enrich'")
  encoder.encode(events(100), 100)
  const batch = events(100)
  batch[53] = { type: 'bid', id: 53, nested: { list: [() => 0] }, text: 'x' }
  assert.throws(
    () => encoder.encode(batch, 100),
    (error: UnsendableValueError) =>
      error instanceof UnsendableValueError &&
      error.recordIndex === 53 &&
      error.path.join('.') === 'nested.list.0' &&
      error.message.startsWith("operator 'enrich'"),
  )
  assert.equal(kindsOf(encoder, [events(100)]), [MIXED])
})

test('damaged payloads raise DAMAGED_PAYLOAD and never another error, nor hang', () => {
  const encoder = new ColumnCodec()
  encoder.encode(events(80), 80)
  const good = Buffer.from(encoder.encode(events(80), 80))
  assert.is(good[0], MIXED)
  const codes = new Set(['DAMAGED_PAYLOAD', 'UNKNOWN_PAYLOAD_VERSION'])
  const decoder = new ColumnCodec()
  const tried = (bad: Buffer, length = 80): string | undefined => {
    try {
      decoder.decode(bad, length)
      return undefined
    } catch (error) {
      assert.instance(error, MillraceError)
      return (error as MillraceError).code
    }
  }
  for (let cut = 0; cut < good.length; cut++)
    assert.ok(codes.has(tried(Buffer.from(good.subarray(0, cut))) ?? ''), `cut at ${cut}`)
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const bad = Buffer.from(good)
      bad[at] = byte
      const code = tried(bad)
      assert.ok(code === undefined || codes.has(code), code)
    }),
    { numRuns: 1_000 },
  )
  assert.is(tried(good, 79), 'DAMAGED_PAYLOAD')
  assert.is(tried(good, 81), 'DAMAGED_PAYLOAD')
})

test.run()
