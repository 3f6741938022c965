/** Jobs that go on from a snapshot of themselves with another aggregate: parts of `combine` that are new, gone, elsewhere, or of another kind. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  aggregatingState,
  combine,
  count,
  countDistinct,
  max,
  mean,
  min,
  session,
  sliding,
  sum,
  topN,
  tumbling,
} from '../../../api/index.ts'
import type { AggregateFunction, KeyedStream, Stream } from '../../../api/index.ts'
import { operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessSnapshot, OperatorHarness } from '../../../api/testing/index.ts'
import { errorOf } from '../../checkpoint/state/state-rig.ts'

interface Sale {
  readonly shop: string
  readonly n: number
}

type Aggregate = AggregateFunction<Sale, unknown, unknown>
type Rig = OperatorHarness<Sale, { readonly main: unknown }>

const numberOf = ({ n }: Sale): number => n
/** What a window of no known kind keeps: a user's own, of which nobody knows the fields. */
const product: AggregateFunction<Sale, { product: number }, number> = {
  createAccumulator: () => ({ product: 1 }),
  add: (accumulator, { n }) => ({ product: accumulator.product * n }),
  getResult: (accumulator) => accumulator.product,
  merge: (a, b) => ({ product: a.product * b.product }),
}

/** Wherever accumulators are kept. All give the results of both records that `whole` hands them in the end. */
const KEEPERS: Readonly<
  Record<string, (sales: KeyedStream<string, Sale>, by: Aggregate) => Stream<unknown>>
> = {
  'a rolling aggregate': (sales, by) => sales.aggregate(by),
  'tumbling windows': (sales, by) => sales.window(tumbling(100)).aggregate(by),
  'sliding windows': (sales, by) => sales.window(sliding({ size: 100, slide: 50 })).aggregate(by),
  sessions: (sales, by) => sales.window(session(100)).aggregate(by),
  'windows of the general operator': (sales, by) =>
    sales.window(tumbling(100)).earlyResults({ everyRecords: 1000 }).aggregate(by),
  'aggregating state': (sales, by) =>
    sales.process({
      state: { all: aggregatingState(by) },
      processRecord: (sale, { state }, emit: (value: unknown) => void) => {
        state.all.add(sale)
        emit(state.all.get())
      },
    }),
}

function start(keeper: string, by: object, restore: HarnessSnapshot = []): Rig {
  const keep = KEEPERS[keeper] as NonNullable<(typeof KEEPERS)[string]>
  return operatorHarness(
    (sales: Stream<Sale>) =>
      keep(
        sales.keyBy(({ shop }) => shop),
        by as Aggregate,
      ),
    { restore },
  )
}

const AT = 10
const shop = 'a'

/** What is there of one record of 3 when a snapshot is made. */
function snapshotOf(keeper: string, by: object): HarnessSnapshot {
  const harness = start(keeper, by)
  harness.processRecord({ shop, n: 3 }, AT)
  return harness.snapshot()
}

/** The last result for one record of 3 with one aggregate and one of 5 with another. */
function lastOf(keeper: string, before: object, after: object): unknown {
  const harness = start(keeper, after, snapshotOf(keeper, before))
  harness.processRecord({ shop, n: 5 }, AT)
  harness.processWatermark(1_000)
  return harness.takeValues().at(-1)
}

interface Part {
  readonly aggregate: () => Aggregate
  readonly result: (numbers: readonly number[]) => unknown
}

const adding = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0)

/** Parts that are each of the same kind wherever they are, and what they make of these numbers. */
const PARTS: Readonly<Record<string, Part>> = {
  n: { aggregate: () => count(), result: (numbers) => numbers.length },
  sum: { aggregate: () => sum(numberOf) as Aggregate, result: adding },
  '7': {
    aggregate: () => mean(numberOf) as Aggregate,
    result: (numbers) => adding(numbers) / numbers.length,
  },
  'a/b': { aggregate: () => max(numberOf) as Aggregate, result: (numbers) => Math.max(...numbers) },
  own: {
    aggregate: () => product,
    result: (numbers) => numbers.reduce((all, n) => all * n, 1),
  },
  different: {
    aggregate: () => countDistinct(numberOf) as Aggregate,
    result: (numbers) => new Set(numbers).size,
  },
}

const names = fc.shuffledSubarray(Object.keys(PARTS), { minLength: 1 })
/** The names of parts, and of those that are in a combination within. */
const partNames = fc.tuple(names, fc.option(names))

type PartNames = readonly [outer: readonly string[], inner: readonly string[] | null]

function combined([outer, inner]: PartNames): Aggregate {
  const parts = outer.map((name) => [name, (PARTS[name] as Part).aggregate()] as const)
  // In the middle, so that its place changes too.
  if (inner !== null) parts.splice(parts.length >> 1, 0, ['in', combined([inner, null])])
  return combine(Object.fromEntries(parts) as never)
}

