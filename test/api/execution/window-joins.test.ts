/** Window joins and co-groups as jobs: the result does not depend on the host or the parallelism. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers } from '../../runner/expect.ts'
import { GAP_MS, keyOf, leftTime, rightTime } from './fixtures/window-joins.ts'

const JOINS = new URL('./fixtures/window-joins.js', import.meta.url)
const COUNT = 160
const KINDS = ['tumbling', 'sliding', 'lonely', 'sessions'] as const

interface Numbers {
  readonly left: readonly number[]
  readonly right: readonly number[]
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const EVERYBODY: Numbers = { left: upTo(COUNT), right: upTo(COUNT / 2) }

/** Both sides of each key and of each window from `start` to `end` that holds anybody. */
function inWindows(
  { left, right }: Numbers,
  { size, slide, offset = 0 }: { size: number; slide: number; offset?: number },
): { key: string; start: number; left: number[]; right: number[] }[] {
  const windows = []
  for (let start = offset - slide * 50; start < 1_500; start += slide) {
    const inside = (time: number): boolean => start <= time && time < start + size
    for (const key of upTo(7).map(keyOf)) {
      const lefts = left.filter((each) => keyOf(each) === key && inside(leftTime(each)))
      const rights = right.filter((each) => keyOf(each) === key && inside(rightTime(each)))
      if (lefts.length + rights.length > 0) windows.push({ key, start, left: lefts, right: rights })
    }
  }
  return windows
}

function joined(
  numbers: Numbers,
  spacing: { size: number; slide: number; offset?: number },
  outer: boolean,
): string[] {
  return inWindows(numbers, spacing).flatMap(({ key, start, left, right }) => {
    const lefts = left.length === 0 && outer ? ['-'] : left
    const rights = right.length === 0 && outer ? ['-'] : right
    return lefts.flatMap((a) => rights.map((b) => `${key} ${start}: ${a} ${b}`))
  })
}

function sessions({ left, right }: Numbers): string[] {
  return upTo(7)
    .map(keyOf)
    .flatMap((key) => {
      const all = [
        ...left.map((value) => ({ value, at: leftTime(value), side: 0 })),
        ...right.map((value) => ({ value, at: rightTime(value), side: 1 })),
      ]
      const found: { start: number; end: number; totals: [number, number] }[] = []
      for (const { value, at, side } of all
        .filter((each) => keyOf(each.value) === key)
        .sort((a, b) => a.at - b.at)) {
        let last = found.at(-1)
        if (last === undefined || at > last.end) {
          last = { start: at, end: at, totals: [0, 0] }
          found.push(last)
        }
        last.end = at + GAP_MS
        last.totals[side as 0 | 1] += value
      }
      return found.map(({ start, end, totals: [a, b] }) => `${key} ${start}-${end}: ${a} ${b}`)
    })
}

const EXPECTED: Readonly<Record<(typeof KINDS)[number], string[]>> = {
  tumbling: joined(EVERYBODY, { size: 50, slide: 50, offset: 7 }, false).sort(),
  sliding: joined(EVERYBODY, { size: 40, slide: 15 }, true).sort(),
  lonely: joined({ ...EVERYBODY, right: [] }, { size: 50, slide: 50 }, true).sort(),
  sessions: sessions(EVERYBODY).sort(),
}

async function all(job: JobHandle, name: string): Promise<string[]> {
  const texts: string[] = []
  for await (const text of job.collect<string>(name)) texts.push(text)
  return texts.sort()
}

async function check(options: RunOptions, parallelism: number): Promise<void> {
  const nothingLeft = leftovers()
  const job = runJob(JOINS, { ...options, parallelism, args: { count: COUNT } })
  const got = await Promise.all(KINDS.map((kind) => all(job, kind)))
  await job.result()
  for (const [i, kind] of KINDS.entries()) assert.equal(got[i], EXPECTED[kind], kind)
  await nothingLeft()
}

test('the model has pairs, lonely numbers of both sides, and sessions of one and of many', () => {
  assert.ok(EXPECTED.tumbling.length > 50)
  assert.ok(EXPECTED.sliding.some((text) => text.endsWith(' -')))
  assert.ok(EXPECTED.sliding.some((text) => text.includes(': - ')))
  assert.ok(EXPECTED.lonely.length === COUNT)
  const long = EXPECTED.sessions.filter((text) => {
    const [, start = '', end = ''] = / (-?\d+)-(-?\d+):/.exec(text) ?? []
    return Number(end) - Number(start) > GAP_MS
  })
  assert.ok(long.length > 10 && long.length < EXPECTED.sessions.length - 10)
})

for (const parallelism of [1, 2, 3]) {
  test(`threads × ${parallelism}: joins of tumbling and sliding windows, sessions of both sides, nobody to meet`, () =>
    check({ host: 'threads', slots: 2 }, parallelism))

  for (const seed of [1, 2]) {
    test(`simulator × ${parallelism}, seed ${seed}: the same`, () =>
      check({ host: new Simulator({ seed, slots: 2 }) }, parallelism))
  }
}

test.run()
