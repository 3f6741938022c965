/** Watermarks that a subtask with inputs makes anew: idleness, periodic and punctuated ones. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { InputSubtask } from '../../operators/input-subtask.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import { periodicWatermarks, punctuatedWatermarks } from '../../operators/time/custom-watermarks.ts'
import { withIdleness } from '../../operators/time/idleness.ts'
import { monotonous } from '../../operators/time/watermarks.ts'
import type { WatermarkGenerator, WatermarkStrategy } from '../../operators/time/watermarks.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import { subtaskRig } from './subtask-rig.ts'

/** A subtask that begins with a step which assigns timestamps, wired as in a job. */
function rig(watermarks: WatermarkStrategy<never>, seen: unknown[] = []) {
  const generator: WatermarkGenerator<never> = watermarks.createGenerator()
  const elements: ChainElement[] = [
    {
      name: 'stamp',
      step: {
        kind: 'timestamp',
        fn: (value) => {
          generator.onRecord?.(value, Number(value))
          return Number(value)
        },
      },
    },
    {
      name: 'witness',
      operator: {
        open: () => {},
        processRecord: (value) => seen.push(value),
        processWatermark: (watermark) => {
          seen.push(`w${watermark}`)
          return true
        },
        endInput: () => true,
        close: () => {},
      },
    },
  ]
  const surroundings = subtaskRig({ elements }, () => subtask)
  const subtask: InputSubtask = new InputSubtask({
    ...surroundings.parts,
    inputChannels: [0],
    watermarks: { ...watermarks, createGenerator: () => generator },
  })
  subtask.open()
  subtask.start()
  const { transport, clock, settle } = surroundings
  return {
    ...surroundings,
    subtask,
    give: async (...times: number[]): Promise<void> => {
      const timestamps = Float64Array.from(times)
      subtask.inputs.offer(0, { values: times, timestamps, length: times.length })
      await settle()
    },
    offer: async (item: ChannelItem): Promise<void> => {
      subtask.inputs.offer(0, item)
      await settle()
    },
    pass: async (ms: number): Promise<void> => {
      clock.advance(ms)
      await settle()
    },
    idles: () => transport.shapes.filter((shape) => shape === 'idle').length,
  }
}

test('without records for the timeout it is idle, once, and a record wakes it', async () => {
  const { give, pass, idles } = rig(withIdleness(monotonous(), 100))
  await pass(99)
  assert.is(idles(), 0)
  await give(1)
  await pass(99)
  assert.is(idles(), 0)
  await pass(1)
  await pass(1_000)
  assert.is(idles(), 1)
  await give(2)
  await pass(100)
  assert.is(idles(), 2)
})

test('records that wait to be taken are records', async () => {
  const { give, pass, idles, clock, subtask, settle } = rig(withIdleness(monotonous(), 100))
  await give(1)
  subtask.inputs.offer(0, { kind: 'watermark', timestamp: 1 })
  subtask.inputs.offer(0, { values: [5], timestamps: Float64Array.of(5), length: 1 })
  clock.advance(5_000)
  await settle()
  assert.is(idles(), 0)
  await pass(100)
  assert.is(idles(), 1)
})

test('no time passes while there is no room behind it', async () => {
  const { pass, idles, gate } = rig(withIdleness(monotonous(), 100))
  await pass(0)
  await pass(60)
  gate.block()
  await pass(10_000)
  gate.unblock()
  await pass(39)
  assert.is(idles(), 0)
  await pass(1)
  assert.is(idles(), 1)
})

test('a punctuated watermark goes before the next record', async () => {
  const seen: unknown[] = []
  const watermarks = punctuatedWatermarks((value: number) => (value % 10 === 0 ? value : undefined))
  const { give, offer } = rig(watermarks, seen)
  await give(1, 10, 5, 20, 21)
  await offer({ kind: 'watermark', timestamp: 999 })
  assert.equal(seen, [1, 10, 'w10', 5, 20, 'w20', 21], 'what comes in does not count')
  await offer({ kind: 'watermark', timestamp: Infinity })
  assert.is(seen.at(-1), 'wInfinity')
})

test('a periodic generator is asked at its interval until the end', async () => {
  const seen: unknown[] = []
  let newest = 0
  const watermarks = periodicWatermarks({
    create: () => ({
      onRecord: (value: number) => (newest = value),
      onPeriodicEmit: () => newest,
    }),
    intervalMs: 50,
  })
  const { give, offer, pass, clock } = rig(watermarks, seen)
  await give(1, 7)
  assert.equal(seen, [1, 7])
  await pass(50)
  assert.equal(seen, [1, 7, 'w7'])
  await offer({ kind: 'end' })
  assert.is(clock.pendingTimers, 0)
})

test.run()
