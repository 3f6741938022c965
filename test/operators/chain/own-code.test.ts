import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { uniqueComment, withOwnCode } from '../../../operators/chain/own-code.ts'

const outside = 5

test('the function works as the original does', () => {
  const counter = (from: number): (() => number) => {
    let count = from
    return () => count++
  }
  const own = withOwnCode(counter)
  assert.is.not(own, counter)
  const [a, b] = [own(1), own(10)]
  assert.equal([a(), a(), b(), a()], [1, 2, 10, 3])
})

test('a factory that uses something around it fails at its first call', () => {
  assert.throws(() => withOwnCode(() => outside)(), /outside is not defined/)
})

test('no two sources are equal, because V8 would give equal ones the same feedback', () => {
  assert.is.not(uniqueComment(), uniqueComment())
})

test.run()
