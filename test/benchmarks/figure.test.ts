import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { figure, holds, median } from '../../benchmarks/figure.ts'

test('the median is the middle, or the mean of the two in the middle', () => {
  assert.is(median([5, 1, 3]), 3)
  assert.is(median([4, 1, 3, 100]), 3.5)
  assert.is(median([10, 9]), 9.5)
})

test('no runs, or runs that are not numbers, make no figure', () => {
  assert.throws(() => figure('a', 'b', []), /at least one number/)
  assert.throws(() => figure('a', 'b', [1, Number.NaN]), /finite/)
})

test('larger is better, unless the aim is below the reach', () => {
  const fast = figure('a', 'ratio', [3], { reach: 2.5, aim: 4 })
  assert.is(holds(fast, 'reach'), true)
  assert.is(holds(fast, 'aim'), false)
  const small = figure('a', 'microseconds', [150], { reach: 200, aim: 100 })
  assert.is(holds(small, 'reach'), true)
  assert.is(holds(small, 'aim'), false)
  assert.is(holds(figure('a', 'ratio', [3]), 'reach'), undefined)
})

test('the spread is taken over all runs', () => {
  const measured = figure('a', 'b', [8, 10, 12])
  assert.is(measured.value, 10)
  assert.is(measured.spread, 0.4)
})

test.run()
