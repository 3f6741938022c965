/** Windows in whole jobs give the same results at any parallelism, and in the simulator. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { boundedOutOfOrderness, count, session, sliding, tumbling } from '../../../api/index.ts'
import type { Emit, KeyedStream, Stream, WindowContext } from '../../../api/index.ts'
import { expectStream } from '../../../api/testing/index.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'

interface Rec {
  readonly key: string
  readonly n: number
  readonly at: number
}

/** Up to 20 ms out of order, so that nothing is late. */
const random = seededRandom(11)
const RECORDS: readonly Rec[] = Array.from({ length: 400 }, (_, n) => ({
  key: `k${Math.floor(random() * 7)}`,
  n,
  at: n * 3 + Math.floor(random() * 20),
}))

type Windows = (keyed: KeyedStream<string, Rec>) => Stream<string>

/** The result of windows that are known from the records alone. */
function expected(
  windowsOf: (records: readonly Rec[]) => (readonly [number, number, number])[],
): string[] {
  const keys = new Set(RECORDS.map(({ key }) => key))
  return [...keys].flatMap((key) => {
    const records = RECORDS.filter((record) => record.key === key).sort((a, b) => a.at - b.at)
    return windowsOf(records).map(([start, end, size]) => `${key} ${start}-${end} ${size}`)
  })
}

function aligned(size: number, slide: number) {
  return (records: readonly Rec[]): [number, number, number][] => {
    const windows: [number, number, number][] = []
    for (let start = -size; start < 2_000; start += slide) {
      const inside = records.filter(({ at }) => start <= at && at < start + size).length
      if (inside > 0) windows.push([start, start + size, inside])
    }
    return windows
  }
}

function sessions(gap: number) {
  return (records: readonly Rec[]): [number, number, number][] => {
    const windows: [number, number, number][] = []
    for (const { at } of records) {
      const last = windows.at(-1)
      if (last !== undefined && at <= last[1]) {
        last[1] = Math.max(last[1], at + gap)
        last[2]++
      } else windows.push([at, at + gap, 1])
    }
    return windows
  }
}

const listing = {
  process({ key, window }: WindowContext<string>, records: readonly Rec[], emit: Emit<string>) {
    emit(`${key} ${window.start}-${window.end} ${records.length}`)
  },
}

const JOBS: Readonly<Record<string, readonly [Windows, readonly string[]]>> = {
  'tumbling, all records kept': [
    (keyed) => keyed.window(tumbling(100)).process(listing),
    expected(aligned(100, 100)),
  ],
  'tumbling, aggregated': [
    (keyed) =>
      keyed
        .window(tumbling(100))
        .aggregate(
          count(),
          (n, { key, windowStart, windowEnd }) => `${key} ${windowStart}-${windowEnd} ${n}`,
        ),
    expected(aligned(100, 100)),
  ],
  'sliding, final results': [
    (keyed) =>
      keyed
        .window(sliding({ size: 100, slide: 50 }))
        .allowedLateness(10)
        .results('final')
        .aggregate(
          count(),
          (n, { key, windowStart, windowEnd }) => `${key} ${windowStart}-${windowEnd} ${n}`,
        ),
    expected(aligned(100, 50)),
  ],
  sessions: [(keyed) => keyed.window(session(25)).process(listing), expected(sessions(25))],
  counts: [
    (keyed) => keyed.countWindow(5).aggregate(count(), (n, { key }) => `${key} ${n}`),
    [...new Set(RECORDS.map(({ key }) => key))].flatMap((key) => {
      const { length } = RECORDS.filter((record) => record.key === key)
      return Array.from({ length: Math.floor(length / 5) }, () => `${key} 5`)
    }),
  ],
}

for (const [name, [windows, results]] of Object.entries(JOBS)) {
  assert.ok(results.length > 20, 'a test of nothing')
  const job = expectStream((input: Stream<Rec>) => windows(input.keyBy(({ key }) => key))).given(
    RECORDS,
    { timestamp: ({ at }) => at, watermarks: boundedOutOfOrderness(20) },
  )
  for (const parallelism of [1, 2, 3]) {
    test(`${name}, parallelism ${parallelism}`, () =>
      job.on({ parallelism }).toYieldInAnyOrder(results))
  }
  test(`${name}, in the simulator`, () =>
    job.on({ parallelism: 2, seeds: [1, 2, 3] }).toYieldInAnyOrder(results))
}

test.run()
