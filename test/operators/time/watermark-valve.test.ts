import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WatermarkValve } from '../../../operators/time/watermark-valve.ts'
import { codeOf } from '../operator-fakes.ts'

test('the watermark is the smallest of all inputs and waits for every one', () => {
  const valve = new WatermarkValve(2)
  assert.not(valve.inputWatermark(0, 10))
  assert.is(valve.watermark, -Infinity)
  assert.ok(valve.inputWatermark(1, 7))
  assert.is(valve.watermark, 7)
  assert.ok(valve.inputWatermark(1, 20))
  assert.is(valve.watermark, 10)
})

test('an input that goes back changes nothing', () => {
  const valve = new WatermarkValve(1)
  valve.inputWatermark(0, 10)
  assert.not(valve.inputWatermark(0, 5))
  assert.is(valve.watermark, 10)
})

test('when input 0 goes idle, the watermark follows input 1', () => {
  const valve = new WatermarkValve(2)
  valve.inputWatermark(0, 3)
  valve.inputWatermark(1, 9)
  assert.ok(valve.inputIdle(0))
  assert.is(valve.watermark, 9)
  assert.not(valve.idle)
})

test('an input that wakes behind the watermark neither holds it back nor moves it until it has caught up', () => {
  const valve = new WatermarkValve(2)
  valve.inputIdle(0)
  valve.inputWatermark(1, 10)
  valve.inputActive(0)
  assert.ok(valve.inputWatermark(1, 15))
  assert.not(valve.inputWatermark(0, 12))
  assert.is(valve.watermark, 15)
  assert.not(valve.inputWatermark(0, 15))
  assert.not(valve.inputWatermark(1, 30))
  assert.is(valve.watermark, 15)
  assert.ok(valve.inputWatermark(0, 20))
  assert.is(valve.watermark, 20)
})

test('when the last active input goes idle while it holds the watermark back, the watermark moves to the largest', () => {
  const valve = new WatermarkValve(2)
  valve.inputWatermark(0, 5)
  valve.inputWatermark(1, 50)
  valve.inputIdle(1)
  assert.is(valve.watermark, 5)
  assert.ok(valve.inputIdle(0))
  assert.equal([valve.watermark, valve.idle], [50, true])
})

test('when the last active input goes idle while it is only catching up, the watermark stays', () => {
  const valve = new WatermarkValve(3)
  valve.inputWatermark(2, 50)
  valve.inputIdle(2)
  valve.inputWatermark(1, 10)
  valve.inputIdle(0)
  assert.is(valve.watermark, 10)
  valve.inputActive(0)
  valve.inputIdle(1)
  assert.is(valve.watermark, 10)
  assert.ok(valve.inputIdle(0))
  assert.equal([valve.watermark, valve.idle], [10, true])
})

test('the first input that wakes wakes the whole', () => {
  const valve = new WatermarkValve(2)
  assert.not(valve.inputIdle(0))
  assert.ok(valve.inputIdle(1))
  assert.not(valve.inputIdle(1))
  assert.not(valve.inputWatermark(0, 5), 'an idle input has no watermark')
  assert.ok(valve.inputActive(1))
  assert.not(valve.inputActive(0))
  assert.not(valve.idle)
})

test('an ended input, whose last watermark is infinite, holds nothing back', () => {
  const valve = new WatermarkValve(2)
  valve.inputWatermark(0, Infinity)
  assert.ok(valve.inputWatermark(1, 3))
  assert.is(valve.watermark, 3)
  assert.ok(valve.inputWatermark(1, Infinity))
  assert.is(valve.watermark, Infinity)
})

test('whatever comes, the watermark never goes back and every answer says whether something changed', () => {
  const step = fc.record({
    input: fc.nat(3),
    action: fc.oneof(fc.constantFrom('idle', 'active'), fc.integer({ min: -5, max: 20 })),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const valve = new WatermarkValve(4)
      for (const { input, action } of steps) {
        const before = [valve.watermark, valve.idle] as const
        const changed =
          action === 'idle'
            ? valve.inputIdle(input)
            : action === 'active'
              ? valve.inputActive(input)
              : valve.inputWatermark(input, action)
        assert.ok(valve.watermark >= before[0])
        assert.is(changed, valve.watermark !== before[0] || valve.idle !== before[1])
      }
    }),
    { numRuns: 1_000 },
  )
})

test('wrong arguments are refused by code', () => {
  for (const inputs of [0, -1, 1.5, Number.NaN]) {
    assert.is(
      codeOf(() => new WatermarkValve(inputs)),
      'INVALID_INPUT_COUNT',
    )
  }
  const valve = new WatermarkValve(1)
  assert.is(
    codeOf(() => valve.inputWatermark(1, 0)),
    'INVALID_INPUT',
  )
  assert.is(
    codeOf(() => valve.inputIdle(-1)),
    'INVALID_INPUT',
  )
  assert.is(
    codeOf(() => valve.inputWatermark(0, Number.NaN)),
    'BAD_TIMESTAMP',
  )
})

test.run()
