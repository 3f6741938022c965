import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  exponentialDelay,
  failureRate,
  fixedDelay,
  noRestart,
} from '../../../checkpoint/recovery/restart-strategy.ts'
import type { RestartStrategy } from '../../../checkpoint/recovery/restart-strategy.ts'
import { throwsCode } from '../../runner/expect.ts'

function start(strategy: RestartStrategy, random = 0.5) {
  let time = 1_000_000
  const decisions = strategy.start({ now: () => time, random: () => random })
  const failAfter = (spanMs: number): void => {
    time += spanMs
    decisions.failed()
  }
  return { decisions, failAfter }
}

test('without restarts the first failure is the last', () => {
  const { decisions, failAfter } = start(noRestart())
  failAfter(1)
  assert.is(decisions.canRestart, false)
})

test('a fixed number of restarts, each after the same wait', () => {
  const { decisions, failAfter } = start(fixedDelay({ attempts: 2, delayMs: 30 }))
  failAfter(1)
  failAfter(1)
  assert.equal([decisions.canRestart, decisions.backoffMs()], [true, 30])
  failAfter(1_000_000)
  assert.is(decisions.canRestart, false)
})

test('failures that are rare enough are survived for ever', () => {
  const { decisions, failAfter } = start(failureRate({ failures: 2, intervalMs: 100, delayMs: 5 }))
  for (let i = 0; i < 50; i++) failAfter(60)
  assert.equal([decisions.canRestart, decisions.backoffMs()], [true, 5])
  failAfter(20)
  assert.is(decisions.canRestart, false)
})

test('waits grow to the longest, and begin anew when the job has run well for long enough', () => {
  const { decisions, failAfter } = start(
    exponentialDelay({ initialMs: 10, maxMs: 60, multiplier: 2, resetAfterMs: 500, jitter: 0 }),
  )
  const waits = [10, 10, 10, 10].map((span) => {
    failAfter(span)
    return decisions.backoffMs()
  })
  assert.equal(waits, [20, 40, 60, 60])
  failAfter(560)
  assert.is(decisions.backoffMs(), 10)
  assert.ok(decisions.canRestart)
})

test('a job that fails the first time waits the first time, however long it ran', () => {
  const { decisions, failAfter } = start(
    exponentialDelay({ initialMs: 10, resetAfterMs: 500, jitter: 0 }),
  )
  failAfter(10_000)
  assert.is(decisions.backoffMs(), 10)
})

test('jitter moves a wait both ways, and never above the longest', () => {
  const options = { initialMs: 100, maxMs: 104, jitter: 0.1 }
  assert.is(start(exponentialDelay(options), 0).decisions.backoffMs(), 90)
  assert.is(start(exponentialDelay(options), 0.999).decisions.backoffMs(), 104)
})

const WRONG: readonly (readonly [string, () => RestartStrategy, string])[] = [
  ['attempts', () => fixedDelay({ attempts: -1, delayMs: 0 }), 'a whole number from 0, got -1'],
  ['a delay', () => fixedDelay({ attempts: 1, delayMs: Number.NaN }), 'at least 0, got NaN'],
  ['failures', () => failureRate({ failures: 0, intervalMs: 1, delayMs: 0 }), 'from 1, got 0'],
  [
    'an interval',
    () => failureRate({ failures: 1, intervalMs: 0, delayMs: 0 }),
    'at least 1, got 0',
  ],
  ['a first wait', () => exponentialDelay({ initialMs: 0 }), 'at least 1, got 0'],
  [
    'a longest wait below the first',
    () => exponentialDelay({ initialMs: 9, maxMs: 8 }),
    'at least 9, got 8',
  ],
  ['a multiplier', () => exponentialDelay({ multiplier: 1 }), 'a number above 1, got 1'],
  ['jitter', () => exponentialDelay({ jitter: 1.1 }), 'a number from 0 to 1, got 1.1'],
  [
    'jitter as a text',
    () => exponentialDelay({ jitter: '0.5' as never }),
    'exponentialDelayRestart: jitter must be a number from 0 to 1, got 0.5',
  ],
  [
    'a text instead of options',
    () => exponentialDelay('x' as never),
    'exponentialDelayRestart: expected an options object, with initialMs, .*; got "x"',
  ],
  [
    'a number instead of options',
    () => fixedDelay(3 as never),
    'fixedDelayRestart: expected an options object, with attempts, delayMs; got 3',
  ],
  [
    'a call without options',
    () => failureRate(undefined as never),
    'failureRateRestart: expected an options object, with failures, intervalMs, delayMs; got undefined',
  ],
  [
    'an option left out',
    () => failureRate({ failures: 1, intervalMs: 1 } as never),
    'failureRateRestart: delayMs must be milliseconds, at least 0, got undefined',
  ],
  [
    'an option of another strategy',
    () => exponentialDelay({ attempts: 3 } as never),
    "exponentialDelayRestart: unknown option 'attempts'; known are initialMs",
  ],
  [
    'a misspelt option',
    () => fixedDelay({ attempts: 3, delay: 1_000 } as never),
    "fixedDelayRestart: unknown option 'delay'; did you mean 'delayMs'\\? \\(known are attempts, delayMs\\)",
  ],
]

for (const [what, make, text] of WRONG) {
  test(`${what} that makes no sense is refused`, () => {
    const error = throwsCode(make, 'INVALID_RESTART_STRATEGY') as Error
    assert.match(error.message, new RegExp(text))
  })
}

test.run()
