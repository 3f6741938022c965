import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessOptions, HarnessSnapshot } from '../../../api/testing/index.ts'
import { combine, count, sum, topN } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../checkpoint/aggregate-function.ts'
import { withFields } from '../../../operators/aggregates/accumulator-fields.ts'
import { slidingAggregate } from '../../../operators/windows/sliding-aggregate.ts'
import { codeOf } from '../operator-fakes.ts'
import { throughOperator } from '../through-operator.ts'

interface Reading {
  readonly key: string
  readonly amount: number
}

interface Shape {
  readonly size: number
  readonly slide: number
  readonly offset: number
}

interface Total {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly sum: number
  readonly count: number
  readonly top: readonly number[]
}

const amountOf = (reading: Reading): number => reading.amount
const totals = () => ({ sum: sum(amountOf), count: count() })

/** What can be taken away again is kept otherwise than what can only be joined, such as the largest records. */
const AGGREGATES = {
  totals: () => combine({ ...totals(), top: none }),
  joined: () => combine({ ...totals(), top: topN(2, amountOf) }),
}
type Kept = keyof typeof AGGREGATES

/** Has no records, and is a total to the operator. */
const none: AggregateFunction<Reading, unknown, Reading[]> = withFields(
  { ...count(), getResult: () => [] },
  { count: 'total' },
)

function harness(kept: Kept, shape: Shape, options: HarnessOptions = {}) {
  return operatorHarness(
    (readings: Stream<Reading>) =>
      throughOperator(
        readings,
        () =>
          slidingAggregate({
            name: 'sliding',
            ...shape,
            aggregate: AGGREGATES[kept](),
            key: (reading: Reading) => reading.key,
            result: ({ sum, count, top }, { key, windowStart, windowEnd }): Total => ({
              key,
              start: windowStart,
              end: windowEnd,
              sum,
              count,
              top: top.map(({ amount }) => amount),
            }),
          }),
        'sliding',
      ),
    options,
  )
}

type Step =
  | { readonly kind: 'record'; readonly key: string; readonly amount: number; readonly at: number }
  | { readonly kind: 'watermark'; readonly at: number }

/** From the definition: every window is the list of what came for it before the watermark passed its end. */
class Model {
  readonly #kept: Kept
  readonly #shape: Shape
  readonly #windows = new Map<string, { key: string; start: number; amounts: number[] }>()
  #watermark = Number.NEGATIVE_INFINITY
  readonly out: Total[] = []
  dropped = 0

  constructor(kept: Kept, shape: Shape) {
    this.#kept = kept
    this.#shape = shape
  }

  step(step: Step): void {
    if (step.kind === 'watermark') this.#advance(step.at)
    else this.#add(step)
  }

  #add({ key, amount, at }: Extract<Step, { kind: 'record' }>): void {
    const { size, slide, offset } = this.#shape
    let counted = false
    for (
      let start = Math.floor((at - offset) / slide) * slide + offset;
      start > at - size;
      start -= slide
    ) {
      if (start + size - 1 <= this.#watermark) continue
      counted = true
      const id = `${key} ${start}`
      const window = this.#windows.get(id) ?? { key, start, amounts: [] }
      window.amounts.push(amount)
      this.#windows.set(id, window)
    }
    if (!counted) this.dropped++
  }

  #advance(watermark: number): void {
    if (watermark <= this.#watermark) return
    this.#watermark = watermark
    for (const [id, { key, start, amounts }] of this.#windows) {
      const end = start + this.#shape.size
      if (end - 1 > watermark) continue
      this.#windows.delete(id)
      const sum = amounts.reduce((a, b) => a + b, 0)
      const top = this.#kept === 'totals' ? [] : [...amounts].sort((a, b) => b - a).slice(0, 2)
      this.out.push({ key, start, end, sum, count: amounts.length, top })
    }
  }
}

const inOrder = (list: readonly Total[]): Total[] =>
  [...list].sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1))

