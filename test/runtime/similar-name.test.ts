import { test } from 'uvu'
import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { editDistance, similarName } from '../../runtime/similar-name.ts'

test('the nearest known name wins, the first among equals', () => {
  assert.is(similarName('ouput', ['input', 'output']), 'output')
  assert.is(similarName('OUTPUT', ['input', 'output']), 'output')
  assert.is(similarName('cat', ['bat', 'car']), 'bat')
})

test('a name that is far from all known ones is similar to none', () => {
  assert.is(similarName('parallelism', ['input', 'output']), undefined)
  assert.is(similarName('x', []), undefined)
})

test('swapped neighbours are one mistake', () => {
  assert.is(editDistance('form', 'from'), 1)
  assert.is(editDistance('kitten', 'sitting'), 3)
  assert.is(editDistance('', 'abc'), 3)
})

test('a distance is the same both ways, and 0 only between equals', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      assert.is(editDistance(a, b), editDistance(b, a))
      assert.is(editDistance(a, b) === 0, a === b)
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length))
    }),
  )
})

test.run()
