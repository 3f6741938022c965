import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, max, mean, sum } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../checkpoint/aggregate-function.ts'
import { unshareFor } from '../../../operators/aggregates/unshared.ts'
import { SliceQueue } from '../../../operators/windows/slice-queue.ts'

const SIZE = 20

type Step =
  | { readonly kind: 'push'; readonly key: number; readonly value: number }
  | { readonly kind: 'late'; readonly key: number; readonly back: number; readonly value: number }
  | { readonly kind: 'merge'; readonly key: number; readonly back: number; readonly value: number }
  | { readonly kind: 'next' }
  | { readonly kind: 'restore' }

/** What an aggregate makes of some numbers. */
type Numbers = AggregateFunction<number, unknown, unknown>

const keys = fc.constantFrom(0, 1, 2)
const stepsOf = (value: fc.Arbitrary<number>): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), key: keys, value }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('next' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constantFrom('late' as const, 'merge' as const),
          key: keys,
          back: fc.nat(SIZE - 1),
          value,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.constant({ kind: 'restore' as const }),
      },
    ),
    { maxLength: 120, size: 'max' },
  )

/** All keys of an operator, each in a queue, beside a list of what lies in the window. */
class Rig {
  readonly #aggregate: Numbers
  readonly #queues = new Map<number, SliceQueue<number, unknown>>()
  #values: { readonly key: number; readonly start: number; readonly value: number }[] = []
  #now = 0

  constructor(aggregate: Numbers) {
    this.#aggregate = aggregate
  }

  #make(): SliceQueue<number, unknown> {
    return new SliceQueue(this.#aggregate, unshareFor(this.#aggregate as never))
  }

  step(step: Step): void {
    if (step.kind === 'next') this.#now++
    else if (step.kind === 'restore') this.#restore()
    else this.#add(step)
    this.#fire()
  }

  #add(step: Extract<Step, { readonly key: number }>): void {
    const { kind, key, value } = step
    const start = kind === 'push' ? this.#now : this.#now - step.back
    this.#values.push({ key, start, value })
    const queue = this.#queues.get(key) ?? this.#make()
    this.#queues.set(key, queue)
    if (kind === 'late') queue.addLate(start, value)
    else if (kind === 'merge') queue.mergeLate(start, this.#of([value]))
    else queue.push({ start }, this.#of([value]))
  }

  #of(values: readonly number[]): unknown {
    const aggregate = this.#aggregate
    return values.reduce(
      (all: unknown, value) => aggregate.add(all, value),
      aggregate.createAccumulator(),
    )
  }

  #fire(): void {
    const oldest = this.#now - SIZE + 1
    this.#values = this.#values.filter(({ start }) => start >= oldest)
    for (const [key, queue] of this.#queues) {
      queue.dropBefore(oldest)
      const values = this.#values.filter((each) => each.key === key).map(({ value }) => value)
      assert.is(queue.isEmpty, values.length === 0)
      if (values.length === 0) {
        this.#queues.delete(key)
        continue
      }
      assert.equal(
        this.#aggregate.getResult(queue.total()),
        this.#aggregate.getResult(this.#of(values)),
      )
    }
  }

  /** Another operator takes up what this one has left. */
  #restore(): void {
    for (const [key, queue] of this.#queues) {
      const restored = this.#make()
      restored.restore(structuredClone(queue.contents()))
      this.#queues.set(key, restored)
    }
  }
}

const holds = (aggregate: () => Numbers, value: fc.Arbitrary<number>, numRuns: number): void => {
  fc.assert(
    fc.property(stepsOf(value), (steps) => {
      const rig = new Rig(aggregate())
      for (const step of steps) rig.step(step)
    }),
    { numRuns },
  )
}

const itself = (value: number): number => value
const integers = fc.integer({ min: -1_000, max: 1_000 })
const some = (value: number): number | undefined => (value % 3 === 0 ? undefined : value)

test('totals of integers: what queues add up to is what lies in the window', () => {
  holds(() => combine({ n: count(), sum: sum(itself), mean: mean(some) }) as Numbers, integers, 100)
})

test('counts alone', () => {
  holds(() => count(), integers, 100)
})

test('with a largest value among them', () => {
  holds(() => combine({ sum: sum(itself), max: max(some) }) as Numbers, integers, 100)
})

/** Its `merge` goes on with objects inside its second argument. */
const byParity: AggregateFunction<number, Record<string, { n: number }>, unknown> = {
  createAccumulator: () => ({}),
  add(accumulator, value) {
    ;(accumulator[value % 2 === 0 ? 'even' : 'odd'] ??= { n: 0 }).n++
    return accumulator
  },
  getResult: ({ even, odd }) => [even?.n ?? 0, odd?.n ?? 0],
  merge(a, b) {
    for (const [name, from] of Object.entries(b)) {
      const into = a[name]
      if (into === undefined) a[name] = from
      else into.n += from.n
    }
    return a
  },
}

test('slices whose accumulators hold objects do not share them, nor does what a snapshot holds', () => {
  holds(() => byParity, integers, 150)
  holds(() => combine({ n: count(), inside: combine({ byParity }) }) as Numbers, integers, 100)
})

test('an aggregate that returns the second argument when it is the newer one', () => {
  type Last = { n: number; readonly seen: number[] }
  const last: AggregateFunction<number, Last, unknown> = {
    createAccumulator: () => ({ n: 0, seen: [] }),
    add(accumulator, value) {
      accumulator.n++
      accumulator.seen.push(value)
      return accumulator
    },
    getResult: ({ n, seen }) => [n, seen.toSorted((a, b) => a - b)],
    merge(a, b) {
      if (a.n === 0) return b
      a.n += b.n
      a.seen.push(...b.seen)
      return a
    },
  }
  holds(() => last, integers, 100)
})

test('fractions among integers', () => {
  // Quarters are exact in any order; half of the numbers are none.
  const quarters = fc.oneof(
    integers,
    integers.map((value) => value / 4),
  )
  holds(() => combine({ n: count(), sum: sum(itself) }) as Numbers, quarters, 100)
})

test.run()
