import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  outputTag,
  session,
  sliding,
  triggers,
  tumbling,
  evictors,
  valueState,
} from '../../../api/index.ts'
import type { Emit, KeyedStream, Stream, WindowAssigner, WindowJoin } from '../../../api/index.ts'
import { HARNESS_MODES, twoInputHarness } from '../../../api/testing/index.ts'
import type { HarnessMode } from '../../../api/testing/index.ts'
import { failure } from '../../api/fakes.ts'

interface Row {
  readonly key: string
  readonly id: number
}

type Step =
  | { readonly side: 1 | 2; readonly key: string; readonly at: number }
  | { readonly watermark: number }

type Kind = 'inner' | 'left' | 'right' | 'full'
const KINDS: readonly Kind[] = ['inner', 'left', 'right', 'full']

type Joined = WindowJoin<string, Row, Row>

function join(kind: Kind, joined: Joined): Stream<string> {
  const text = (
    a: Row | undefined,
    b: Row | undefined,
    window: { key: string; windowStart: number },
  ): string => `${window.key} ${window.windowStart}: ${a?.id ?? '-'} ${b?.id ?? '-'}`
  switch (kind) {
    case 'inner':
      return joined.inner(text)
    case 'left':
      return joined.left(text)
    case 'right':
      return joined.right(text)
    case 'full':
      return joined.full(text)
  }
}

const keyed = (rows: Stream<Row>): KeyedStream<string, Row> => rows.keyBy(({ key }) => key)

function harness(kind: Kind, assigner: WindowAssigner, mode: HarnessMode) {
  return twoInputHarness(
    (first: Stream<Row>, second: Stream<Row>) =>
      join(kind, keyed(first).join(keyed(second)).window(assigner)),
    { mode },
  )
}

/** The windows of a key from the definition: lists of what came before the watermark had passed their end. */
function model(
  kind: Kind,
  windowsOf: (at: number) => readonly number[],
  size: number,
  steps: readonly Step[],
): string[] {
  const windows = new Map<
    string,
    { key: string; start: number; firsts: number[]; seconds: number[] }
  >()
  const out: string[] = []
  let watermark = Number.NEGATIVE_INFINITY
  const fire = (upTo: number): void => {
    watermark = Math.max(watermark, upTo)
    for (const [id, { key, start, firsts, seconds }] of windows) {
      if (start + size - 1 > watermark) continue
      windows.delete(id)
      const lefts: (number | string)[] = firsts
      const rights: (number | string)[] = seconds
      const outerRight =
        rights.length === 0 && (kind === 'left' || kind === 'full') ? ['-'] : rights
      const outerLeft = lefts.length === 0 && (kind === 'right' || kind === 'full') ? ['-'] : lefts
      for (const a of outerLeft) for (const b of outerRight) out.push(`${key} ${start}: ${a} ${b}`)
    }
  }
  steps.forEach((step, id) => {
    if ('watermark' in step) {
      fire(step.watermark)
      return
    }
    for (const start of windowsOf(step.at)) {
      if (start + size - 1 <= watermark) continue
      const name = `${step.key} ${start}`
      const window = windows.get(name) ?? { key: step.key, start, firsts: [], seconds: [] }
      windows.set(name, window)
      ;(step.side === 1 ? window.firsts : window.seconds).push(id)
    }
  })
  fire(Number.POSITIVE_INFINITY)
  return out.sort()
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        side: fc.constantFrom(1 as const, 2 as const),
        key: fc.constantFrom('a', 'b'),
        at: fc.integer({ min: -20, max: 40 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ watermark: fc.integer({ min: -20, max: 40 }) }) },
  ),
  { maxLength: 30 },
)

