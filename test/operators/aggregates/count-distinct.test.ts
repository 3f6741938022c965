/** Counting different values, against Sets. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, countDistinct, countDistinctWhere } from '../../../api/index.ts'
import type { AggregateFunction, DistinctAccumulator } from '../../../api/index.ts'
import { canonicalKey } from '../../../checkpoint/canonical-key.ts'
import { packList, unpackList } from '../../../mailbox/msgpack.ts'
import { codeOf } from '../operator-fakes.ts'

interface Visit {
  readonly page: unknown
  readonly seconds: number
}

function fold<In, Acc>(aggregate: AggregateFunction<In, Acc, unknown>, values: Iterable<In>): Acc {
  let accumulator = aggregate.createAccumulator()
  for (const value of values) accumulator = aggregate.add(accumulator, value)
  return accumulator
}

/** As a snapshot keeps it. */
function restored<T>(value: T): T {
  return unpackList(packList([value], 1), 1)[0] as T
}

/** The number of different keys among the values. */
function different(values: readonly unknown[]): number {
  const present = values.filter((value) => value !== null && value !== undefined)
  return new Set(present.map((value) => (Number.isNaN(value) ? value : canonicalKey(value)))).size
}

const pageOf = ({ page }: Visit): unknown => page

const CLASSES = {
  all: (): boolean => true,
  short: ({ seconds }: Visit): boolean => seconds < 3,
  even: ({ seconds }: Visit): boolean => seconds % 2 === 0,
  never: (): boolean => false,
}

function expected(visits: readonly Visit[]): Readonly<Record<string, number>> {
  const entries = Object.entries(CLASSES).map(
    ([name, filter]) => [name, different(visits.filter(filter).map(pageOf))] as const,
  )
  return Object.fromEntries(entries)
}

const FEW = fc.integer({ min: -6, max: 6 })
const PAGES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  'few whole numbers': FEW,
  'many whole numbers': fc.integer({ min: -90, max: 90 }),
  'numbers with a stride': FEW.map((n) => n * 65_536),
  'any 32 bits': fc.oneof(fc.integer(), fc.constantFrom(0, -0, -2_147_483_648, 2_147_483_647)),
  'any numbers': fc.oneof(
    fc.double(),
    fc.integer({ min: 0, max: 40 }),
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1.5),
  ),
  'values of all kinds': fc.oneof(
    FEW,
    FEW.map(String),
    FEW.map(BigInt),
    fc.boolean(),
    fc.string(),
    fc.constantFrom(null, undefined, '', '\0', '\0d1;', Number.NaN, 0.5),
    fc.tuple(FEW, fc.string({ maxLength: 1 })),
    FEW.map((n) => new Date(n)),
    FEW.map((n) => ({ n })),
  ),
}

for (const [name, page] of Object.entries(PAGES)) {
  test(`${name}: as many are counted as Sets hold, added, merged and restored in any order`, () => {
    const visits = fc.array(fc.record({ page, seconds: fc.nat(5) }), {
      maxLength: 120,
      size: 'max',
    })
    const inClasses = countDistinctWhere(pageOf, CLASSES)
    const inAll = countDistinct(pageOf)
    const short = countDistinct(pageOf, { where: CLASSES.short })
    fc.assert(
      fc.property(visits, visits, visits, (first, second, third) => {
        for (const aggregate of [inClasses, inAll, short]) {
          const whole = [...first, ...second, ...third]
          const numbers = expected(whole)
          const result =
            aggregate === inClasses ? numbers : numbers[aggregate === short ? 'short' : 'all']
          const middle = restored(fold(aggregate, second))
          const merged = aggregate.merge(restored(fold(aggregate, first)), middle)
          const all = third.reduce((values, visit) => aggregate.add(values, visit), merged)
          assert.equal(aggregate.getResult(all), result)
          assert.equal(aggregate.getResult(restored(all)), result)
          // What was merged into another one is as it was.
          assert.equal(middle, restored(fold(aggregate, second)))
        }
      }),
      { numRuns: 30 },
    )
  })
}

