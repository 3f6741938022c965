import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  periodicWatermarks,
  punctuatedWatermarks,
} from '../../../operators/time/custom-watermarks.ts'
import type { PeriodicGenerator } from '../../../operators/time/custom-watermarks.ts'
import { throwsCode } from '../../runner/expect.ts'

interface Order {
  readonly placedAt: number
}

test('a periodic generator moves only when it is asked, by what it has seen', () => {
  const generator = periodicWatermarks({
    create: () => {
      let newest = -Infinity
      return {
        onRecord: ({ placedAt }: Order) => (newest = Math.max(newest, placedAt)),
        onPeriodicEmit: () => newest - 10,
      }
    },
  }).createGenerator()
  generator.onRecord?.({ placedAt: 100 }, 0)
  assert.is(generator.current, -Infinity)
  generator.onPeriodicEmit?.()
  assert.is(generator.current, 90)
})

test('a periodic generator may see batches of times instead', () => {
  const seen: number[] = []
  const generator = periodicWatermarks({
    create: () => ({
      onBatch: (times, length) => {
        seen.push(...times.subarray(0, length))
      },
      onPeriodicEmit: () => seen.length,
    }),
  }).createGenerator()
  assert.is(generator.onRecord, undefined, 'nothing is paid per record')
  generator.onBatch?.(Float64Array.of(1, 2, 99), 2)
  generator.onPeriodicEmit?.()
  assert.equal([seen, generator.current], [[1, 2], 2])
})

test('no watermark, one that goes back and the final one change nothing', () => {
  const answers = [Infinity, 5, undefined, 3, 7]
  const generator = periodicWatermarks({
    create: () => ({ onPeriodicEmit: () => answers.shift() }),
  }).createGenerator()
  const reached = [0, 1, 2, 3, 4].map(() => {
    generator.onPeriodicEmit?.()
    return generator.current
  })
  assert.equal(reached, [-Infinity, 5, 5, 5, 7])
})

test('a generator that is an instance of a class keeps its this', () => {
  class Newest implements PeriodicGenerator<Order> {
    newest = 0
    onRecord(order: Order): void {
      this.newest = order.placedAt
    }
    onPeriodicEmit(): number {
      return this.newest
    }
  }
  const generator = periodicWatermarks<Order>({ create: () => new Newest() }).createGenerator()
  generator.onRecord?.({ placedAt: 4 }, 0)
  generator.onPeriodicEmit?.()
  assert.is(generator.current, 4)
})

test('punctuated watermarks follow the records that say so', () => {
  const generator = punctuatedWatermarks((order: Order, timestamp) =>
    order.placedAt === 0 ? undefined : timestamp - 1,
  ).createGenerator()
  const reached = [0, 1, 0, 1].map((placedAt, i) => {
    generator.onRecord?.({ placedAt }, [10, 20, 30, 5][i]!)
    return generator.current
  })
  assert.equal(reached, [-Infinity, 19, 19, 19])
})

test('what is no watermark is an error, and so are options that are none', () => {
  const wrong = periodicWatermarks({ create: () => ({ onPeriodicEmit: () => Number.NaN }) })
  throwsCode(() => wrong.createGenerator().onPeriodicEmit?.(), 'BAD_TIMESTAMP')
  const text = punctuatedWatermarks((() => 'soon') as never)
  throwsCode(() => text.createGenerator().onRecord?.(1, 1), 'BAD_TIMESTAMP')
  throwsCode(
    () => periodicWatermarks({ create: (() => ({})) as never }).createGenerator(),
    'INVALID_ARGUMENT',
  )
  throwsCode(() => periodicWatermarks(undefined as never), 'INVALID_ARGUMENT')
  throwsCode(() => periodicWatermarks({ create: 5 as never }), 'INVALID_ARGUMENT')
  throwsCode(() => punctuatedWatermarks(undefined as never), 'INVALID_ARGUMENT')
  const create = () => ({ onPeriodicEmit: () => 1 })
  for (const intervalMs of [0, -1, Number.NaN, Infinity]) {
    throwsCode(() => periodicWatermarks({ create, intervalMs }), 'INVALID_WATERMARK_INTERVAL')
  }
  assert.is(periodicWatermarks({ create, intervalMs: 50 }).name, 'periodic(50 ms)')
})

test.run()
