/**
 * Holds the watermark valve against cases transcribed from Flink's own tests.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WatermarkValve } from '../../operators/time/watermark-valve.ts'
import { testCases } from './cases.ts'

type Time = number | 'MIN' | 'MAX'

type Step =
  | { readonly op: 'watermark'; readonly input: number; readonly ts: Time }
  | { readonly op: 'status'; readonly input: number; readonly status: 'idle' | 'active' }
  | {
      readonly op: 'expectNextOutput'
      readonly value: null | { readonly watermark?: Time; readonly status?: string }
    }

interface Case {
  readonly name: string
  readonly inputs: number
  readonly steps: readonly Step[]
}

function timeOf(time: Time): number {
  if (time === 'MIN') return -Infinity
  return time === 'MAX' ? Infinity : time
}

function check({ inputs, steps }: Case): void {
  const valve = new WatermarkValve(inputs)
  const outputs: object[] = []
  for (const step of steps) {
    if (step.op === 'expectNextOutput') {
      const expected =
        step.value?.watermark === undefined
          ? step.value
          : { watermark: timeOf(step.value.watermark) }
      assert.equal(outputs.shift() ?? null, expected)
      continue
    }
    const { watermark, idle } = valve
    if (!['watermark', 'status'].includes(step.op))
      throw new Error(`the adapter knows no step ${JSON.stringify(step)}`)
    if (step.op === 'watermark') valve.inputWatermark(step.input, timeOf(step.ts))
    else if (step.status === 'idle') valve.inputIdle(step.input)
    else valve.inputActive(step.input)
    if (valve.watermark !== watermark) outputs.push({ watermark: valve.watermark })
    if (valve.idle !== idle) outputs.push({ status: valve.idle ? 'idle' : 'active' })
  }
}

testCases('watermark-valve-cases.json', check)

test.run()