test('many numbers are counted exactly, whatever bits they differ in', () => {
  const aggregate = countDistinct((value: number) => value)
  for (const step of [1, 2, 64, 4_096, 1_000_003, 2 ** 33, 0.125]) {
    const numbers = Array.from({ length: 50_000 }, (_, i) => (i % 40_000) * step)
    const half = fold(aggregate, numbers.slice(0, 20_000))
    const rest = fold(aggregate, numbers.slice(20_000))
    const into = fold(aggregate, [7 * step])
    assert.is(aggregate.getResult(fold(aggregate, numbers)), 40_000)
    assert.is(aggregate.getResult(aggregate.merge(into, rest)), 30_000)
    assert.is(aggregate.getResult(aggregate.merge(rest, half)), 40_000)
  }
})

type Table = Int32Array | Float64Array

/** A table that counts how often something in it is looked at; so do the larger ones that take its place. */
function watched(table: Table, looked: { times: number }): Table {
  return new Proxy(table, {
    get(target, name) {
      if (name === 'constructor') {
        const { constructor } = target
        return function Watched(length: number): Table {
          return watched(new (constructor as Int32ArrayConstructor)(length), looked)
        }
      }
      looked.times++
      return Reflect.get(target, name) as unknown
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

/** How often the table is looked at for each of the numbers, on average, the moves into larger tables and the lengths of tables included. */
function looksPerNumber(
  numbers: readonly number[],
  add: (into: DistinctAccumulator, numbers: readonly number[]) => void,
): number {
  const aggregate = countDistinct((value: number) => value)
  const into = fold(aggregate, numbers.slice(0, 9))
  const looked = { times: 0 }
  into.numbers = watched(into.numbers as Table, looked)
  add(into, numbers)
  assert.is(aggregate.getResult(into), numbers.length)
  return looked.times / numbers.length
}

const FIBONACCI = [987, 1_597, 2_584, 4_181, 6_765, 10_946, 17_711, 28_657, 46_368, 75_025, 832_040]

test('numbers with a stride are found at once, whatever the stride', () => {
  const aggregate = countDistinct((value: number) => value)
  const add = (into: DistinctAccumulator, numbers: readonly number[]): void => {
    for (const number of numbers) aggregate.add(into, number)
  }
  for (const step of [1, 2, 60, 64, 1_000, 3_600, 4_096, 65_536, 1_000_003, ...FIBONACCI, 0.125]) {
    const numbers = Array.from({ length: 2_000 }, (_, i) => i * step)
    const looks = looksPerNumber(numbers, add)
    assert.ok(looks < 40, `step ${step}: ${looks} looks per number`)
  }
})

test('a table is merged into a smaller one without looking far for each number', () => {
  const aggregate = countDistinct((value: number) => value)
  const merge = (into: DistinctAccumulator, numbers: readonly number[]): void => {
    aggregate.merge(into, fold(aggregate, numbers))
  }
  for (const step of [1, 64, 28_657, 0.125]) {
    const numbers = Array.from({ length: 5_000 }, (_, i) => i * step)
    const looks = looksPerNumber(numbers, merge)
    assert.ok(looks < 40, `step ${step}: ${looks} looks per number`)
  }
})

test('whole numbers cost at most 22 bytes each in a snapshot', () => {
  const aggregate = countDistinct((value: number) => value)
  for (const size of [100, 1_000, 12_000, 13_000, 25_000]) {
    const accumulator = fold(
      aggregate,
      Array.from({ length: size }, (_, i) => i),
    )
    assert.ok(packList([accumulator], 1).length <= 22 * size)
  }
})

test('up to 31 classes are kept apart', () => {
  const classes = Object.fromEntries(
    Array.from({ length: 31 }, (_, i) => [`c${i}`, (n: number): boolean => n % (i + 1) === 0]),
  )
  const aggregate = countDistinctWhere((n: number) => n, classes)
  const numbers = Array.from({ length: 200 }, (_, i) => i)
  const result = aggregate.getResult(restored(fold(aggregate, numbers)))
  for (let i = 0; i < 31; i++) assert.is(result[`c${i}`], Math.ceil(200 / (i + 1)))
})

test('a savepoint with fewer classes, or more, is gone on from: those behind the others count from then on', () => {
  const classes = {
    all: (): boolean => true,
    even: (n: number): boolean => n % 2 === 0,
    large: (n: number): boolean => n > 100,
  }
  const { all, even } = classes
  const number = (n: number): number => n
  const one = countDistinctWhere(number, { all })
  const three = countDistinctWhere(number, classes)
  for (const size of [4, 40]) {
    const numbers = Array.from({ length: size }, (_, i) => i)
    const before = restored(fold(one, numbers))
    assert.equal(three.getResult(before), { all: size, even: 0, large: 0 })
    const seen = three.add(three.add(three.add(before, 1), 2), 101)
    const expected = { all: size + 1, even: 1, large: 1 }
    assert.equal(three.getResult(restored(seen)), expected)
    // As the second of two that are merged, and the other way round.
    const fresh = (): DistinctAccumulator => fold(three, [0, 2])
    const merged = { all: size + 1, even: 2, large: 1 }
    assert.equal(three.getResult(three.merge(fresh(), restored(seen))), merged)
    assert.equal(three.getResult(three.merge(restored(seen), fresh())), merged)
    assert.equal(three.getResult(three.merge(restored(fold(one, numbers)), fold(three, [101]))), {
      all: size + 1,
      even: 0,
      large: 1,
    })
    const fewer = countDistinctWhere(number, { all, even })
    assert.equal(fewer.getResult(fewer.add(seen, 6_000)), { all: size + 2, even: 2 })
  }
})

test('a selector is not asked about records that are in no class', () => {
  const aggregate = countDistinct(
    () => {
      throw new Error('asked')
    },
    { where: () => false },
  )
  assert.is(aggregate.getResult(fold(aggregate, [1, 2])), 0)
})

test('types follow from the stream, also inside combine, and any name can be a class', () => {
  const aggregate: AggregateFunction<
    Visit,
    unknown,
    { pages: number; quick: number; visits: number; by: { long: number; ['__proto__']: number } }
  > = combine({
    pages: countDistinct((visit: Visit) => visit.page),
    quick: countDistinct(({ page }: Visit) => page, { where: ({ seconds }) => seconds < 3 }),
    visits: count(),
    by: countDistinctWhere(({ page }: Visit) => page, {
      long: ({ seconds }) => seconds >= 3,
      ['__proto__']: () => true,
    }),
  })
  const { by, ...rest } = aggregate.getResult(
    fold(aggregate, [
      { page: 'a', seconds: 5 },
      { page: 'b', seconds: 1 },
      { page: 'a', seconds: 1 },
    ]),
  )
  assert.equal(rest, { pages: 2, quick: 2, visits: 3 })
  assert.equal(Object.entries(by), [
    ['long', 1],
    ['__proto__', 2],
  ])
})

test('wrong arguments are refused by code', () => {
  const wrong: readonly (() => unknown)[] = [
    () => countDistinct(JSON.parse('"page"')),
    () => countDistinct(pageOf, { where: JSON.parse('true') }),
    () => countDistinctWhere(pageOf, {}),
    () => countDistinctWhere(pageOf, JSON.parse('{"all":null}')),
    () =>
      countDistinctWhere(
        pageOf,
        Object.fromEntries(new Array(32).fill(0).map((_, i) => [i, () => true])),
      ),
    () => countDistinctWhere(JSON.parse('null'), CLASSES),
    () => countDistinct(pageOf, JSON.parse('null')),
    () => countDistinct(pageOf, JSON.parse('[]')),
    () => countDistinct(pageOf, CLASSES.short as never),
    () => countDistinct(pageOf, { were: CLASSES.short } as never),
    () => countDistinct(pageOf, { where: CLASSES.short, by: 1 } as never),
    () => countDistinctWhere(pageOf, undefined as never),
    () => countDistinctWhere(pageOf, JSON.parse('null')),
    () => countDistinctWhere(pageOf, CLASSES.short as never),
    () => countDistinctWhere(pageOf, [CLASSES.short] as never),
  ]
  for (const call of wrong) assert.is(codeOf(call), 'INVALID_DISTINCT', String(call))
})

test('a value that can be no key is refused by code', () => {
  const aggregate = countDistinct((value: unknown) => value)
  assert.is(
    codeOf(() => fold(aggregate, [() => 1])),
    'INVALID_KEY',
  )
})

test.run()
