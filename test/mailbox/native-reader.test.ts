import { Packr } from 'msgpackr/pack'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packList, unpackList } from '../../mailbox/msgpack.ts'
import { loadNativeReader } from '../../mailbox/native-reader.ts'

test('lists are read the same before and after the native reader is there', async () => {
  const values = Array.from({ length: 50 }, (_, i) => ({
    name: `somebody number ${i}`,
    text: 'é'.repeat(i),
    at: i,
  }))
  const bytes = packList(values, values.length)
  assert.equal(unpackList(bytes, values.length), values)
  await loadNativeReader()
  assert.equal(unpackList(bytes, values.length), values)
})

test('what we import of msgpackr is part of the whole, to which the native reader is given', async () => {
  const whole = await import('msgpackr')
  assert.is(Packr, whole.Packr)
})

test.run()
