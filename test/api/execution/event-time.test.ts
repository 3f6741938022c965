/** Aligned sources, silent sources and punctuated watermarks in whole jobs, on every host. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { MAX_DRIFT } from './fixtures/event-time.ts'
import type { Reading } from './fixtures/event-time.ts'

const JOB = new URL('./fixtures/event-time.js', import.meta.url)

function run(host: RunOptions, parallelism: number, args: RunOptions['args'] = {}): JobHandle {
  return runJob(JOB, { ...host, parallelism, args })
}

/** One read of one split: what had been reached before, and what was afterwards. */
interface Batch {
  readonly member: string
  readonly split: string
  readonly atNs: number
  readonly before: number
  readonly after: number
}

function batchesOf(readings: readonly Reading[]): Batch[] {
  const times = new Map<string, { head: Reading; times: number[] }>()
  for (const reading of readings) {
    const { source, subtask, split, readAtNs } = reading
    const key = `${source}/${subtask}/${split}/${readAtNs}`
    const known = times.get(key)
    if (known === undefined) times.set(key, { head: reading, times: [reading.time] })
    else known.times.push(reading.time)
  }
  const sorted = [...times.values()].sort((a, b) => a.head.readAtNs - b.head.readAtNs)
  const reached = new Map<string, number>()
  return sorted.map(({ head, times: read }) => {
    const member = `${head.source}/${head.subtask}`
    const split = `${member}/${head.split}`
    const before = reached.get(split) ?? -Infinity
    const after = Math.max(...read) - 1
    reached.set(split, after)
    return { member, split, atNs: head.readAtNs, before, after }
  })
}

/** No batch was read of a split that was too far ahead of what any subtask with more to read had reached by then. */
function checkDrift(batches: readonly Batch[]): void {
  const splits = [...new Set(batches.map(({ split }) => split))]
  batches.forEach(({ split, before }, i) => {
    for (const other of splits) {
      // A split that is at its end does not count.
      if (!batches.slice(i).some((batch) => batch.split === other)) continue
      const reached = batches.slice(0, i).findLast((batch) => batch.split === other)?.after
      assert.ok(
        before <= (reached ?? -Infinity) + MAX_DRIFT,
        `${split} was read at ${before} while ${other} was at ${reached}`,
      )
    }
  })
}

async function aligned(host: RunOptions, parallelism: number): Promise<void> {
  const nothingLeft = leftovers()
  const until = parallelism === 1 ? 1_500 : 800
  const job = run(host, parallelism, { how: 'aligned', until })
  const readings: Reading[] = []
  for await (const reading of job.collect<Reading>('readings')) readings.push(reading)
  await job.result()
  // Two splits up to `until` and one up to twice as far, a record every 5 ms, in every subtask.
  assert.is(readings.length, (parallelism * (2 * until + 2 * until)) / 5)
  checkDrift(batchesOf(readings))
  await nothingLeft()
}

async function silent(host: RunOptions, parallelism: number): Promise<void> {
  const nothingLeft = leftovers()
  const job = run(host, parallelism, { how: 'silent', until: 600 })
  const ended = rejects(job.result(), { code: 'JOB_CANCELLED' })
  const windows: (readonly number[])[] = []
  const reading = (async () => {
    for await (const window of job.collect<readonly number[]>('windows')) {
      windows.push(window)
      // All that can come: the silent source goes on for ever.
      if (windows.length === 18) void job.cancel()
    }
  })()
  await Promise.allSettled([reading])
  await ended
  const expected = [0, 100, 200, 300, 400, 500].flatMap((start) =>
    [0, 1, 2].map((key) => {
      const own = Array.from({ length: 100 }, (_, i) => start + i).filter((v) => v % 3 === key)
      return [start, key, own.length + (start === 0 && key === 0 ? 1 : 0)]
    }),
  )
  assert.equal(
    windows.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d),
    expected,
  )
  await nothingLeft()
}

async function punctuated(host: RunOptions): Promise<void> {
  const job = run(host, 1, { how: 'punctuated', until: 40 })
  const seen: (readonly number[])[] = []
  for await (const pair of job.collect<readonly number[]>('seen')) seen.push(pair)
  await job.result()
  const expected = Array.from({ length: 40 }, (_, value) => [
    value,
    value === 0 ? -Infinity : Math.floor((value - 1) / 10) * 10,
  ])
  assert.equal(seen, expected)
}

const simulator = (seed: number): RunOptions => ({ host: new Simulator({ seed, slots: 2 }) })

for (const parallelism of [1, 2, 3]) {
  const threads: RunOptions = { host: 'threads', slots: 2 }
  test(`threads × ${parallelism}: aligned sources never drift by more than agreed`, () =>
    aligned(threads, parallelism))
  test(`threads × ${parallelism}: a silent source holds back no window`, () =>
    silent(threads, parallelism))

  for (const seed of [1, 2]) {
    test(`simulator × ${parallelism}, seed ${seed}: aligned sources never drift`, () =>
      aligned(simulator(seed), parallelism))
    test(`simulator × ${parallelism}, seed ${seed}: a silent source holds back no window`, () =>
      silent(simulator(seed), parallelism))
  }
}

test('inline: aligned sources never drift by more than agreed', () =>
  aligned({ host: 'inline' }, 2))

for (const [name, host] of [
  ['threads', { host: 'threads' }],
  ['inline', { host: 'inline' }],
  ['simulator', simulator(3)],
] as const) {
  test(`${name}: a punctuated watermark goes between two records of a step`, () => punctuated(host))
}

test.run()
