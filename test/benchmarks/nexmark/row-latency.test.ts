/**
 * How long rows take, by notes that are made here and by those of a source and a sink.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  arrivalSink,
  readRowLatency,
  rowLatency,
} from '../../../benchmarks/nexmark/latency/row-latency.ts'
import { readTimes, TimeLog } from '../../../benchmarks/nexmark/latency/time-log.ts'
import type { Seen } from '../../../benchmarks/nexmark/latency/time-log.ts'
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'

const test = suite<{ folder: string }>('latency of rows')

test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'millrace-rows-'))
})

test.after.each(({ folder }) => rm(folder, { recursive: true }))

test('a row counts from the batch that reaches its time, and not at all beyond the last event', () => {
  const handedOut: Seen[] = [
    [100, 5_000],
    [200, 5_010],
  ]
  const came: Seen[] = [
    [40, 5_004],
    [100, 5_001],
    [101, 5_030],
    [200, 5_020],
    [201, 6_000],
  ]
  assert.equal(rowLatency(handedOut, came), { medianMs: 4, p99Ms: 20, rows: 4 })
  assert.is(rowLatency(handedOut, [[201, 6_000]]), undefined)
  assert.is(rowLatency([], came), undefined)
})

test('any notes: as a search from the beginning for each row finds it', () => {
  const seen = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 99 })),
    {
      maxLength: 20,
    },
  )
  const inOrder = (pairs: [number, number][]): Seen[] => pairs.toSorted(([a], [b]) => a - b)
  fc.assert(
    fc.property(seen.map(inOrder), seen.map(inOrder), (handedOut, came) => {
      const took = came
        .map(([time, clock]) => [clock, handedOut.find(([end]) => end >= time)] as const)
        .flatMap(([clock, left]) => (left === undefined ? [] : [Math.max(0, clock - left[1])]))
        .toSorted((a, b) => a - b)
      const found = rowLatency(handedOut, came)
      assert.is(found?.rows ?? 0, took.length)
      if (found === undefined) return
      assert.ok(took.filter((ms) => ms <= found.medianMs).length * 2 >= took.length)
      assert.ok(took.filter((ms) => ms < found.medianMs).length * 2 < took.length)
      assert.is(found.p99Ms, took.at(-1))
    }),
  )
})

test('notes go through files; a row without a time is none', async ({ folder }) => {
  const log = new TimeLog(folder, 'handed-out')
  log.note(20)
  log.flush()
  log.note(-10)
  log.flush()
  log.flush()
  assert.equal(
    (await readTimes(folder, 'handed-out')).map(([time]) => time),
    [-10, 20],
  )
  const writer = await arrivalSink(folder).open({ subtaskIndex: 0, parallelism: 1 })
  await writer.write(['a', 'b'], Float64Array.of(3, 15))
  await writer.write(['c'], Float64Array.of(MIN_TIMESTAMP))
  await writer.close()
  assert.is((await readRowLatency(folder))?.rows, 1)
})

test.run()
