import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findUnsendable } from '../../../mailbox/sendable.ts'
import { checkSendable } from '../../../runtime/actors/sendable-message.ts'
import { throwsCode } from '../../runner/expect.ts'

const where = (): string => 'here'

test('it refuses exactly what the full search refuses', () => {
  const leaf = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
    fc.constant(() => 1),
    fc.constant(Symbol('s')),
  )
  const messages = fc.oneof(leaf, fc.dictionary(fc.string(), leaf), fc.array(leaf))
  fc.assert(
    fc.property(messages, (message) => {
      if (findUnsendable(message) === undefined) checkSendable(message, where)
      else throwsCode(() => checkSendable(message, where), 'UNSENDABLE_VALUE')
    }),
  )
})

test('the error says where and names the path', () => {
  const bad = { list: [1, { call: () => 1 }] }
  const error = throwsCode(() => checkSendable(bad, where), 'UNSENDABLE_VALUE') as Error
  assert.match(error.message, /^here: .*list\[1\]\.call/)
})

test('a message that contains itself is refused', () => {
  const loop: { self?: unknown } = {}
  loop.self = loop
  throwsCode(() => checkSendable(loop, where), 'UNSENDABLE_VALUE')
})

test.run()
