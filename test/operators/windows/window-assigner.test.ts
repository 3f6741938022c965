import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { endOfStream, tumbling } from '../../../operators/windows/window-assigner.ts'
import { codeOf } from '../operator-fakes.ts'

test('every timestamp lies in its window, windows have one length, and starts are aligned to the offset', () => {
  const options = fc
    .integer({ min: 1, max: 1_000 })
    .chain((size) =>
      fc.record({ size: fc.constant(size), offset: fc.integer({ min: 1 - size, max: size - 1 }) }),
    )
  fc.assert(
    fc.property(
      options,
      fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.maxSafeInteger()),
      (window, timestamp) => {
        fc.pre(Math.abs(timestamp) < 8.64e15)
        const assigner = tumbling(window)
        const start = assigner.windowStart(timestamp)
        const end = assigner.windowEnd(start)
        assert.ok(start <= timestamp && timestamp < end)
        assert.is(end - start, window.size)
        assert.is(Math.abs((start - window.offset) % window.size), 0)
        assert.not(Object.is(start, -0))
      },
    ),
    { numRuns: 2_000 },
  )
})

test('negative and fractional timestamps go to the window below', () => {
  const assigner = tumbling(10)
  assert.equal(
    [-11, -10, -1, -0.5, -0, 0, 9.5].map((time) => assigner.windowStart(time)),
    [-20, -10, -10, -10, 0, 0, 0],
  )
})

test('a number is a size, and the name tells both options', () => {
  assert.is(tumbling(5).name, 'tumbling(5 ms)')
  assert.is(tumbling({ size: 5, offset: -2 }).name, 'tumbling(5 ms, offset -2 ms)')
  assert.is(tumbling(5).needsTimestamps, true)
})

test('sizes and offsets that make no windows are refused', () => {
  for (const size of [0, -1, 1.5, Number.NaN, Infinity, '5' as never]) {
    assert.is(
      codeOf(() => tumbling(size)),
      'INVALID_WINDOW',
    )
  }
  for (const offset of [5, -5, 6, 0.5, Number.NaN]) {
    assert.is(
      codeOf(() => tumbling({ size: 5, offset })),
      'INVALID_WINDOW',
    )
  }
})

test('the end-of-stream window holds everything', () => {
  const assigner = endOfStream()
  const start = assigner.windowStart(5)
  assert.equal([start, assigner.windowEnd(start)], [-Infinity, Infinity])
  assert.is(assigner.needsTimestamps, false)
})

test.run()
