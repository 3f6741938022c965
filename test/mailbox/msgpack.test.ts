/** Lists of values as msgpack: what the codecs of records do not show. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packList, packListForNow, unpackList } from '../../mailbox/msgpack.ts'

test('a list that is packed for now is the same, until the next one; those packed to stay are never overwritten', () => {
  const values = [1, 'a string of more than thirteen characters', { a: [new Date(0), 2n] }]
  const staying = packList(values, values.length)
  const copy = Buffer.from(staying)
  for (let size = 1; size < 20_000; size *= 3) {
    const large = [...values, 'x'.repeat(size)]
    const bytes = Buffer.from(packListForNow(large, large.length))
    assert.equal(unpackList(bytes, large.length), large)
    assert.equal(bytes, Buffer.from(packList(large, large.length)))
  }
  assert.equal(staying, copy)
})

test('it packs into the same memory again and again', () => {
  const first = packListForNow([1, 2, 3], 3)
  const second = packListForNow([4, 5, 6], 3)
  assert.is(first.buffer, second.buffer)
  assert.is(first.byteOffset, second.byteOffset)
})

test.run()
