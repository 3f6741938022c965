import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  buildInScope,
  evaluate,
  uniqueComment,
  withOwnCode,
} from '../../../operators/chain/own-code.ts'

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

test('what is built again in the same scope, in the same order, is the same code; anything else is not', () => {
  const add = (a: number) => (b: number) => a + b
  const build = (name: string): readonly unknown[] => {
    buildInScope(name)
    const evaluated = evaluate<() => number>([], `${uniqueComment()} return 1`)
    return [withOwnCode(add), withOwnCode(add), evaluated]
  }
  const first = build('a job */ of tasks 0,1')
  assert.is(new Set([...first, ...build('another job')]).size, 6)
  build('a job */ of tasks 0,1').forEach((code, i) => {
    assert.is(code, first[i])
  })
  assert.is((first[0] as typeof add)(2)(3), 5)
  assert.is((first[2] as () => number)(), 1)
})

test.run()
