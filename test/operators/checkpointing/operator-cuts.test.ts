/**
 * What operators keep themselves (windows, slices, buffers, timers) is in a snapshot as it was at the cut, whatever they do while it is
 * packed: the same as what one synchronous call would have written. Results that were handed out are changed by whoever got them.
 */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import { count, sum } from '../../../operators/aggregates/aggregates.ts'
import { combine } from '../../../operators/aggregates/combine.ts'
import { aggregateByKey } from '../../../operators/aggregates/rolling-aggregate.ts'
import { reduceByKey } from '../../../operators/aggregates/rolling-reduce.ts'
import { intervalJoinOperator } from '../../../operators/joins/interval-join-operator.ts'
import { windowCoGroup } from '../../../operators/joins/window-co-group.ts'
import type { SidesFunction } from '../../../operators/joins/window-co-group.ts'
import type { OperatorContext, Output } from '../../../operators/operator.ts'
import { createWindowOperator } from '../../../operators/windows/create-window-operator.ts'
import { packedWindowAggregate } from '../../../operators/windows/packed-window-aggregate.ts'
import { session } from '../../../operators/windows/session-windows.ts'
import { slidingAggregate } from '../../../operators/windows/sliding-aggregate.ts'
import { sliding } from '../../../operators/windows/sliding-windows.ts'
import { tumbling } from '../../../operators/windows/window-assigner.ts'
import { windowAggregate } from '../../../operators/windows/window-aggregate.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { fakeContext, testBackend } from '../operator-fakes.ts'

interface Item {
  readonly key: number
  readonly ns: number[]
}

/** The parts of all operators that the test drives. */
interface Driven {
  open(context: OperatorContext, output: Output<never>): void
  take(item: Item, time: number): void
  processWatermark(watermark: number): boolean
}

const key = (item: Item): number => item.key
/** Its accumulator is its result, and is changed in place. */
const collect = {
  createAccumulator: (): number[] => [],
  add: (all: number[], item: Item) => {
    all.push(...item.ns)
    return all
  },
  merge: (a: number[], b: number[]) => {
    a.push(...b)
    return a
  },
  getResult: (all: number[]) => all,
}
const merged = (a: Item, b: Item): Item => {
  a.ns.push(...b.ns)
  return a
}

type Plain = {
  processRecord(value: never, time: number): void
  processWatermark(watermark: number): boolean
  open(context: OperatorContext, output: Output<never>): void
}

function driven(operator: Plain): Driven {
  return {
    open: (context, output) => {
      operator.open(context, output)
    },
    take: (item, time) => {
      operator.processRecord(item as never, time)
    },
    processWatermark: (watermark) => operator.processWatermark(watermark),
  }
}

function join(): Driven {
  const operator = intervalJoinOperator({
    kind: 'full',
    bounds: { lower: -5, upper: 5 },
    leftKey: key,
    rightKey: key,
    join: (left, right, _, emit) => {
      emit(left)
      emit(right)
    },
  })
  return {
    open: (context, output) => {
      operator.open(context, output)
    },
    take: (item, time) => {
      if ((item.ns[0] as number) % 2 === 0) operator.processRecord1(item as never, time)
      else operator.processRecord2(item as never, time)
    },
    processWatermark: (watermark) => operator.processWatermark(watermark),
  }
}

function coGroup(): Driven {
  const operator = windowCoGroup({
    windows: { assigner: tumbling(10) },
    keys: [key, key],
    process: { definition: { process: () => {} }, state: {}, windowState: {} },
    sides: ((
      _: unknown,
      { first, second }: { first: readonly Item[]; second: readonly Item[] },
      emit: (item: Item) => void,
    ) => {
      for (const item of [...first, ...second]) emit(item)
    }) as SidesFunction,
  })
  return {
    open: (context, output) => {
      operator.open(context, output)
    },
    take: (item, time) => {
      if ((item.ns[0] as number) % 2 === 0) operator.processRecord1(item, time)
      else operator.processRecord2(item, time)
    },
    processWatermark: (watermark) => operator.processWatermark(watermark),
  }
}

const windows = (options: Omit<Parameters<typeof createWindowOperator>[0], 'key'>): Driven =>
  driven(createWindowOperator({ ...options, key }))

