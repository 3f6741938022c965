/**
 * The operator that is made for sessions gives what the general one gives, and either takes up what the other has left in a snapshot.
 */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MillraceError } from '../../../mailbox/errors.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { Operator } from '../../../operators/operator.ts'
import { fastSessionOperator } from '../../../operators/windows/fast-window-operator.ts'
import { session } from '../../../operators/windows/session-windows.ts'
import { triggers } from '../../../operators/windows/triggers.ts'
import { WindowOperator } from '../../../operators/windows/window-operator.ts'
import type { WindowOperatorOptions } from '../../../operators/windows/window-operator-options.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { fakeContext, testBackend } from '../operator-fakes.ts'

interface Visit {
  readonly user: number
  readonly n: number
  readonly gap: number
}

/** In which order records were added does not show where sessions become one. */
const collect = {
  createAccumulator: (): number[] => [],
  add: (all: number[], { n }: Visit) => [...all, n],
  merge: (a: number[], b: number[]) => [...a, ...b],
  getResult: (all: number[]) => [...all].sort((a, b) => a - b),
}
const OPTIONS: WindowOperatorOptions = {
  assigner: session({ gapMs: ({ gap }: Visit) => gap }),
  key: ({ user }: Visit) => user,
  aggregate: collect,
  lateTag: 'late',
  result: (all: number[], { key, windowStart, windowEnd, pane }) => [
    key,
    windowStart,
    windowEnd,
    `${pane.timing} ${pane.index}`,
    all,
  ],
}

type Make = () => Operator<never>
const general: Make = () => new WindowOperator(OPTIONS, triggers.eventTime())
const fast: Make = () => fastSessionOperator(OPTIONS) as Operator<never>

/** An operator with what it has emitted; its output takes only one result between two calls where `narrow`. */
class Run {
  readonly emitted: string[] = []
  readonly #make: Make
  readonly #narrow: boolean
  #operator: Operator<never>
  #backend = testBackend('sessions', new ManualClock(), [])
  #room = true

  constructor(make: Make, narrow = false) {
    this.#make = make
    this.#narrow = narrow
    this.#operator = make()
    this.#open()
  }

  record(user: number, n: number, at: number, gap: number): void {
    this.#operator.processRecord({ user, n, gap } as never, at)
  }

  watermark(watermark: number): void {
    for (;;) {
      this.#room = true
      if (this.#operator.processWatermark(watermark)) return
    }
  }

  snapshot(): OperatorSnapshot {
    return this.#backend.snapshot()
  }

  /** Goes on from a snapshot with an operator of some kind. */
  restore(snapshot: OperatorSnapshot, make: Make = this.#make): void {
    this.#operator.close()
    this.#operator = make()
    this.#backend = testBackend('sessions', new ManualClock(), [snapshot])
    this.#open()
  }

  /** All that is in the state. */
  state(): string[] {
    return Array.from(this.#backend.entries(), (entry) => JSON.stringify(entry)).sort()
  }

  #open(): void {
    const isFull = (): boolean => !this.#room
    const emitTo = (name: string) => ({
      emit: (value: unknown, timestamp: number) => {
        if (this.#narrow) this.#room = false
        this.emitted.push(`${name} ${timestamp} ${JSON.stringify(value)}`)
      },
      get full() {
        return isFull()
      },
    })
    const context = { ...fakeContext(), state: this.#backend, sideOutput: () => emitTo('late') }
    this.#operator.open(context, emitTo('main'))
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      user: fc.nat(2),
      at: fc.integer({ min: -15, max: 40 }),
      gap: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: 0, max: 15 }) }) },
  { weight: 1, arbitrary: fc.record({ restore: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function feed(run: Run, steps: readonly Step[], other: Make): string[] {
  let watermark = 0
  run.watermark(watermark)
  steps.forEach((each, n) => {
    if ('advance' in each) run.watermark((watermark += each.advance))
    else if ('restore' in each) {
      run.restore(run.snapshot(), each.restore ? other : undefined)
      // As a restored subtask is told what had been reached, before its first record.
      run.watermark(watermark)
    } else run.record(each.user, n, watermark + each.at, each.gap)
  })
  run.watermark(1_000)
  // What leaves at one moment may do so in any order.
  return run.emitted.sort()
}

for (const narrow of [false, true]) {
  const output = narrow ? 'an output that is full after every result' : 'a free output'
  test(`into ${output}: sessions and late records are those of the general operator`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        // Restored at the same steps: what follows from the watermark that is told again must be alike, too.
        const expected = feed(new Run(general), steps, general)
        assert.equal(feed(new Run(fast, narrow), steps, general), expected)
        assert.equal(feed(new Run(general, narrow), steps, fast), expected)
      }),
      { numRuns: 80 },
    )
  })
}

test('a snapshot has the same windows and timers as that of the general operator', () => {
  const runs = [new Run(fast), new Run(general)]
  for (const run of runs) {
    run.watermark(5)
    run.record(1, 0, 10, 5)
    run.record(1, 1, 13, 5)
    run.record(1, 2, 30, 5)
    run.record(2, 3, 10, 5)
    run.record(2, 4, 20, 5)
    run.record(2, 5, 15, 5)
    run.restore(run.snapshot())
  }
  const [fastState, generalState] = runs.map((run) =>
    run.state().filter((entry) => !isTimer(entry)),
  )
  assert.equal(fastState, generalState)
  // It has two of one key in one entry.
  const [timersOfFast, timersOfGeneral] = runs.map((run) => run.state().filter(isTimer))
  assert.is(timersOfFast?.length, 2)
  assert.is(timersOfGeneral?.length, 3)
  for (const end of ['10,18', '30,35', '10,25']) {
    assert.ok(
      timersOfFast?.some((entry) => entry.includes(end)),
      end,
    )
    assert.ok(
      timersOfGeneral?.some((entry) => entry.includes(end)),
      end,
    )
  }
})

test('sessions of all keys leave in the order of their ends, each only once, however often they have become longer', () => {
  const run = new Run(fast)
  run.watermark(0)
  for (let at = 1; at <= 50; at++) run.record(1, at, at, 10)
  run.record(2, 0, 1, 10)
  run.record(3, 0, 30, 10)
  run.watermark(100)
  assert.equal(
    run.emitted.map((each) => each.split(' ')[1]),
    ['10', '39', '59'],
  )
  assert.equal(run.state(), [])
})

test('a record joins sessions on both sides into one', () => {
  const run = new Run(fast)
  run.watermark(0)
  run.record(1, 0, 10, 5)
  run.record(1, 1, 20, 5)
  run.record(1, 2, 15, 5)
  run.watermark(100)
  assert.equal(run.emitted, ['main 24 [1,10,25,"onTime 0",[0,1,2]]'])
})

test('a record without an event time is refused with NO_TIMESTAMP', () => {
  assert.throws(
    () => new Run(fast).record(1, 0, Number.NEGATIVE_INFINITY, 5),
    (error: unknown) => error instanceof MillraceError && error.code === 'NO_TIMESTAMP',
  )
})

test('there is no such operator for sessions that fire by a rule of the user, or stay for late records', () => {
  for (const other of [
    { allowedLatenessMs: 1 },
    { trigger: triggers.count(2) },
    { earlyResults: { everyRecords: 2 } },
    { assigner: session({ gapMs: 5, time: 'processing' }) },
    { aggregate: undefined },
  ] as const) {
    assert.is(fastSessionOperator({ ...OPTIONS, ...other }), undefined, JSON.stringify(other))
  }
})

function isTimer(entry: string): boolean {
  return entry.includes('millrace.timers')
}

test.run()
