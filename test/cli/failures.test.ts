import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertFailed, fixture, millrace } from './command.ts'

const inUserCode: readonly (readonly [string, string, RegExp])[] = [
  ['map', 'enrich', /on record \{ n: 7 \}: no seven, please$/m],
  ['filter', 'select', /on record \{ n: 7 \}: no filter for 7$/m],
  ['aggregate', 'tally', /on record \{ n: 7 \}: cannot add 7$/m],
  ['sink write', 'out', /: disk on fire$/m],
  ['sink rejects', 'out', /: disk on fire$/m],
  ['source', 'items', /: the wire was cut$/m],
]

for (const [where, operator, message] of inUserCode) {
  test(`an error of user code (${where}) names operator, subtask and the user's line`, async () => {
    const ended = await millrace(['run', fixture('failures'), '--arg', `in=${where}`])
    assertFailed(ended, 1, 'OPERATOR_FAILED')
    assert.match(ended.stderr, new RegExp(`Operator '${operator}' \\(subtask [01]\\) failed`))
    assert.match(ended.stderr, message)
    assert.match(ended.stderr, /\n    at .*fixtures.failures\.js:\d+:\d+\n$/)
    assert.is(ended.stdout, '')
  })
}

test('a key selector that throws is named with its record and line', async () => {
  const ended = await millrace(['run', fixture('failures'), '--arg', 'in=keyBy'])
  assertFailed(ended, 1, 'OPERATOR_FAILED')
  assert.match(
    ended.stderr,
    /'select\.keyBy' .* on record \{ n: 7 \}: no key for 7\n    at .*failures\.js/,
  )
})

test('something thrown that is no error is shown as it is', async () => {
  const ended = await millrace(['run', fixture('failures'), '--arg', 'in=string'])
  assertFailed(ended, 1, 'OPERATOR_FAILED')
  assert.match(ended.stderr, /Operator 'enrich' .*: 'just a text'$/m)
})

for (const codec of ['columns', 'msgpack']) {
  test(`a function in a record that crosses slots is named with its path (${codec})`, async () => {
    const args = ['run', fixture('failures'), '--arg', 'in=record', '-p', '2', '--codec', codec]
    const ended = await millrace(args)
    assertFailed(ended, 1, 'UNSENDABLE_VALUE')
    assert.match(
      ended.stderr,
      /Operator 'select' \(subtask [01]\) failed on record \{ n: \d+, callback/,
    )
    assert.match(ended.stderr, /a function \(callback\) at record\.callback/)
  })
}

test('a thread that dies ends the job, and what killed it is told', async () => {
  const [exit, timer, rejection] = await Promise.all(
    ['exit', 'timer', 'rejection'].map((how) =>
      millrace(['run', fixture('failures'), '--arg', `in=${how}`]),
    ),
  )
  assertFailed(exit!, 1, 'SLOT_LOST')
  assert.match(exit!.stderr, /Slot \d lost its thread: .*exit.*3/)
  assertFailed(timer!, 1, 'SLOT_LOST')
  assert.match(timer!.stderr, /too late to catch \(its subtasks: .*\)\n    at .*failures\.js/)
  assertFailed(rejection!, 1, 'SLOT_LOST')
  assert.match(
    rejection!.stderr,
    /nobody waited for this \(its subtasks: .*\)\n    at .*failures\.js/,
  )
})

test('a thread that runs out of memory ends the job, and nothing else', async () => {
  const env = { NODE_OPTIONS: '--max-old-space-size=64' }
  const ended = await millrace(['run', fixture('memory'), '-p', '1'], { env })
  assertFailed(ended, 1, 'SLOT_LOST')
  assert.match(ended.stderr, /memory/)
})

test('the same mistakes on the calling thread are told alike', async () => {
  const inline = ['--host', 'inline', '--arg']
  const [map, timer] = await Promise.all([
    millrace(['run', fixture('failures'), ...inline, 'in=map']),
    millrace(['run', fixture('failures'), ...inline, 'in=timer']),
  ])
  assertFailed(map, 1, 'OPERATOR_FAILED')
  assertFailed(timer, 1, 'UNEXPECTED')
  assert.match(timer.stderr, /too late to catch\n    at .*failures\.js/)
})

test.run()