for (const mode of HARNESS_MODES) {
  for (const kind of KINDS) {
    test(`${mode}: ${kind} joins of tumbling and sliding windows equal the definition`, async () => {
      await fc.assert(
        fc.asyncProperty(steps, fc.boolean(), async (list, slides) => {
          const assigner = slides ? sliding({ size: 10, slide: 5 }) : tumbling(10)
          const slide = slides ? 5 : 10
          const windowsOf = (at: number): number[] => {
            const last = Math.floor(at / slide) * slide
            return slides ? [last, last - slide] : [last]
          }
          const rig = harness(kind, assigner, mode)
          list.forEach((step, id) => {
            if ('watermark' in step) rig.processWatermark(step.watermark)
            else if (step.side === 1) rig.processRecord1({ key: step.key, id }, step.at)
            else rig.processRecord2({ key: step.key, id }, step.at)
          })
          await rig.endInput()
          assert.equal(rig.takeValues().sort(), model(kind, windowsOf, 10, list))
          assert.equal(rig.stateEntries(), [])
          rig.close()
        }),
        { numRuns: mode === 'restoring' ? 40 : 100 },
      )
    })
  }

  test(`${mode}: sessions grow by records of both sides`, async () => {
    const rig = harness('full', session(10), mode)
    rig.processRecord1({ key: 'a', id: 1 }, 0)
    rig.processRecord2({ key: 'a', id: 2 }, 8)
    rig.processRecord1({ key: 'a', id: 3 }, 30)
    rig.processWatermark(100)
    assert.equal(rig.takeItems(), [
      { value: 'a 0: 1 2', timestamp: 17 },
      { value: 'a 30: 3 -', timestamp: 39 },
      { watermark: 100 },
    ])
    rig.close()
  })

  test(`${mode}: a co-group gets both sides, with state, and what the windows were given sees plain records`, () => {
    const late = outputTag<Row>('late')
    const seen: unknown[] = []
    const rig = twoInputHarness(
      (first: Stream<Row>, second: Stream<Row>) => {
        const main = keyed(first)
          .coGroup(keyed(second))
          .window(tumbling(10))
          .trigger({
            ...triggers.eventTime(),
            onElement: (row: Row, timestamp, context) => {
              seen.push(row.id)
              return triggers.eventTime().onElement(row, timestamp, context)
            },
          })
          .evictor(evictors.count(3))
          .sideOutputLate(late)
          .process({
            state: { windows: valueState<number>() },
            coGroup(context, { first: firsts, second: seconds }, emit: Emit<string>) {
              const windows = (context.state.windows.get() ?? 0) + 1
              context.state.windows.set(windows)
              const ids = (rows: readonly Row[]): string => rows.map(({ id }) => id).join('+')
              emit(`${context.key} ${windows}: ${ids(firsts)} | ${ids(seconds)}`)
            },
          })
        return { main, late: main.sideOutput(late) }
      },
      { mode },
    )
    rig.processRecord1({ key: 'a', id: 1 }, 1)
    rig.processRecord1({ key: 'a', id: 2 }, 2)
    rig.processRecord2({ key: 'a', id: 3 }, 3)
    rig.processRecord2({ key: 'a', id: 4 }, 4)
    rig.processWatermark(10)
    rig.processRecord2({ key: 'a', id: 5 }, 5)
    rig.processRecord1({ key: 'a', id: 6 }, 15)
    rig.processWatermark(20)
    assert.equal(rig.takeValues(), ['a 1: 2 | 3+4', 'a 2: 6 | '])
    assert.equal(rig.takeValues('late'), [{ key: 'a', id: 5 }])
    assert.equal([...new Set(seen)], [1, 2, 3, 4, 6])
    rig.close()
  })
}

test('state per window is refused where windows merge', async () => {
  const refused = await failure('WINDOW_STATE_CANNOT_MERGE', () =>
    twoInputHarness((first: Stream<Row>, second: Stream<Row>) =>
      keyed(first)
        .coGroup(keyed(second))
        .window(session(10))
        .process({
          windowState: { seen: valueState<number>() },
          coGroup(_context, { first: firsts }, emit: Emit<number>) {
            emit(firsts.length)
          },
        }),
    ),
  )
  assert.match(
    refused.message,
    "the windows 'session(10 ms)' merge, but windowState.seen cannot: declare it under state, per key, or leave it out",
  )
})

test('streams without keys, and what is no stream, are refused', async () => {
  const using = (build: (first: Stream<Row>, second: Stream<Row>) => unknown) => () =>
    twoInputHarness(
      (first: Stream<Row>, second: Stream<Row>) => build(first, second) as Stream<Row>,
    )
  const unkeyed = await failure(
    'STREAM_WITHOUT_KEY',
    using((first, second) => keyed(first).join(second as never)),
  )
  assert.match(unkeyed.message, 'join: the stream has keys, the one given has none')
  const nothing = await failure(
    'INVALID_ARGUMENT',
    using((first) => keyed(first).coGroup('orders' as never)),
  )
  assert.match(nothing.message, 'coGroup: expected a keyed stream')
  const noFunction = await failure(
    'INVALID_ARGUMENT',
    using((first, second) =>
      keyed(first)
        .join(keyed(second))
        .window(tumbling(5))
        .inner(7 as never),
    ),
  )
  assert.match(noFunction.message, 'inner: the function must be a function, got ')
})

test.run()
