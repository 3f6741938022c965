/** Random records, watermarks and times, through every kind of window, give what the definition says, in all modes of the harness. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  evictors,
  globalWindow,
  outputTag,
  session,
  sliding,
  triggers,
  tumbling,
} from '../../../api/index.ts'
import type {
  AggregateFunction,
  Emit,
  Stream,
  Trigger,
  WindowAssigner,
  WindowContext,
  WindowedStream,
} from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessItem, HarnessMode } from '../../../api/testing/index.ts'
import { WindowModel } from './model.ts'
import type { AssignerSpec, TriggerSpec, WindowSpec } from './model.ts'

type Step =
  | { readonly kind: 'record'; readonly key: string; readonly at: number }
  | { readonly kind: 'advance'; readonly by: number }

interface Rec {
  readonly key: string
  readonly n: number
  readonly all?: readonly number[]
}

const STEPS = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('record' as const),
        key: fc.constantFrom('a', 'b'),
        at: fc.integer({ min: -20, max: 40 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('advance' as const),
        by: fc.integer({ min: 0, max: 12 }),
      }),
    },
  ) as fc.Arbitrary<Step>,
  { maxLength: 50, size: 'max' },
)

const SPAN = fc.integer({ min: 1, max: 12 })
const ASSIGNER: fc.Arbitrary<AssignerSpec> = fc.oneof(
  SPAN.chain((size) =>
    fc.record({
      kind: fc.constant('tumbling' as const),
      size: fc.constant(size),
      offset: fc.integer({ min: 1 - size, max: size - 1 }),
    }),
  ),
  SPAN.chain((slide) =>
    fc.record({
      kind: fc.constant('sliding' as const),
      size: SPAN,
      slide: fc.constant(slide),
      offset: fc.integer({ min: 1 - slide, max: slide - 1 }),
    }),
  ),
  fc.record({ kind: fc.constant('session' as const), gap: SPAN }),
)
const TRIGGER: fc.Arbitrary<TriggerSpec> = fc.oneof(
  fc.constant({ kind: 'default' } as const),
  fc.constant({ kind: 'final' } as const),
  fc.record({ kind: fc.constant('count' as const), n: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('continuous' as const),
    interval: fc.integer({ min: 1, max: 8 }),
  }),
  fc.record({ kind: fc.constant('early' as const), records: fc.integer({ min: 1, max: 4 }) }),
)
const EVICTOR = fc.option(
  fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    when: fc.constantFrom('before' as const, 'after' as const),
  }),
  { nil: undefined },
)
const LATENESS = fc.constantFrom(0, 1, 7, 20)

const EVENT_TIME: fc.Arbitrary<WindowSpec> = fc.record({
  time: fc.constant('event' as const),
  assigner: ASSIGNER,
  trigger: TRIGGER,
  purging: fc.boolean(),
  lateness: LATENESS,
  lateOutput: fc.boolean(),
  evictor: EVICTOR,
})
const PROCESSING_TIME: fc.Arbitrary<WindowSpec> = fc.record({
  time: fc.constant('processing' as const),
  assigner: ASSIGNER,
  trigger: TRIGGER,
  purging: fc.boolean(),
  lateness: fc.constant(0),
  lateOutput: fc.constant(false),
  evictor: EVICTOR,
})
const GLOBAL: fc.Arbitrary<WindowSpec> = fc.record({
  time: fc.constant('event' as const),
  assigner: fc.constant({ kind: 'global' } as const),
  trigger: fc.record({ kind: fc.constant('count' as const), n: fc.integer({ min: 1, max: 4 }) }),
  purging: fc.boolean(),
  lateness: fc.constant(0),
  lateOutput: fc.constant(false),
  evictor: EVICTOR,
})

const LATE = outputTag<Rec>('late')

function assignerOf({ assigner, time }: WindowSpec): WindowAssigner {
  switch (assigner.kind) {
    case 'tumbling':
      return tumbling({ size: assigner.size, offset: assigner.offset, time })
    case 'sliding':
      return sliding({
        size: assigner.size,
        slide: assigner.slide,
        offset: assigner.offset,
        time,
      })
    case 'session':
      return session({ gapMs: assigner.gap, time })
    case 'global':
      return globalWindow()
  }
}

/** The trigger to give; undefined: that of the settings. Early and final results do not purge. */
function triggerOf({ trigger, time, purging }: WindowSpec): Trigger<unknown, never> | undefined {
  if (trigger.kind === 'early' || trigger.kind === 'final') return undefined
  if (trigger.kind === 'default' && !purging) return undefined
  const inner = innerTrigger(trigger, time) as Trigger<unknown, never>
  return purging ? triggers.purging(inner) : inner
}

function innerTrigger(trigger: TriggerSpec, time: WindowSpec['time']): unknown {
  switch (trigger.kind) {
    case 'count':
      return triggers.count(trigger.n)
    case 'continuous':
      return time === 'event'
        ? triggers.continuousEventTime(trigger.interval)
        : triggers.continuousProcessingTime(trigger.interval)
    default:
      return time === 'event' ? triggers.eventTime() : triggers.processingTime()
  }
}

function normal(spec: WindowSpec): WindowSpec {
  return triggerOf(spec) === undefined ? { ...spec, purging: false } : spec
}

/** How the content of windows is computed. The fast operators come in where it is an aggregate that fires once. */
type Computed = 'records' | 'aggregate' | 'reduce'

const COLLECTING: AggregateFunction<Rec, number[], number[]> = {
  createAccumulator: () => [],
  add: (accumulator, { n }) => [...accumulator, n],
  getResult: (accumulator) => [...accumulator],
  merge: (a, b) => [...a, ...b],
}

