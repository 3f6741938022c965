/** Ratios that are compared with a baseline. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  baselineOf,
  compareWithBaseline,
  LEAST_TOLERANCE,
  MOST_TOLERANCE,
  parseBaseline,
} from '../../benchmarks/compare/baseline.ts'
import { figure } from '../../benchmarks/figure.ts'
import type { Figure } from '../../benchmarks/figure.ts'

const RATIO = 'q0: parallelism 1 / loop'

function ratio(runs: readonly number[], bounds = {}): Figure {
  return figure('loops', RATIO, runs, bounds)
}

function verdict(before: Figure, now: Figure): string | undefined {
  return compareWithBaseline(baselineOf([before]), [now])[0]?.verdict
}

test('a baseline has ratios only, because figures per second depend on the machine', () => {
  const figures = [
    ratio([0.5]),
    figure('loops', 'q0: loop, events/s', [1_000_000]),
    figure('latency', 'q5: 50th percentile, ms', [3]),
  ]
  assert.equal(
    baselineOf(figures).map(({ metric }) => metric),
    [RATIO],
  )
})

test('a ratio is slower only outside its tolerance', () => {
  const before = ratio([1])
  assert.is(verdict(before, ratio([1 - LEAST_TOLERANCE + 0.01])), 'the same')
  assert.is(verdict(before, ratio([1 - LEAST_TOLERANCE - 0.01])), 'slower')
  assert.is(verdict(before, ratio([1.3])), 'faster')
})

test('runs that lie far apart widen the tolerance, but a ratio that has halved is always slower', () => {
  assert.is(verdict(ratio([0.7, 1, 1.3]), ratio([0.75])), 'the same')
  assert.is(verdict(ratio([1]), ratio([0.55, 0.75, 0.95])), 'the same')
  assert.is(verdict(ratio([0.1, 1, 1.9]), ratio([1 - MOST_TOLERANCE - 0.01])), 'slower')
})

test('where smaller is better, more is slower', () => {
  const bounds = { reach: 1.05, aim: 1.02 }
  assert.is(verdict(ratio([1], bounds), ratio([1.3], bounds)), 'slower')
  assert.is(verdict(ratio([1], bounds), ratio([0.8], bounds)), 'faster')
})

test('what only one side has is not compared, and anything but a baseline is refused', () => {
  assert.equal(compareWithBaseline(baselineOf([ratio([1])]), []), [])
  const entries = baselineOf([ratio([1, 2, 3])])
  assert.equal(parseBaseline(JSON.parse(JSON.stringify(entries))), entries)
  assert.throws(() => parseBaseline({}), /a list/)
  assert.throws(() => parseBaseline([{ name: 'loops' }]), /expected name, metric/)
})

test.run()
