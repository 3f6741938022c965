import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SLOTS_PER_ID } from '../../../runtime/actors/actor-mail.ts'
import { HeldMail } from '../../../runtime/actors/held-mail.ts'

const id = (number: number, spawner: number): number => number * SLOTS_PER_ID + spawner

function heldIn(slot: number): {
  held: HeldMail
  delivered: string[]
  hold: (actor: number, mail: string) => void
} {
  const held = new HeldMail(slot, 4)
  const delivered: string[] = []
  return {
    held,
    delivered,
    hold: (actor, mail) => {
      held.hold(actor, () => delivered.push(mail))
    },
  }
}

test('mail that overtook the spawn of its actor is delivered, in order, once the actor is there', () => {
  const { held, delivered, hold } = heldIn(2)
  assert.ok(held.isExpected(id(5, 1)))
  hold(id(5, 1), 'a')
  hold(id(5, 1), 'b')
  held.spawned(id(3, 1))
  assert.equal(delivered, [])
  assert.is(held.size, 2)
  held.spawned(id(5, 1))
  assert.equal(delivered, ['a', 'b'])
  assert.is(held.size, 0)
})

test('an actor older than the newest of its spawner will not come any more', () => {
  const { held } = heldIn(2)
  held.spawned(id(5, 1))
  assert.not(held.isExpected(id(5, 1)))
  assert.not(held.isExpected(id(4, 1)))
  assert.ok(held.isExpected(id(6, 1)))
  assert.ok(held.isExpected(id(4, 3)))
})

test('an unknown actor that the slot itself has spawned is gone', () => {
  assert.not(heldIn(2).held.isExpected(id(9, 2)))
})

test('when a spawner skips numbers, mail for the skipped ones is let go', () => {
  const { held, delivered, hold } = heldIn(2)
  hold(id(5, 1), 'skipped')
  held.expectFrom(1, 6)
  assert.equal(delivered, ['skipped'])
})

test('an actor that comes back does not let the mail of others go', () => {
  const { held, delivered, hold } = heldIn(2)
  hold(id(5, 1), 'five')
  hold(id(2, 1), 'two')
  held.release(id(5, 1))
  assert.equal(delivered, ['five'])
  assert.ok(held.isExpected(id(2, 1)))
})

test('an actor out of a snapshot is expected until every slot has brought its own back, whoever had spawned it', () => {
  const { held, delivered, hold } = heldIn(2)
  held.restored(10, [0, 1])
  // The second is of a slot that is no more, the third of this slot itself.
  const old = [id(5, 1), id(5, 200), id(5, 2)]
  for (const actor of old) assert.ok(held.isExpected(actor))
  hold(id(5, 200), 'a')
  hold(id(5, 2), 'b')
  held.expectFrom(1, 12)
  for (const actor of old) assert.ok(held.isExpected(actor))
  held.release(id(5, 200))
  assert.equal(delivered, ['a'])
  held.expectFrom(0, 12)
  for (const actor of old) assert.not(held.isExpected(actor))
  assert.equal(delivered, ['a', 'b'])
  assert.ok(held.isExpected(id(12, 1)))
  assert.not(held.isExpected(id(12, 2)))
})

test.run()