function computed(windows: WindowedStream<string, Rec>, how: Computed): Stream<unknown> {
  if (how === 'aggregate') {
    return windows.aggregate(COLLECTING, (result, { key, windowStart, windowEnd, pane }) => [
      key,
      windowStart,
      windowEnd,
      `${pane.timing} ${pane.index}`,
      result,
    ])
  }
  if (how === 'reduce') {
    const listed = (rec: Rec): readonly number[] => rec.all ?? [rec.n]
    return windows.reduce((a, b) => ({ key: a.key, n: a.n, all: [...listed(a), ...listed(b)] }), {
      process({ key, window, pane }: WindowContext<string>, result, emit: Emit<unknown>) {
        const { start, end } = window
        emit([key, start, end, `${pane.timing} ${pane.index}`, listed(result)])
      },
    })
  }
  return windows.process({
    process({ key, window, pane }: WindowContext<string>, records, emit: Emit<unknown>) {
      const { start, end } = window
      emit([key, start, end, `${pane.timing} ${pane.index}`, records.map(({ n }) => n)])
    },
  })
}

function pipeline(spec: WindowSpec, how: Computed, input: Stream<Rec>) {
  let windows = input.keyBy(({ key }) => key).window(assignerOf(spec))
  const trigger = triggerOf(spec)
  if (trigger !== undefined) windows = windows.trigger(trigger)
  if (spec.trigger.kind === 'early')
    windows = windows.earlyResults({ everyRecords: spec.trigger.records })
  if (spec.trigger.kind === 'final') windows = windows.results('final')
  if (spec.lateness > 0) windows = windows.allowedLateness(spec.lateness)
  if (spec.lateOutput) windows = windows.sideOutputLate(LATE)
  const { evictor } = spec
  if (evictor !== undefined)
    windows = windows.evictor(evictors.count(evictor.count, { when: evictor.when }))
  const main = computed(windows, how)
  return { main, late: main.sideOutput(LATE) }
}

/** Slices are joined in the order of time, other aggregates add in that of arrival: records of a window are compared in any order. */
function unordered(how: Computed, items: readonly object[]): object[] {
  if (how !== 'aggregate') return [...items]
  return items.map((item) => {
    if (!('value' in item)) return item
    const value = item.value as readonly unknown[]
    const records = value[4] as readonly number[]
    return { ...item, value: [...value.slice(0, 4), [...records].sort((a, b) => a - b)] }
  })
}

/** Results of one step may leave in any order. */
function sorted(items: readonly object[]): string[] {
  return items.map((item) => JSON.stringify(item)).sort()
}

function results(items: readonly HarnessItem<unknown>[]): string[] {
  return sorted(items.filter((item) => !('watermark' in item)))
}

function agree(given: WindowSpec, how: Computed, steps: readonly Step[], mode: HarnessMode): void {
  const spec = normal(given)
  const model = new WindowModel(spec)
  const harness = operatorHarness((input: Stream<Rec>) => pipeline(spec, how, input), { mode })
  const taken = (): string[] =>
    sorted(
      unordered(
        how,
        harness.takeItems('main').filter((item) => !('watermark' in item)),
      ),
    )
  let now = spec.time === 'event' ? -20 : 0
  for (const [n, step] of steps.entries()) {
    if (step.kind === 'record') {
      const expected = model.record(step.key, n, step.at)
      harness.processRecord({ key: step.key, n }, step.at)
      assert.equal(taken(), sorted(unordered(how, expected)), `step ${n}`)
    } else {
      now += step.by
      const expected = model.advance(now)
      if (spec.time === 'event') harness.processWatermark(now)
      else harness.setProcessingTime(now)
      assert.equal(taken(), sorted(unordered(how, expected)), `step ${n}`)
    }
  }
  // Far beyond the end of every window nothing is left.
  const expected = model.advance(10_000)
  if (spec.time === 'event') harness.processWatermark(10_000)
  else harness.setProcessingTime(10_000)
  assert.equal(taken(), sorted(unordered(how, expected)), 'at the end')
  const dropped = spec.lateOutput ? 0 : model.late.length
  assert.is(harness.counter(assignerOf(spec).name, 'lateRecordsDropped'), dropped)
  assert.equal(
    results(harness.takeItems('late')),
    sorted(
      (spec.lateOutput ? model.late : []).map(({ value, timestamp }) => {
        const step = steps[value] as Step & { readonly kind: 'record' }
        return { value: { key: step.key, n: value }, timestamp }
      }),
    ),
    'late records',
  )
  const left = harness.stateEntries().filter(({ state }) => state === 'millrace.windows')
  assert.is(left.length, model.open)
  if (spec.assigner.kind !== 'global') assert.equal(harness.stateEntries(), [])
  harness.close()
}

const COMPUTED = fc.constantFrom<Computed>('records', 'aggregate', 'reduce')

for (const mode of HARNESS_MODES) {
  const numRuns = mode === 'restoring' ? 60 : 250
  for (const [name, specs] of Object.entries({
    'event time': EVENT_TIME,
    'processing time': PROCESSING_TIME,
    'the global window': GLOBAL,
  })) {
    test(`${mode}: any windows of ${name}, with any trigger, lateness and evictor, are what the definition says`, () => {
      fc.assert(
        fc.property(specs, COMPUTED, STEPS, (spec, how, steps) => {
          agree(spec, how, steps, mode)
        }),
        { numRuns },
      )
    })
  }
}

test.run()
