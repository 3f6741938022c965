/** Window joins and co-groups of random records against their definition: all records of a key and window, each side in the order of its arrival. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { session, sliding, tumbling } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, twoInputHarness } from '../../../api/testing/index.ts'
import type { HarnessMode } from '../../../api/testing/index.ts'
import { canonicalKey } from '../../../checkpoint/canonical-key.ts'

type Key = number | string | null | bigint | readonly [string, number]

interface Item {
  readonly id: number
  readonly key: Key
  readonly at: number
  readonly side: 0 | 1
}

const GAP = 6
const ASSIGNERS = {
  tumbling: { assigner: tumbling(10), size: 10, slide: 10, offset: 0 },
  'tumbling with an offset': {
    assigner: tumbling({ size: 10, offset: 3 }),
    size: 10,
    slide: 10,
    offset: 3,
  },
  sliding: { assigner: sliding({ size: 12, slide: 5 }), size: 12, slide: 5, offset: 0 },
  'sliding with gaps': {
    assigner: sliding({ size: 10, slide: 15 }),
    size: 10,
    slide: 15,
    offset: 0,
  },
  sessions: { assigner: session(GAP), size: 0, slide: 0, offset: 0 },
}
type Windows = keyof typeof ASSIGNERS
const KINDS = ['inner', 'left', 'right', 'full', 'coGroup'] as const
type Kind = (typeof KINDS)[number]

/** What tells a result from all others. */
type Row = readonly [key: string, start: number, end: number, first: string, second: string]

function textOf(key: Key): string {
  return String(canonicalKey(key))
}

function joined(kind: Kind, windows: Windows, general: boolean) {
  const { assigner } = ASSIGNERS[windows]
  const keyOf = ({ key }: Item): Key => key
  return (left: Stream<Item>, right: Stream<Item>): Stream<Row> => {
    if (kind === 'coGroup') {
      const both = left.keyBy(keyOf).coGroup(right.keyBy(keyOf)).window(assigner)
      return (general ? both.allowedLateness(5).results('final') : both).process({
        coGroup({ key, window }, { first, second }, emit: Emit<Row>) {
          const ids = (items: readonly Item[]): string => items.map(({ id }) => id).join()
          emit([textOf(key), window.start, window.end, ids(first), ids(second)])
        },
      })
    }
    const both = left.keyBy(keyOf).join(right.keyBy(keyOf)).window(assigner)
    const pairs = general ? both.allowedLateness(5).results('final') : both
    return pairs[kind](
      (a: Item | undefined, b: Item | undefined, { key, windowStart, windowEnd }): Row => [
        textOf(key),
        windowStart,
        windowEnd,
        String(a?.id),
        String(b?.id),
      ],
    )
  }
}

/** The windows of the records of one key. */
function windowsOf(items: readonly Item[], windows: Windows): [number, number, Item[]][] {
  const { size, slide, offset } = ASSIGNERS[windows]
  const found = new Map<string, [number, number, Item[]]>()
  if (windows !== 'sessions') {
    for (const item of items) {
      let start = Math.floor((item.at - offset) / slide) * slide + offset
      for (; start > item.at - size; start -= slide) {
        const known = found.get(`${start}`)
        if (known === undefined) found.set(`${start}`, [start, start + size, [item]])
        else known[2].push(item)
      }
    }
    return [...found.values()]
  }
  const sessions: [number, number, Item[]][] = []
  for (const item of items.toSorted((a, b) => a.at - b.at)) {
    const last = sessions.at(-1)
    if (last === undefined || item.at > last[1]) sessions.push([item.at, item.at + GAP, [item]])
    else {
      last[1] = item.at + GAP
      last[2].push(item)
    }
  }
  return sessions.map(([start, end, all]) => [start, end, all.toSorted((a, b) => a.id - b.id)])
}

function expected(items: readonly Item[], kind: Kind, windows: Windows): Row[] {
  const keys = new Set(items.map(({ key }) => textOf(key)))
  return [...keys].flatMap((key) =>
    windowsOf(
      items.filter((item) => textOf(item.key) === key),
      windows,
    ).flatMap(([start, end, all]): Row[] => {
      const [first, second] = ([0, 1] as const).map((side) =>
        all.filter((item) => item.side === side).map(({ id }) => String(id)),
      ) as [string[], string[]]
      if (kind === 'coGroup') return [[key, start, end, first.join(), second.join()]]
      const [keepsFirst, keepsSecond] = [kind !== 'right', kind !== 'left']
      const alone = kind === 'inner' ? [] : ['undefined']
      const lefts = first.length === 0 && keepsSecond ? alone : first
      const rights = second.length === 0 && keepsFirst ? alone : second
      return lefts.flatMap((a) => rights.map((b): Row => [key, start, end, a, b]))
    }),
  )
}

/** One record, and whether event time follows. */
interface Step {
  readonly side: 0 | 1
  readonly key: Key
  readonly stepMs: number
  readonly fraction: number
  readonly advances: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom(0 as const, 1 as const),
  key: fc.constantFrom<Key>(0, -0, 'a', ['x', 1], null, 5n),
  stepMs: fc.integer({ min: -4, max: 5 }),
  fraction: fc.constantFrom(0, 0, 0.5),
  advances: fc.nat(3).map((n) => n === 0),
})

/** Out of order, but never late. */
function itemsOf(steps: readonly Step[], begin: number): (Item & { readonly watermark: number })[] {
  let newest = begin
  let watermark = -Infinity
  return steps.map(({ side, key, stepMs, fraction, advances }, id) => {
    const at = Math.max(watermark + 1, newest + stepMs) + fraction
    newest = Math.max(newest, Math.floor(at))
    if (advances) watermark = Math.max(watermark, newest - 5)
    return { id, key, at, side, watermark }
  })
}

/** What is asked for, and how. */
interface Case {
  readonly mode: HarnessMode
  readonly kind: Kind
  readonly windows: Windows
  readonly general: boolean
}

function check(
  { mode, kind, windows, general }: Case,
  steps: readonly Step[],
  begin: number,
): void {
  const harness = twoInputHarness(joined(kind, windows, general), { mode })
  const items = itemsOf(steps, begin)
  for (const item of items) {
    if (item.side === 0) harness.processRecord1(item, item.at)
    else harness.processRecord2(item, item.at)
    harness.processWatermark1(item.watermark)
    harness.processWatermark2(item.watermark)
  }
  harness.processWatermark1(Infinity)
  harness.processWatermark2(Infinity)
  const rows: Row[] = []
  let reached = -Infinity
  for (const item of harness.takeItems()) {
    if ('watermark' in item) {
      reached = item.watermark
      continue
    }
    rows.push(item.value)
    assert.is(item.timestamp, item.value[2] - 1)
    // Final results may come behind the watermark, as the documentation says.
    assert.ok(general || item.timestamp > reached, 'no result is late')
  }
  const texts = (list: readonly Row[]): string[] => list.map((row) => JSON.stringify(row)).sort()
  assert.equal(texts(rows), texts(expected(items, kind, windows)))
  assert.equal(harness.stateEntries(), [], 'nothing is left over')
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: whatever the windows and the kind, results are those of the definition`, () => {
    const which = fc.record({
      mode: fc.constant(mode),
      kind: fc.constantFrom(...KINDS),
      windows: fc.constantFrom(...(Object.keys(ASSIGNERS) as Windows[])),
      general: fc.boolean(),
    })
    const steps = fc.array(step, { maxLength: 25 })
    fc.assert(fc.property(which, steps, fc.constantFrom(0, -60), check), {
      numRuns: mode === 'restoring' ? 100 : 200,
    })
  })
}

test.run()
