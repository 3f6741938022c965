/** How long retries wait, and what is refused. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exponentialDelay, fixedDelay } from '../../../operators/async/retry-strategy.ts'
import { throwsCode } from '../../runner/expect.ts'

const always = (number: number) => (): number => number

test('a fixed delay is the same after every attempt', () => {
  const { attempts, delayMs } = fixedDelay({ attempts: 3, delayMs: 40 })
  assert.is(attempts, 3)
  assert.equal(
    [1, 2, 9].map((attempt) => delayMs(attempt, always(0.9))),
    [40, 40, 40],
  )
})

test('an exponential delay grows up to its bound', () => {
  const { delayMs } = exponentialDelay({ attempts: 9, initialMs: 10, maxMs: 100, multiplier: 3 })
  assert.equal(
    [1, 2, 3, 4, 1_000].map((attempt) => delayMs(attempt, always(0.5))),
    [10, 30, 90, 100, 100],
  )
})

test('jitter takes away a random part', () => {
  const { delayMs } = exponentialDelay({ attempts: 9, initialMs: 100, maxMs: 800, jitter: 0.5 })
  assert.equal(
    [0, 0.5, 1].map((random) => delayMs(2, always(random))),
    [200, 150, 100],
  )
})

test('the numbers can be seen by the fingerprint of a job', () => {
  const fields = Object.entries(exponentialDelay({ attempts: 2, initialMs: 1, maxMs: 5 }))
  assert.equal(Object.fromEntries(fields.filter(([, value]) => typeof value === 'number')), {
    attempts: 2,
    initialMs: 1,
    maxMs: 5,
    multiplier: 2,
    jitter: 0,
  })
})

const wrong: readonly [what: string, make: () => unknown, message: string][] = [
  [
    'no attempt',
    () => fixedDelay({ attempts: 0, delayMs: 1 }),
    'fixedDelay: attempts must be a whole number from 1, the first attempt included, got 0',
  ],
  [
    'half an attempt',
    () => exponentialDelay({ attempts: 1.5, initialMs: 1, maxMs: 1 }),
    'exponentialDelay: attempts must be a whole number from 1, the first attempt included, got 1.5',
  ],
  [
    'a negative delay',
    () => fixedDelay({ attempts: 2, delayMs: -1 }),
    'fixedDelay: delayMs must be a finite number from 0, got -1',
  ],
  [
    'an endless delay',
    () => fixedDelay({ attempts: 2, delayMs: Infinity }),
    'fixedDelay: delayMs must be a finite number from 0, got Infinity',
  ],
  [
    'a bound below the first delay',
    () => exponentialDelay({ attempts: 2, initialMs: 10, maxMs: 5 }),
    'exponentialDelay: maxMs must be a finite number from 10, got 5',
  ],
  [
    'a delay that shrinks',
    () => exponentialDelay({ attempts: 2, initialMs: 1, maxMs: 5, multiplier: 0.5 }),
    'exponentialDelay: multiplier must be a finite number from 1, got 0.5',
  ],
  [
    'jitter above 1',
    () => exponentialDelay({ attempts: 2, initialMs: 1, maxMs: 5, jitter: 2 }),
    'exponentialDelay: jitter must be from 0 to 1, got 2',
  ],
  [
    'a predicate that is none',
    () => fixedDelay({ attempts: 2, delayMs: 1, when: true as never }),
    'fixedDelay: when must be a function, got boolean',
  ],
  [
    'no options',
    () => fixedDelay(undefined as never),
    'fixedDelay: expected an options object, with attempts, when, whenResult, delayMs; got undefined',
  ],
]

for (const [what, make, message] of wrong) {
  test(`${what} is refused`, () => {
    assert.is((throwsCode(make, 'INVALID_ARGUMENT') as Error).message, message)
  })
}

test.run()
