/** Random streams through windows of whole jobs, at random parallelism and under random interleavings, give what the definition says. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import {
  boundedOutOfOrderness,
  count,
  evictors,
  globalWindow,
  session,
  sliding,
  triggers,
  tumbling,
} from '../../../api/index.ts'
import type { Emit, KeyedStream, Stream, WindowContext } from '../../../api/index.ts'
import { expectStream } from '../../../api/testing/index.ts'

interface Rec {
  readonly key: string
  readonly at: number
}

const DISORDER_MS = 40

/** Disordered but never late, with equal and negative times; also no record at all. Times are even. */
const RECORDS: fc.Arbitrary<readonly Rec[]> = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      step: fc.constantFrom(0, 0, 2, 8, 60),
      back: fc.integer({ min: 0, max: DISORDER_MS / 2 }),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map((list) => {
    let now = -150
    return list.map(({ key, step, back }) => {
      now += step * 2
      return { key, at: now - back * 2 }
    })
  })

type Kind =
  | { readonly kind: 'spaced'; readonly size: number; readonly slide: number }
  | { readonly kind: 'session'; readonly gap: number }
  | { readonly kind: 'count'; readonly size: number }
  | { readonly kind: 'last'; readonly size: number; readonly slide: number }

const SPAN = fc.integer({ min: 1, max: 90 })
const KIND: fc.Arbitrary<Kind> = fc.oneof(
  SPAN.map((size): Kind => ({ kind: 'spaced', size, slide: size })),
  fc.record({
    kind: fc.constant('spaced' as const),
    size: SPAN,
    slide: fc.integer({ min: 10, max: 90 }),
  }),
  // Odd: two sessions that touch are one, or two where the first has fired already.
  SPAN.map((gap): Kind => ({ kind: 'session', gap: 2 * gap + 1 })),
  fc.record({ kind: fc.constant('count' as const), size: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    kind: fc.constant('last' as const),
    size: fc.integer({ min: 1, max: 5 }),
    slide: fc.integer({ min: 1, max: 5 }),
  }),
)

/** How the windows of event time are computed: one operator each. */
type How = 'aggregate' | 'records' | 'final'
const HOW = fc.constantFrom<How>('aggregate', 'records', 'final')

function windowsOf(kind: Kind, how: How, keyed: KeyedStream<string, Rec>): Stream<string> {
  const show = (key: string, start: number, end: number, n: number): string =>
    `${key} ${start}-${end} ${n}`
  if (kind.kind === 'count' || kind.kind === 'last') {
    const windows =
      kind.kind === 'count'
        ? keyed.countWindow(kind.size)
        : keyed
            .window(globalWindow())
            .trigger(triggers.count(kind.slide))
            .evictor(evictors.count(kind.size))
    return windows.aggregate(count(), (n, { key }) => `${key} ${n}`)
  }
  const windows = keyed.window(
    kind.kind === 'session'
      ? session(kind.gap)
      : kind.size === kind.slide
        ? tumbling(kind.size)
        : sliding({ size: kind.size, slide: kind.slide }),
  )
  if (how === 'records') {
    return windows.process({
      process({ key, window }: WindowContext<string>, records, emit: Emit<string>) {
        emit(show(key, window.start, window.end, records.length))
      },
    })
  }
  const firing = how === 'final' ? windows.allowedLateness(7).results('final') : windows
  return firing.aggregate(count(), (n, { key, windowStart, windowEnd }) =>
    show(key, windowStart, windowEnd, n),
  )
}

function expected(kind: Kind, records: readonly Rec[]): string[] {
  return ['a', 'b', 'c'].flatMap((key) => {
    const times = records.filter((rec) => rec.key === key).map(({ at }) => at)
    switch (kind.kind) {
      case 'spaced':
        return spaced(kind, times).map((text) => `${key} ${text}`)
      case 'session':
        return sessions(kind.gap, times).map((text) => `${key} ${text}`)
      case 'count':
        return times.flatMap((_, i) => ((i + 1) % kind.size === 0 ? [`${key} ${kind.size}`] : []))
      case 'last':
        return times.flatMap((_, i) =>
          (i + 1) % kind.slide === 0 ? [`${key} ${Math.min(i + 1, kind.size)}`] : [],
        )
    }
  })
}

function spaced({ size, slide }: { size: number; slide: number }, times: number[]): string[] {
  const texts: string[] = []
  const first = Math.floor((Math.min(...times) - size) / slide) * slide
  for (let start = first; start <= Math.max(...times); start += slide) {
    const inside = times.filter((at) => start <= at && at < start + size).length
    if (inside > 0) texts.push(`${start}-${start + size} ${inside}`)
  }
  return texts
}

function sessions(gap: number, times: number[]): string[] {
  const found: { start: number; end: number; n: number }[] = []
  for (const at of times.sort((a, b) => a - b)) {
    const last = found.at(-1)
    if (last === undefined || at > last.end) found.push({ start: at, end: at + gap, n: 1 })
    else Object.assign(last, { end: at + gap, n: last.n + 1 })
  }
  return found.map(({ start, end, n }) => `${start}-${end} ${n}`)
}

for (const parallelism of [1, 2, 3]) {
  test(`any windows of any records at parallelism ${parallelism}, on one thread and in the simulator`, async () => {
    await fc.assert(
      fc.asyncProperty(RECORDS, KIND, HOW, fc.nat(1_000), async (records, kind, how, seed) => {
        const job = expectStream((input: Stream<Rec>) =>
          windowsOf(
            kind,
            how,
            input.keyBy(({ key }) => key),
          ),
        ).given(records, {
          timestamp: ({ at }) => at,
          watermarks: boundedOutOfOrderness(DISORDER_MS),
        })
        const results = expected(kind, records)
        await job.on({ parallelism }).toYieldInAnyOrder(results)
        await job.on({ parallelism, seeds: [seed] }).toYieldInAnyOrder(results)
      }),
      { numRuns: 40 },
    )
  })
}

test.run()
