import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { MillraceError } from '../../mailbox/errors.ts'
import { MsgpackCodec } from '../../mailbox/msgpack-codec.ts'
import { anyValue, difference } from './codec-values.ts'

function roundTrip(values: readonly unknown[]): unknown[] {
  return new MsgpackCodec().decode(
    Buffer.from(new MsgpackCodec().encode(values, values.length)),
    values.length,
  )
}

test('arbitrary values arrive as they were sent', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 12 }), (values) => {
      assert.is(difference(values, roundTrip(values)), undefined)
    }),
    { numRuns: 1000 },
  )
})

test('what msgpackr alone would lose is kept', () => {
  class Tags extends Map<string, number> {}
  const values = [
    -0,
    [-0],
    '\ud800',
    { '\udc00': '\ud800 and more than sixty-four characters'.repeat(3) },
    JSON.parse('{"__proto__":{"a":-0}}'),
    [{ a: 1, __keys__: 2 }, { a: 1 }],
    2n ** 500n,
    new Map([['\ud800', -0]]),
    new Set(['\ud800']),
    { toJSON: 1 },
  ]
  assert.is(difference(values, roundTrip(values)), undefined)
  assert.equal(roundTrip([new Tags([['a', 1]])]), [new Map([['a', 1]])])
})

test('an error arrives with name, message and cause', () => {
  const [error, odd] = roundTrip([
    new RangeError('too far', { cause: [1] }),
    new Error('\ud800', { cause: -0 }),
  ]) as [Error, Error]
  assert.instance(error, RangeError)
  assert.is(error.message, 'too far')
  assert.equal(error.cause, [1])
  assert.is(odd.message, '\ud800')
  assert.ok(Object.is(odd.cause, -0))
})

test('a payload that holds something else raises DAMAGED_PAYLOAD', () => {
  const codec = new MsgpackCodec()
  const good = Buffer.from(codec.encode([1, 'a longer string here', 3], 3))
  const damaged = (error: MillraceError) => error.code === 'DAMAGED_PAYLOAD'
  assert.throws(() => codec.decode(good, 2), damaged)
  assert.throws(() => codec.decode(good.subarray(0, good.length - 1), 3), damaged)
  assert.throws(() => codec.decode(Buffer.from([9, 1]), 1), damaged)
  assert.throws(() => codec.decode(new Uint8Array(0), 0), damaged)
  assert.equal(codec.decode(new Uint8Array(good), 3), [1, 'a longer string here', 3])
})

test.run()
