import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { generatorSource } from '../../../connectors/generator/index.ts'
import type { GeneratorClock } from '../../../connectors/generator/index.ts'
import { drain, failureOf, readerContext, readResuming, readSource, splitsOf } from '../drive.ts'

const numbers = (count?: number) =>
  generatorSource({ generate: (index) => index, ...(count === undefined ? {} : { count }) })

test('every index is generated exactly once, in order, by any number of readers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(60),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 9 }),
      async (count, parallelism, batchSize) => {
        const records = await readSource(numbers(count), { parallelism, batchSize })
        assert.equal(
          records,
          Array.from({ length: count }, (_, index) => index),
        )
      },
    ),
  )
})

test('a reader opened at any position of another goes on exactly there', async () => {
  const source = numbers(100)
  const [, second] = await splitsOf(source, 3)
  for (const records of await readResuming(source, second!, 7)) {
    assert.equal(
      records,
      Array.from({ length: 33 }, (_, index) => 33 + index),
    )
  }
})

test('an endless generator deals its indexes out, and goes on from a position', async () => {
  const source = numbers()
  const splits = await splitsOf(source, 2)
  assert.is(splits.length, 2)
  const context = readerContext({ parallelism: 2, batchSize: 3 })
  const reader = await source.open(splits[1]!, context)
  assert.equal(await reader.read(), [1, 3, 5])
  const other = await source.open(splits[1]!, context, reader.position)
  assert.equal(await other.read(), [7, 9, 11])
})

test('event times come with the batch when the source knows them, and are absent otherwise', async () => {
  const source = generatorSource({
    generate: (index) => ({ index }),
    timestamp: ({ index: own }, index) => own * 1000 + index,
    count: 3,
  })
  const [split] = await splitsOf(source)
  const reader = await source.open(split!, readerContext({ batchSize: 2 }))
  await reader.read()
  assert.equal([...(reader.timestamps ?? [])], [0, 1001])
  await reader.read()
  assert.equal([...(reader.timestamps ?? [])], [2002])
  const [plain] = await splitsOf(numbers(1))
  assert.is((await numbers(1).open(plain!, readerContext())).timestamps, undefined)
})

/** A clock on which a wait takes exactly as long as it should. */
function virtualClock(): GeneratorClock & { advance(ms: number): void; waits: number } {
  let now = 0
  return {
    waits: 0,
    monotonicMs: () => now,
    advance: (ms) => {
      now += ms
    },
    schedule(delayMs, callback) {
      this.waits++
      now += delayMs
      queueMicrotask(callback)
      return () => undefined
    },
  }
}

test('the rate is kept over all readers, and a pause is not caught up', async () => {
  const clock = virtualClock()
  const source = generatorSource({ generate: (index) => index, rate: 500, count: 500, clock })
  const [split] = await splitsOf(source)
  // one of two readers: 250 of the 500 records per second
  await drain(await source.open(split!, readerContext({ parallelism: 2 })))
  assert.ok(Math.abs(clock.monotonicMs() - 2000) <= 20, `${clock.monotonicMs()} ms`)
  const reader = await source.open(split!, readerContext({ parallelism: 2 }))
  clock.advance(60_000)
  assert.is((await reader.read())?.length, 25)
})

test('a reader that waits for its next record stops when the job does', async () => {
  const controller = new AbortController()
  const clock: GeneratorClock = { monotonicMs: () => 0, schedule: () => () => undefined }
  const source = generatorSource({ generate: (index) => index, rate: 1, clock })
  const [split] = await splitsOf(source)
  const reader = await source.open(split!, readerContext({}, controller.signal))
  assert.equal(await reader.read(), [0])
  const waiting = reader.read()
  controller.abort()
  assert.is(await waiting, undefined)
  assert.is(await reader.read(), undefined)
})

test('wrong arguments are refused at once', async () => {
  const generate = (index: number) => index
  for (const options of [
    {},
    { generate, count: -1 },
    { generate, count: 1.5 },
    { generate, count: NaN },
    { generate, rate: 0 },
    { generate, rate: Infinity },
    { generate, splits: 0 },
    { generate, timestamp: 1 },
  ]) {
    assert.is((await failureOf(() => generatorSource(options as never))).code, 'INVALID_ARGUMENT')
  }
})

test.run()
