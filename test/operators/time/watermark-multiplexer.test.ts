import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WatermarkMultiplexer } from '../../../operators/time/watermark-multiplexer.ts'
import { throwsCode } from '../../runner/expect.ts'

test('an output that has just come holds the watermark back, and one that has gone does not', () => {
  const multiplexer = new WatermarkMultiplexer()
  const first = multiplexer.add()
  first.advanceTo(10)
  assert.ok(multiplexer.update())
  const second = multiplexer.add()
  first.advanceTo(20)
  assert.not.ok(multiplexer.update())
  second.advanceTo(15)
  multiplexer.update()
  assert.is(multiplexer.watermark, 15)
  assert.ok(multiplexer.remove(second))
  assert.not.ok(multiplexer.remove(second))
  multiplexer.update()
  assert.is(multiplexer.watermark, 20)
  multiplexer.remove(first)
  assert.not.ok(multiplexer.update())
  assert.equal([multiplexer.watermark, multiplexer.size], [20, 0])
})

test('an output that is idle and goes on with an old watermark does not pull the combined one back', () => {
  const multiplexer = new WatermarkMultiplexer()
  const [slow, fast] = [multiplexer.add(), multiplexer.add()]
  slow.setIdle(true)
  fast.advanceTo(50)
  multiplexer.update()
  assert.ok(slow.advanceTo(7))
  assert.not.ok(multiplexer.update())
  assert.equal([multiplexer.watermark, multiplexer.idle], [50, false])
})

test('NaN is refused', () => {
  throwsCode(() => new WatermarkMultiplexer().add().advanceTo(Number.NaN), 'BAD_TIMESTAMP')
})

const ops = fc.oneof(
  fc.record({ op: fc.constant('add' as const) }),
  fc.record({ op: fc.constant('remove' as const), at: fc.nat(4) }),
  fc.record({ op: fc.constant('idle' as const), at: fc.nat(4) }),
  fc.record({
    op: fc.constant('watermark' as const),
    at: fc.nat(4),
    ts: fc.integer({ min: -5, max: 30 }),
  }),
)

test('model: the largest that the smallest of the active outputs has ever been', () => {
  fc.assert(
    fc.property(fc.array(ops, { maxLength: 60 }), (steps) => {
      const multiplexer = new WatermarkMultiplexer()
      const outputs: ReturnType<typeof multiplexer.add>[] = []
      let model: { ts: number; idle: boolean }[] = []
      let highest = -Infinity
      for (const step of steps) {
        if (step.op === 'add') {
          outputs.push(multiplexer.add())
          model.push({ ts: -Infinity, idle: false })
        } else {
          const output = outputs[step.at]
          const part = model[step.at]
          if (output === undefined || part === undefined) continue
          if (step.op === 'remove') {
            multiplexer.remove(output)
            outputs.splice(step.at, 1)
            model = model.filter((other) => other !== part)
          } else if (step.op === 'idle') {
            output.setIdle(true)
            part.idle = true
          } else {
            output.advanceTo(step.ts)
            part.ts = Math.max(part.ts, step.ts)
            part.idle = false
          }
        }
        multiplexer.update()
        const active = model.filter(({ idle }) => !idle)
        if (active.length > 0) highest = Math.max(highest, Math.min(...active.map(({ ts }) => ts)))
        assert.is(multiplexer.watermark, highest)
        if (model.length > 0) assert.is(multiplexer.idle, active.length === 0)
      }
    }),
  )
})

test.run()
