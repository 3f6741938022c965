import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../api/index.ts'
import type { JobDefinition } from '../../api/index.ts'
import { Simulator } from '../../runtime/simulator.ts'
import { memorySink, numbers } from '../api/execution/fixtures/numbers.ts'
import { leftovers, throwsCode } from '../runner/expect.ts'
import { FakeActor } from './core-fakes.ts'

const SEEDS = 150

interface Run {
  readonly values: readonly number[]
  readonly trace: readonly string[]
}

async function simulate(job: JobDefinition, seed: number): Promise<Run> {
  const trace: string[] = []
  const host = new Simulator({ seed, slots: 1 + (seed % 3), trace: (line) => trace.push(line) })
  const handle = runJob(job, { host, parallelism: 1 + (seed % 2) })
  const values: number[] = []
  for await (const value of handle.collect<number>('out')) values.push(value)
  await handle.result()
  return { values: values.sort((a, b) => a - b), trace }
}

const diamond = defineJob('diamond', (env) => {
  const source = env.from(numbers(60, 20))
  const left = source.rebalance().map((value) => value * 2)
  const right = source.keyBy((value) => value % 5).reduce((a, b) => a + b)
  const rightCount = right.map(() => -1)
  left
    .union(rightCount)
    .shuffle()
    .map((value) => value + 1)
    .collect('out')
})

const DIAMOND_RESULT = [
  ...Array.from({ length: 60 }, () => 0),
  ...Array.from({ length: 60 }, (_, value) => value * 2 + 1),
]

/** More records than the credits of its channels, and a sink that is slower than its source. */
const backpressured = defineJob('backpressured', (env) => {
  const source = env.from(numbers(15_000, 5_000))
  source
    .broadcast()
    .filter((value) => value % 1_000 === 0)
    .global()
    .map((value) => value)
    .collect('out')
  source.to(memorySink({ slow: true }))
})

test(`${SEEDS} interleavings of a diamond give the same result`, async () => {
  const nothingLeft = leftovers()
  for (let seed = 0; seed < SEEDS; seed++) {
    const { values } = await simulate(diamond, seed)
    assert.equal(values, DIAMOND_RESULT, `seed ${seed}`)
  }
  await nothingLeft()
})

test('interleavings of a backpressured job give the same result', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const { values } = await simulate(backpressured, seed)
    const times = 1 + (seed % 2)
    const expected = Array.from({ length: 15 * times }, (_, i) => 1_000 * Math.floor(i / times))
    assert.equal(values, expected, `seed ${seed}`)
  }
})

test('the same seed gives the same trace, another one another', async () => {
  const first = await simulate(diamond, 7)
  assert.equal((await simulate(diamond, 7)).trace, first.trace)
  assert.not.equal((await simulate(diamond, 10)).trace, first.trace)
})

test('the order in which operations end in real time does not matter', async () => {
  const order = async (firstEndsFirst: boolean): Promise<string[]> => {
    const simulator = new Simulator({ seed: 3 })
    const heard: string[] = []
    const ends: (() => void)[] = []
    const all = ['a', 'b', 'c', 'd', 'e'].map(
      (name) =>
        new Promise<void>((resolve) => {
          const pending = new Promise<void>((end) => {
            ends.push(end)
          })
          simulator.main.slot.whenSettled(
            pending,
            () => {
              heard.push(name)
              resolve()
            },
            () => assert.unreachable(),
          )
        }),
    )
    for (const end of firstEndsFirst ? ends : ends.reverse()) end()
    await Promise.all(all)
    await simulator.stop()
    return heard
  }
  assert.equal(await order(true), await order(false))
})

test('what a timer has to end is waited for once, and the clock jumps to the timer', async () => {
  const simulator = new Simulator({ seed: 1 })
  const { slot } = simulator.main
  const startMs = simulator.clock.monotonicMs()
  await new Promise<void>((resolve) => {
    const timer = new Promise<void>((fire) => {
      slot.clock.schedule(60_000, fire)
    })
    slot.whenSettled(timer, resolve, () => assert.unreachable())
  })
  assert.ok(simulator.clock.monotonicMs() - startMs >= 60_000)
  await simulator.stop()
})

test('a run of too many steps is told to who uses the slots', async () => {
  const simulator = new Simulator({ seed: 1, maxSteps: 10 })
  const lost = new Promise<Error>((resolve) => {
    simulator.onLost((_, error) => {
      resolve(error)
    })
  })
  simulator.main.slot.ready(new FakeActor('endless', () => 'more'))
  assert.is(((await lost) as Error & { code: string }).code, 'SIMULATION_TOO_LONG')
})

test('seeds and slots are checked', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 32]) {
    throwsCode(() => new Simulator({ seed }), 'INVALID_SEED')
  }
  for (const slots of [0, 257, 1.5]) {
    throwsCode(() => new Simulator({ seed: 1, slots }), 'INVALID_SLOTS')
  }
})

test.run()
