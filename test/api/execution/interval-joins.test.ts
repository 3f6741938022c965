/** Interval joins as jobs: the result does not depend on the host or the parallelism. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers } from '../../runner/expect.ts'
import type { PairRow } from './fixtures/interval-joins.ts'

const JOINS = new URL('./fixtures/interval-joins.js', import.meta.url)
const COUNT = 600

const sorted = (rows: readonly PairRow[]): PairRow[] =>
  rows.toSorted((a, b) => a.left - b.left || a.right - b.right)

async function all(job: JobHandle, name: string): Promise<PairRow[]> {
  const rows: PairRow[] = []
  for await (const row of job.collect<PairRow>(name)) rows.push(row)
  return sorted(rows)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

function expectedItself(): PairRow[] {
  return upTo(COUNT).flatMap((left) =>
    [left + 10, left + 20]
      .filter((right) => right < COUNT)
      .map((right) => ({ left, right, key: left % 10 })),
  )
}

/** A right number r has the time 3 r. */
function expectedBoth(): PairRow[] {
  const rights = upTo(COUNT / 2)
  const pairs = upTo(COUNT).flatMap((left) =>
    rights
      .filter((r) => (3 * r) % 10 === left % 10 && 3 * r >= left - 10 && 3 * r < left + 10)
      .map((right) => ({ left, right, key: left % 10 })),
  )
  const lefts = new Set(pairs.map(({ left }) => left))
  const met = new Set(pairs.map(({ right }) => right))
  const alone = (numbers: number[], others: Set<number>): number[] =>
    numbers.filter((each) => !others.has(each))
  return [
    ...pairs,
    ...alone(upTo(COUNT), lefts).map((left) => ({ left, right: -1, key: left % 10 })),
    ...alone(rights, met).map((right) => ({ left: -1, right, key: (3 * right) % 10 })),
  ]
}

async function check(options: RunOptions, parallelism: number): Promise<void> {
  const nothingLeft = leftovers()
  const job = runJob(JOINS, { ...options, parallelism, args: { count: COUNT } })
  const [itself, both] = await Promise.all([all(job, 'itself'), all(job, 'both')])
  await job.result()
  assert.equal(itself, expectedItself())
  assert.equal(both, sorted(expectedBoth()))
  await nothingLeft()
}

test('the model has pairs and lonely numbers of both sides', () => {
  const both = expectedBoth()
  for (const side of ['left', 'right'] as const)
    assert.ok(
      both.some((row) => row[side] === -1),
      `nobody is without ${side}`,
    )
  assert.ok(both.some(({ left, right }) => left !== -1 && right !== -1))
})

for (const parallelism of [1, 2, 3]) {
  test(`threads × ${parallelism}: a stream joined with itself and with another one`, () =>
    check({ host: 'threads', slots: 2 }, parallelism))

  for (const seed of [1, 2, 3]) {
    test(`simulator × ${parallelism}, seed ${seed}: the same`, () =>
      check({ host: new Simulator({ seed, slots: 2 }) }, parallelism))
  }
}

test.run()
