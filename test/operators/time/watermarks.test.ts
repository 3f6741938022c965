import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { boundedOutOfOrderness, monotonous } from '../../../operators/time/watermarks.ts'
import { codeOf } from '../operator-fakes.ts'

const batch = (...timestamps: number[]): [Float64Array, number] => [
  Float64Array.from(timestamps),
  timestamps.length,
]

test('the monotonous watermark is 1 ms behind the newest timestamp', () => {
  const generator = monotonous().createGenerator()
  assert.is(generator.current, -Infinity)
  generator.onBatch!(...batch(5, 7, 7))
  assert.is(generator.current, 6)
})

test('the bounded watermark is delay + 1 ms behind the newest timestamp and never goes back', () => {
  const generator = boundedOutOfOrderness(10).createGenerator()
  generator.onBatch!(...batch(100, 40))
  assert.is(generator.current, 89)
  generator.onBatch!(...batch(95))
  assert.is(generator.current, 89)
})

test('only the first records of a batch count, and those without a timestamp do not', () => {
  const generator = monotonous().createGenerator()
  generator.onBatch!(Float64Array.of(-Infinity, 3, 99), 2)
  assert.is(generator.current, 2)
  generator.onBatch!(new Float64Array(0), 0)
  assert.is(generator.current, 2)
})

test('each split has a generator of its own', () => {
  const strategy = monotonous()
  strategy.createGenerator().onBatch!(...batch(50))
  assert.is(strategy.createGenerator().current, -Infinity)
})

test('a delay that is none is refused', () => {
  for (const delay of [-1, Number.NaN, Infinity, '5' as never]) {
    assert.is(
      codeOf(() => boundedOutOfOrderness(delay)),
      'INVALID_WATERMARK_DELAY',
    )
  }
  assert.is(boundedOutOfOrderness(5).name, 'boundedOutOfOrderness(5 ms)')
})

test.run()