/** What comes of two numbers, the first of which only parts have seen that were there before. */
function expected(before: PartNames | undefined, after: PartNames, all: readonly [number, number]) {
  const [outer, inner] = after
  const results = outer.map((name) => {
    const seen = before?.[0].includes(name) === true ? all : all.slice(1)
    return [name, (PARTS[name] as Part).result(seen)] as const
  })
  const object: Record<string, unknown> = Object.fromEntries(results)
  if (inner === null) return object
  const innerBefore = before?.[1] ?? undefined
  const within: PartNames | undefined = innerBefore === undefined ? undefined : [innerBefore, null]
  object['in'] = expected(within, [inner, null], all)
  return object
}

for (const keeper of Object.keys(KEEPERS)) {
  const n = count()
  test(`${keeper}: whatever parts come and go, each has seen what came while it was there`, () => {
    fc.assert(
      fc.property(partNames, partNames, (before, after) => {
        const got = lastOf(keeper, combined(before), combined(after))
        assert.equal(got, expected(before, after, [3, 5]))
      }),
      { numRuns: 40 },
    )
  })

  test(`${keeper}: a part that is new begins empty`, () => {
    const after = combine({ n, mean: mean(numberOf), best: topN(2, numberOf), own: product })
    assert.equal(lastOf(keeper, combine({ n }), after), {
      n: 2,
      mean: 5,
      best: [{ shop, n: 5 }],
      own: 5,
    })
  })

  test(`${keeper}: a part that is gone is dropped, the others keep what they had`, () => {
    const before = combine({ mean: mean(numberOf), n, own: product })
    assert.equal(lastOf(keeper, before, combine({ n })), { n: 2 })
    assert.equal(lastOf(keeper, before, combine({ own: product })), { own: 15 })
  })

  test(`${keeper}: the order of the parts does not matter, also of parts within parts`, () => {
    const least = min(numberOf)
    const most = max(numberOf)
    const before = combine({ least, most, both: combine({ n, sum: sum(numberOf) }) })
    const after = combine({ both: combine({ sum: sum(numberOf), n }), most, least })
    assert.equal(lastOf(keeper, before, after), { both: { sum: 8, n: 2 }, most: 5, least: 3 })
  })

  test(`${keeper}: all parts may be others`, () => {
    assert.equal(lastOf(keeper, combine({ n }), combine({ m: n })), { m: 1 })
  })

  test(`${keeper}: a sum may become a mean, for they keep the same`, () => {
    const before = combine({ n, x: sum(numberOf) })
    assert.equal(lastOf(keeper, before, combine({ x: mean(numberOf) })), { x: 4 })
  })

  test(`${keeper}: a topN of fewer gives no more than it says`, () => {
    const harness = start(keeper, topN(3, numberOf))
    for (const amount of [3, 9, 7]) harness.processRecord({ shop, n: amount }, AT)
    const next = start(keeper, topN(2, numberOf), harness.snapshot())
    for (const amount of [8, 1]) next.processRecord({ shop, n: amount }, AT)
    next.processWatermark(1_000)
    assert.equal(next.takeValues().at(-1), [
      { shop, n: 9 },
      { shop, n: 8 },
    ])
  })

  test(`${keeper}: a topN of more is refused, for what the other has dropped is gone`, () => {
    const before = topN(2, numberOf) as Aggregate
    const after = topN(3, numberOf) as Aggregate
    for (const [stored, present, what] of [
      [before, after, /its aggregate keeps 3 records, .* best 2 only/],
      [combine({ x: before }), combine({ x: after }), /part 'x' of combine keeps 3 records/],
    ] as const) {
      const { code, message } = errorOf(() => lastOf(keeper, stored, present))
      assert.is(code, 'INCOMPATIBLE_STATE', message)
      assert.match(message, what)
    }
    assert.equal(lastOf(keeper, combine({ x: before }), combine({ y: after })), {
      y: [{ shop, n: 5 }],
    })
  })

  const changes: readonly (readonly [string, object, object, RegExp])[] = [
    ['count to mean', count(), mean(numberOf), /a count.*a sum or mean/],
    ['min to max', min(numberOf), max(numberOf), /a min.*a max/],
    ['count to an own one', count(), product, /a count.*aggregate of the user's/],
    ['count to combine', count(), combine({ n }), /a count.*a combination/],
    ['a set to a sum', countDistinct(numberOf), sum(numberOf), /a countDistinct.*a sum or mean/],
  ]
  for (const [name, before, after, kinds] of changes) {
    test(`${keeper}: a part of another kind is refused by its name, ${name}`, () => {
      const { code, message } = errorOf(() =>
        lastOf(
          keeper,
          combine({ n, x: before as Aggregate }),
          combine({ x: after as Aggregate, n }),
        ),
      )
      assert.is(code, 'INCOMPATIBLE_STATE', message)
      assert.match(message, /operator '.+', state '.+': part 'x' of combine/)
      assert.match(message, kinds)
    })

    test(`${keeper}: so is another kind of aggregate without parts, ${name}`, () => {
      const { code, message } = errorOf(() => lastOf(keeper, before, after))
      assert.is(code, 'INCOMPATIBLE_STATE', message)
      assert.match(message, kinds)
    })
  }

  test(`${keeper}: the path of a part within a part is named`, () => {
    const { message } = errorOf(() =>
      lastOf(keeper, combine({ in: combine({ x: n }) }), combine({ in: combine({ x: product }) })),
    )
    assert.match(message, /part 'in\.x' of combine/)
  })

  test(`${keeper}: it is refused also where nothing of it is left`, () => {
    const before = start(keeper, combine({ x: n })).snapshot()
    const { code } = errorOf(() => {
      const harness = start(keeper, combine({ x: product }), before)
      harness.processRecord({ shop, n: 5 }, AT)
    })
    assert.is(code, 'INCOMPATIBLE_STATE')
  })

  test(`${keeper}: what has changed its parts twice is read as what it was last`, () => {
    const first = snapshotOf(keeper, combine({ a: n, b: sum(numberOf) }))
    const second = start(keeper, combine({ b: sum(numberOf), c: n }), first).snapshot()
    const third = start(keeper, combine({ c: n, a: n, b: sum(numberOf) }), second)
    third.processRecord({ shop, n: 5 }, AT)
    third.processWatermark(1_000)
    assert.equal(third.takeValues().at(-1), { c: 1, a: 1, b: 8 })
  })

  test(`${keeper}: names that objects have of their own are names like others`, () => {
    const before = combine({ ['__proto__']: n, constructor: n })
    const after = combine({ toString: n, constructor: n, ['__proto__']: n })
    const result = lastOf(keeper, before, after) as object
    assert.equal(Object.entries(result), [
      ['toString', 1],
      ['constructor', 2],
      ['__proto__', 2],
    ])
  })

  test(`${keeper}: a user's own part may be undefined where nothing says what it is`, () => {
    const last: AggregateFunction<Sale, unknown, unknown> = {
      createAccumulator: () => null,
      add: () => undefined,
      getResult: (accumulator) => String(accumulator),
      merge: (_, b) => b,
    }
    const before = combine({ n, last })
    const harness = start(keeper, before, withoutLayouts(snapshotOf(keeper, before)))
    harness.processRecord({ shop, n: 5 }, AT)
    harness.processWatermark(1_000)
    assert.equal(harness.takeValues().at(-1), { n: 2, last: 'undefined' })
  })

  test(`${keeper}: what says nothing of its parts is taken as it lies, where it fits`, () => {
    const before = combine({ n, x: sum(numberOf), own: product })
    const silent = withoutLayouts(snapshotOf(keeper, before))
    const harness = start(keeper, before, silent)
    harness.processRecord({ shop, n: 5 }, AT)
    harness.processWatermark(1_000)
    assert.equal(harness.takeValues().at(-1), { n: 2, x: 8, own: 15 })
    for (const after of [combine({ n }), combine({ x: sum(numberOf), n, own: product })]) {
      const { code, message } = errorOf(() => {
        const other = start(keeper, after, silent)
        other.processRecord({ shop, n: 5 }, AT)
      })
      assert.is(code, 'INCOMPATIBLE_STATE', message)
    }
  })
}

for (const windows of [tumbling(100), session(100)]) {
  const reduced = (sales: Stream<Sale>): Stream<unknown> =>
    sales
      .keyBy((sale) => sale.shop)
      .window(windows)
      .reduce((a, b) => ({ shop: a.shop, n: a.n + b.n }))
  const counted = (sales: Stream<Sale>): Stream<unknown> =>
    sales
      .keyBy((sale) => sale.shop)
      .window(windows)
      .aggregate(product)

  test(`${windows.name}: a reduce goes on, also from a snapshot that says nothing`, () => {
    const before = operatorHarness(reduced)
    before.processRecord({ shop, n: 3 }, AT)
    const snapshot = before.snapshot()
    for (const restore of [snapshot, withoutLayouts(snapshot)]) {
      const harness = operatorHarness(reduced, { restore })
      harness.processRecord({ shop, n: 5 }, AT)
      harness.processWatermark(1_000)
      assert.equal(harness.takeValues(), [{ shop, n: 8 }])
    }
    const { code, message } = errorOf(() => operatorHarness(counted, { restore: snapshot }))
    assert.is(code, 'INCOMPATIBLE_STATE')
    assert.match(message, /its aggregate was stored as a reduce, but is an aggregate of the user's/)
  })
}

/** As versions wrote snapshots that did not say what accumulators were made of. */
function withoutLayouts(snapshot: HarnessSnapshot): HarnessSnapshot {
  return snapshot.map((each) => ({
    ...each,
    keyed: each.keyed.map(({ name, kind, version }) => ({ name, kind, version })),
  }))
}

test.run()
