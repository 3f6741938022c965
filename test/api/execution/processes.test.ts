/** Process functions and broadcast state as jobs: the result does not depend on the host or the parallelism. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers } from '../../runner/expect.ts'
import type { HundredRow } from './fixtures/processes.ts'

const PROCESSES = new URL('./fixtures/processes.js', import.meta.url)
const COUNT = 1_500
const KEYS = 20

async function all<T>(job: JobHandle, name: string): Promise<T[]> {
  const values: T[] = []
  for await (const value of job.collect<T>(name)) values.push(value)
  return values
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

function expectedHundreds(): HundredRow[] {
  return upTo(KEYS).flatMap((key) =>
    upTo(COUNT / 100).map((hundred) => {
      const members = upTo(100).map((i) => hundred * 100 + i)
      const sum = members.filter((value) => value % KEYS === key).reduce((a, b) => a + b, 0)
      return { key, end: hundred * 100 + 99, sum }
    }),
  )
}

function expectedProducts(): [number, number][] {
  return upTo(KEYS).map((key) => {
    const sum = upTo(COUNT)
      .filter((value) => value % KEYS === key)
      .reduce((a, b) => a + b, 0)
    return [key, sum * 11_111]
  })
}

async function check(options: RunOptions, parallelism: number): Promise<void> {
  const nothingLeft = leftovers()
  const job = runJob(PROCESSES, { ...options, parallelism, args: { count: COUNT } })
  const [hundreds, products, everywhere] = await Promise.all([
    all<HundredRow>(job, 'hundreds'),
    all<readonly [number, number]>(job, 'multiplied'),
    all<string>(job, 'everywhere'),
  ])
  await job.result()
  assert.equal(
    hundreds.sort((a, b) => a.key - b.key || a.end - b.end),
    expectedHundreds(),
  )
  assert.equal(
    products.toSorted(([a], [b]) => a - b),
    expectedProducts(),
  )
  const copies = upTo(parallelism).flatMap((subtask) =>
    upTo(5).map((value) => `${value} in ${subtask}`),
  )
  assert.equal(everywhere.sort(), copies.sort())
  await nothingLeft()
}

for (const parallelism of [1, 2, 3]) {
  test(`threads × ${parallelism}: timers, connected and broadcast state give the same result`, () =>
    check({ host: 'threads', slots: 2 }, parallelism))

  for (const seed of [1, 2, 3]) {
    test(`simulator × ${parallelism}, seed ${seed}: the same`, () =>
      check({ host: new Simulator({ seed, slots: 2 }) }, parallelism))
  }
}

test.run()
