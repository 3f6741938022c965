import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { alternate, geometricMean, opsPerSecond, ratios } from '../../benchmarks/measure.ts'
import { untilQuiet } from '../../benchmarks/quiet.ts'
import { rejects } from '../runner/expect.ts'

const ONE_ROUND_WHEN_STEADY = { rounds: 1, warmups: 'steady', between: () => undefined } as const

test('competitors take turns, and warm-ups do not count', async () => {
  const order: string[] = []
  const competitor = (name: string) => (): number => order.push(name)
  const runs = await alternate(
    { a: competitor('a'), b: competitor('b') },
    { rounds: 2, warmups: 1, between: () => order.push('-') },
  )
  assert.is(order.join(''), '-b-a-a-b-b-a')
  assert.equal(runs, { a: [6, 12], b: [8, 10] })
})

test('warming up until it is steady goes on while somebody becomes faster', async () => {
  const counting = (figures: readonly number[]) => {
    let calls = 0
    return { call: () => figures[calls++] ?? 20, calls: () => calls }
  }
  const slow = counting([1, 1.5, 1, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 4, 4.1, 4.2])
  const fixed = counting([])
  const runs = await alternate({ slow: slow.call, fixed: fixed.call }, ONE_ROUND_WHEN_STEADY)
  assert.is(
    slow.calls(),
    21 + 1,
    'the tenth was better, and the thirteenth; then eight that were not',
  )
  assert.is(fixed.calls(), 9 + 1, 'eight that were not better than the first')
  assert.equal(runs, { slow: [20], fixed: [20] })

  let last = 1
  let calls = 0
  const growing = (): number => {
    calls++
    return (last *= 2)
  }
  await alternate({ growing }, ONE_ROUND_WHEN_STEADY)
  assert.is(calls, 40 + 1, 'forty at the most')
})

test('a turn begins when nobody works any more, and in the end all the same', async () => {
  const clock = (readings: readonly number[]) => {
    let at = 0
    return { worked: () => readings[at++] ?? Number.NaN, asked: () => at }
  }
  const calming = clock([1_000, 1_200, 1_230, 1_240, 1_500])
  assert.ok(await untilQuiet({ lookMs: 1, worked: calming.worked }))
  assert.is(calming.asked(), 4, 'ten milliseconds are quiet, thirty are not')

  const busy = clock([0, 20, 40, 60, 80, 80])
  assert.not(await untilQuiet({ lookMs: 1, atMostMs: 4, worked: busy.worked }))
  assert.is(busy.asked(), 5)
  assert.ok(
    await untilQuiet({ lookMs: 1, busyMs: Number.MAX_VALUE }),
    'by the clocks of this machine',
  )
})

test('wrong numbers of rounds and runs are refused', async () => {
  await rejects(() => alternate({ a: () => 1 }, { rounds: 0 }), { message: /got 0/ })
  await rejects(() => alternate({ a: () => 1 }, { warmups: -1 }), { message: /got -1/ })
  assert.throws(() => ratios([1], [1, 2]), /got 1 and 2/)
})

test('a function that throws rejects with its error', async () => {
  const broken = (): never => {
    throw new Error('broken function')
  }
  const quick = { timeMs: 1, warmupMs: 1 }
  await rejects(() => opsPerSecond({ broken }, quick), { message: /broken function/ })
  const { fine } = await opsPerSecond({ fine: () => 1 }, quick)
  assert.ok(fine > 0)
})

test('a geometric mean is that of ratios: twice and half as fast are as fast', () => {
  assert.ok(Math.abs(geometricMean([2, 0.5]) - 1) < 1e-12)
  assert.ok(Math.abs(geometricMean([8]) - 8) < 1e-12)
  assert.throws(() => geometricMean([]), /at least one/)
  assert.throws(() => geometricMean([1, 0]), /above 0, got 0/)
})

test.run()
