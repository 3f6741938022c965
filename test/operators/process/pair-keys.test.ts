/** Keys that are tuples of two integers, which state keeps apart from others, do what texts do. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import { listState, mapState, valueState } from '../../../checkpoint/state/declare-state.ts'

type Pair = readonly [number, number]

interface Command {
  readonly pair: Pair
  readonly action: 'set' | 'add' | 'put' | 'clear' | 'register'
  readonly time: number
}

type Step = Command | { readonly watermark: number } | { readonly clock: number }

/** What is there for a key, for a record or a timer. */
type Row = readonly [pair: string, ...unknown[]]

const TTL = { ttlMs: 50, cleanupPerAccess: 2 }

/** Some keys are pairs, or none is. */
const pipeline = (input: Stream<Command>, keyOf: (pair: Pair) => Pair | string): Stream<Row> =>
  input
    .keyBy(({ pair }) => keyOf(pair))
    .process({
      state: {
        last: valueState<number>(),
        aging: valueState<number>({ ttl: TTL }),
        all: listState<number>({ ttl: TTL }),
        each: mapState<number, number>(),
      },
      processRecord({ action, time }, { key, state, timers }, emit: Emit<Row>) {
        emit([
          String(key),
          state.last.get(),
          state.aging.get(),
          [...state.all.get()],
          state.each.get(time),
        ])
        if (action === 'set') state.last.set(time)
        else if (action === 'add') state.all.add(time)
        else if (action === 'put') state.each.set(time, (state.each.get(time) ?? 0) + 1)
        else if (action === 'register') timers.tryRegisterEventTime(time)
        else for (const each of Object.values(state)) each.clear()
        if (action === 'set') state.aging.set(time)
      },
      onTimer({ time }, { key, state }, emit: Emit<Row>) {
        emit([
          String(key),
          'timer',
          time,
          state.last.get(),
          state.aging.get(),
          [...state.each.entries()],
        ])
        state.last.clear()
      },
    })

const integer = fc.constantFrom(0, 1, 2, -1, 2 ** 31 - 1, -(2 ** 31))
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        pair: fc.tuple(integer, integer),
        action: fc.constantFrom('set' as const, 'add', 'put', 'clear', 'register'),
        time: fc.integer({ min: 0, max: 9 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ watermark: fc.integer({ min: 0, max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ clock: fc.integer({ min: 0, max: 200 }) }) },
  ),
  { minLength: 20, maxLength: 80 },
)

for (const mode of HARNESS_MODES) {
  test(`${mode}: what a key has, is the same`, () => {
    fc.assert(
      fc.property(steps, (all) => {
        const start = (keyOf: (pair: Pair) => Pair | string) =>
          operatorHarness((input: Stream<Command>) => pipeline(input, keyOf), { mode })
        const harnesses = [
          start((pair) => pair.join()),
          start((pair) => pair),
          start((pair) => (pair[0] === 1 ? pair.join() : pair)),
        ]
        const rows = harnesses.map((harness) =>
          all.map((step) => {
            if ('watermark' in step) harness.processWatermark(step.watermark)
            else if ('clock' in step)
              harness.setProcessingTime(Math.max(step.clock, harness.clock.now()))
            else harness.processRecord(step)
            return harness.takeValues()
          }),
        )
        assert.ok(rows[0]?.flat().length)
        assert.equal(rows[1], rows[0], 'tuples')
        assert.equal(rows[2], rows[0], 'tuples and texts')
        const left = harnesses.map((harness) =>
          harness
            .stateEntries()
            .map(({ state, key, value }) => JSON.stringify([state, String(key), value])),
        )
        assert.equal(left[1]?.toSorted(), left[0]?.toSorted())
        assert.equal(left[2]?.toSorted(), left[0]?.toSorted())
        for (const harness of harnesses) harness.close()
      }),
      { numRuns: mode === 'restoring' ? 15 : 60 },
    )
  })
}

test.run()