const shapes = fc
  .record({
    slide: fc.integer({ min: 1, max: 12 }),
    more: fc.integer({ min: 0, max: 40 }),
    shift: fc.nat(),
  })
  .map(({ slide, more, shift }) => ({ size: slide + more, slide, offset: shift % slide }))

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('record' as const),
        key: fc.constantFrom('a', 'b', 'c'),
        amount: fc.integer({ min: -9, max: 9 }),
        at: fc.integer({ min: -40, max: 90 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('watermark' as const),
        at: fc.integer({ min: -40, max: 90 }),
      }),
    },
  ),
  { maxLength: 40 },
)

const kinds = fc.constantFrom<Kept>('totals', 'joined')

for (const mode of HARNESS_MODES) {
  test(`${mode}: slices give what every window computed for itself would give, late records included`, async () => {
    await fc.assert(
      fc.asyncProperty(kinds, shapes, steps, async (kept, shape, list) => {
        const sliding = harness(kept, shape, { mode })
        const model = new Model(kept, shape)
        for (const step of list) {
          model.step(step)
          if (step.kind === 'watermark') sliding.processWatermark(step.at)
          else sliding.processRecord({ key: step.key, amount: step.amount }, step.at)
        }
        assert.is(sliding.counter('sliding', 'lateRecordsDropped'), model.dropped)
        model.step({ kind: 'watermark', at: Number.MAX_SAFE_INTEGER })
        await sliding.endInput()
        assert.equal(inOrder(sliding.takeValues()), inOrder(model.out))
        assert.equal(sliding.stateEntries(), [])
        sliding.close()
      }),
      { numRuns: mode === 'restoring' ? 80 : 200 },
    )
  })
}

test('restored at another parallelism, the subtasks together go on as one would have', () => {
  fc.assert(
    fc.property(
      kinds,
      shapes,
      steps,
      fc.nat(),
      fc.integer({ min: 1, max: 3 }),
      (kept, shape, list, cut, parallelism) => {
        const at = list.length === 0 ? 0 : cut % list.length
        const model = new Model(kept, shape)
        for (const step of list) model.step(step)
        const run = (
          of: ReturnType<typeof harness>,
          part: readonly Step[],
          mine: (key: string) => boolean,
        ): void => {
          for (const step of part) {
            if (step.kind === 'watermark') of.processWatermark(step.at)
            else if (mine(step.key))
              of.processRecord({ key: step.key, amount: step.amount }, step.at)
          }
        }
        const before = harness(kept, shape)
        run(before, list.slice(0, at), () => true)
        const snapshot: HarnessSnapshot = before.snapshot()
        const out = before.takeValues()
        const watermark = Math.max(
          ...list
            .slice(0, at)
            .map((step) => (step.kind === 'watermark' ? step.at : Number.NEGATIVE_INFINITY)),
        )
        const keysOf = (subtask: ReturnType<typeof harness>): string[] =>
          subtask.stateEntries().map(({ key }) => String(key))
        const subtasks = Array.from({ length: parallelism }, (_, subtaskIndex) =>
          harness(kept, shape, { restore: snapshot, parallelism, subtaskIndex }),
        )
        const owners = new Map<string, number>()
        subtasks.forEach((subtask, i) => keysOf(subtask).forEach((key) => owners.set(key, i)))
        subtasks.forEach((subtask, i) => {
          if (watermark > Number.NEGATIVE_INFINITY) subtask.processWatermark(watermark)
          run(subtask, list.slice(at), (key) => (owners.get(key) ?? 0) === i)
          out.push(...subtask.takeValues())
        })
        assert.equal(inOrder(out), inOrder(model.out))
      },
    ),
    { numRuns: 120 },
  )
})

test('a record needs an event time', () => {
  const sliding = harness('totals', { size: 4, slide: 2, offset: 0 })
  assert.is(
    codeOf(() => {
      sliding.processRecord({ key: 'a', amount: 1 })
    }),
    'NO_TIMESTAMP',
  )
})

test.run()
