import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ActorCounters } from '../../../runtime/actors/quiescence.ts'
import { isQuiet } from '../../../runtime/actors/quiescence.ts'

function counters(changes: Partial<ActorCounters> = {}): ActorCounters {
  const idle = { accepted: 4, completed: 4, waiting: 0, sent: 2, received: 2 }
  return { ...idle, actors: 0, deadLetters: 0, unobservedDeadLetters: 0, ...changes }
}

test('two equal looks without anything on its way are quiet', () => {
  const slots = [counters({ sent: 3, received: 1 }), counters({ sent: 1, received: 3 })]
  assert.ok(isQuiet(slots, slots))
})

test('one look is not enough, nor two that differ', () => {
  assert.not(isQuiet([], [counters()]))
  assert.not(isQuiet([counters()], [counters({ sent: 3, received: 3 })]))
  assert.not(isQuiet([counters({ accepted: 3, completed: 3 })], [counters()]))
  assert.not(isQuiet([], []))
})

test('mail in a mailbox, waiting for credit or on its way is not quiet', () => {
  for (const busy of [{ accepted: 5 }, { waiting: 1 }, { sent: 3 }]) {
    const slots = [counters(busy)]
    assert.not(isQuiet(slots, slots))
  }
})

test.run()
