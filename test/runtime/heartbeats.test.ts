import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Heartbeats } from '../../runtime/heartbeats.ts'

/** Slots that are asked and answer only when told to. */
function createRig(timeoutMs = 100) {
  let nowMs = 0
  const silent: number[] = []
  const asked: number[] = []
  const answers = new Map<number, () => void>()
  const heartbeats = new Heartbeats({
    timeoutMs,
    now: () => nowMs,
    onSilent: (slot) => silent.push(slot),
  })
  return {
    heartbeats,
    silent,
    asked,
    watch: (slot: number) => {
      heartbeats.watch(slot, () => {
        asked.push(slot)
        return new Promise<void>((resolve) => answers.set(slot, resolve))
      })
    },
    answer: async (slot: number) => {
      answers.get(slot)?.()
      await Promise.resolve()
      await Promise.resolve()
    },
    /** Time passes, and the timer rings at its end. */
    look: (spanMs: number) => {
      nowMs += spanMs
      heartbeats.look()
    },
  }
}

test('a slot that does not answer in time is given up, once; one that does is not', async () => {
  const { watch, look, answer, silent, asked } = createRig()
  watch(1)
  watch(2)
  look(20)
  assert.equal(asked, [1, 2])
  for (let i = 0; i < 10; i++) {
    await answer(2)
    look(20)
  }
  assert.equal(silent, [1])
  assert.equal(
    asked.filter((slot) => slot === 1),
    [1],
    'one question at a time',
  )
  assert.is(asked.filter((slot) => slot === 2).length, 11)
})

test('while the main thread was away no time has passed for anybody', async () => {
  const { watch, look, silent } = createRig()
  watch(1)
  look(20)
  look(5_000)
  assert.equal(silent, [])
  for (let i = 0; i < 4; i++) look(20)
  assert.equal(silent, [])
  look(20)
  assert.equal(silent, [1])
})

test('an answer that fails is no sign of life, and whoever is forgotten is not given up', () => {
  const { heartbeats, look, silent } = createRig()
  heartbeats.watch(1, () => Promise.reject(new Error('gone')))
  heartbeats.watch(2, () => new Promise(() => {}))
  heartbeats.forget(2)
  for (let i = 0; i < 12; i++) look(20)
  assert.equal(silent, [1])
})

test.run()
