import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertFailed, fixture, millrace } from './command.ts'

test('an error that no line of the user has thrown shows where the operator was declared', async () => {
  const ended = await millrace(['run', fixture('failures'), '--arg', 'in=record', '-p', '2'])
  assertFailed(ended, 1, 'UNSENDABLE_VALUE')
  assert.match(ended.stderr, /Operator 'select' /)
  assert.match(ended.stderr, /\n    at [^\n]*failures\.js:\d+:\d+\n$/)
})

test.run()