const OPERATORS: Readonly<Record<string, () => Driven>> = {
  'a rolling aggregate': () => driven(aggregateByKey({ key, aggregate: collect })),
  'a rolling reduce': () => driven(reduceByKey(key, merged)),
  'an aggregate of tumbling windows': () =>
    driven(windowAggregate({ key, assigner: tumbling(10), aggregate: collect })),
  'numbers of tumbling windows, packed': () =>
    driven(
      packedWindowAggregate({
        key,
        assigner: tumbling(10),
        aggregate: combine({ n: count(), sum: sum(({ ns }: Item) => ns[0]) }),
        result: ({ n, sum: all }): Item => ({ key: n, ns: [all] }),
      }) as Plain,
    ),
  'an aggregate of sliding windows': () =>
    driven(slidingAggregate({ name: 'w', key, size: 20, slide: 5, offset: 0, aggregate: collect })),
  'totals of sliding windows': () =>
    driven(
      slidingAggregate({
        name: 'w',
        key,
        size: 20,
        slide: 5,
        offset: 0,
        aggregate: combine({ n: count(), sum: sum(({ ns }: Item) => ns[0]) }),
        result: ({ n, sum: all }): Item => ({ key: n, ns: [all] }),
      }),
    ),
  'windows of records with allowed lateness': () =>
    windows({ assigner: tumbling(10), allowedLatenessMs: 15 }),
  // Not of records: one that lies in two windows may not be changed by whoever gets it of one of them.
  'sliding windows': () =>
    windows({ assigner: sliding({ size: 20, slide: 10 }), aggregate: collect }),
  'an aggregate of sessions': () => windows({ assigner: session(6), aggregate: collect }),
  'sessions with allowed lateness': () =>
    windows({ assigner: session(6), aggregate: collect, allowedLatenessMs: 15 }),
  'an interval join': join,
  'a co-group': coGroup,
}

/** What is in the state, in one order. */
function contentsOf(make: () => Driven, snapshot: OperatorSnapshot): string[] {
  const { backend } = opened(make, [snapshot])
  return Array.from(backend.entries(), (entry) => JSON.stringify(entry)).sort()
}

function opened(make: () => Driven, restored: readonly OperatorSnapshot[] = []) {
  const operator = make()
  const backend: HeapStateBackend = testBackend('operator', new ManualClock(), restored)
  const output = {
    full: false,
    emit: (value: unknown) => {
      if (Array.isArray(value)) for (const each of [value, ...value]) spoil(each)
      else spoil(value)
    },
  }
  operator.open({ ...fakeContext(), state: backend }, output)
  return { operator, backend }
}

/** Whoever gets a record may do with it what he likes. */
function spoil(value: unknown): void {
  if (Array.isArray(value)) value.push(-1)
  else if (typeof value === 'object' && value !== null) (value as Item).ns.push(-1)
}

const event = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ key: fc.nat(6), ahead: fc.integer({ min: 0, max: 25 }) }),
  },
  { weight: 3, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ stepEntries: fc.integer({ min: 1, max: 5 }) }) },
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

function feed(
  operator: Driven,
  events: readonly Event[],
  from: number,
  onStep: (n: number) => void,
) {
  let watermark = from
  events.forEach((each, n) => {
    if ('advance' in each) {
      watermark += each.advance
      operator.processWatermark(watermark)
    } else if ('stepEntries' in each) {
      onStep(each.stepEntries)
    } else {
      operator.take({ key: each.key, ns: [n] }, watermark + each.ahead)
    }
  })
  return watermark
}

for (const [name, make] of Object.entries(OPERATORS)) {
  test(`${name}: a snapshot that is packed in steps is that of the cut`, () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 60 }),
        fc.array(event, { minLength: 10, maxLength: 60 }),
        (before, after) => {
          const atOnce = opened(make)
          feed(atOnce.operator, before, 0, () => {})
          const expected = contentsOf(make, atOnce.backend.snapshot())
          const inSteps = opened(make)
          const watermark = feed(inSteps.operator, before, 0, () => {})
          const cut = inSteps.backend.cut()
          feed(inSteps.operator, after, watermark, (entries) => cut.step(entries))
          assert.equal(contentsOf(make, cut.finish()), expected)
          // What was accessed meanwhile is as it would be without a snapshot.
          feed(atOnce.operator, after, watermark, () => {})
          const [now, there] = [inSteps.backend.snapshot(), atOnce.backend.snapshot()]
          assert.equal(contentsOf(make, now), contentsOf(make, there))
        },
      ),
      { numRuns: 45 },
    )
  })
}

test.run()
