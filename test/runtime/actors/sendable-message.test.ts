import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findUnsendable } from '../../../mailbox/sendable.ts'
import { checkSendable } from '../../../runtime/actors/sendable-message.ts'
import { throwsCode } from '../../runner/expect.ts'

const check = (value: unknown): void => {
  checkSendable(value, 'message', () => 'here')
}

test('it refuses exactly what the full search refuses', () => {
  const leaf = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
    fc.constant(() => 1),
    fc.constant(Symbol('s')),
  )
  const messages = fc.oneof(leaf, fc.dictionary(fc.string(), leaf), fc.array(leaf))
  fc.assert(
    fc.property(messages, (message) => {
      if (findUnsendable(message) === undefined) check(message)
      else throwsCode(() => check(message), 'UNSENDABLE_VALUE')
    }),
  )
})

test('the error says where and names the path, in words of messages', () => {
  const bad = { list: [1, { call: () => 1 }] }
  const error = throwsCode(() => check(bad), 'UNSENDABLE_VALUE') as Error
  assert.is(
    error.message,
    'here: expected plain data, got a function (call) at message.list[1].call',
  )
})

test('a message that contains itself is refused', () => {
  const loop: { self?: unknown } = {}
  loop.self = loop
  const error = throwsCode(() => check(loop), 'UNSENDABLE_VALUE') as Error
  assert.is(error.message, 'here: expected plain data, got a cycle back to message at message.self')
})

test.run()
