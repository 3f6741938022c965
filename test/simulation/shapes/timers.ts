/** Timers of both kinds, registered, deleted and chained: event time reports the sum of each period, processing time hands out what has waited. */
import {
  boundedOutOfOrderness,
  defineJob,
  listState,
  mapState,
  valueState,
} from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { DISORDER_MS, groups, items, splitsSource, total } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const PERIOD_MS = 50
const WAIT_MS = 4

interface PeriodSum {
  readonly key: string
  readonly until: number
  readonly amount: number
}

export const timers: Shape = {
  name: 'timers',
  make(random) {
    const splits = items(random, { records: 30 })
    const job = defineJob('timers', (env) => {
      const byKey = env
        .from(splitsSource('items', splits), {
          timestamp: ({ at }) => at,
          watermarks: boundedOutOfOrderness(DISORDER_MS),
        })
        .keyBy(({ key }) => key)
      byKey
        .process({
          state: {
            sums: mapState<number, number>(),
            last: valueState<number>({ initial: () => -1 }),
          },
          processRecord({ at, amount }, { state, timers: own }) {
            const until = endOfPeriod(at)
            state.sums.set(until, (state.sums.get(until) ?? 0) + amount)
            own.registerEventTime(until)
            if (at <= state.last.get()) return
            // The newest record moves a timer that nothing but the end of all input fires.
            own.deleteEventTime(1e9 + state.last.get())
            own.registerEventTime(1e9 + at)
            state.last.set(at)
          },
          onTimer({ time }, { key, state }, emit: Emit<PeriodSum>) {
            if (time >= 1e9) emit({ key, until: -1, amount: time - 1e9 })
            else emit({ key, until: time, amount: state.sums.get(time) ?? 0 })
          },
        })
        .collect('periods')
      byKey
        .process({
          state: { waiting: listState<number>() },
          processRecord({ id }, { processingTime, state, timers: own }) {
            state.waiting.add(id)
            own.tryRegisterProcessingTime(Math.ceil(processingTime) + WAIT_MS)
            own.registerEventTime(Number.POSITIVE_INFINITY)
          },
          onTimer(_timer, { state }, emit: Emit<{ id: number }>) {
            for (const id of state.waiting.get()) emit({ id })
            state.waiting.clear()
          },
        })
        .collect('waited')
    })
    const byKey = groups(splits.flat(), ({ key }) => key)
    return {
      job,
      grows: { periods: 'amount' },
      expected: {
        periods: byKey.flatMap(([key, own]) => [...periodsOf(key, own), newestOf(key, own)]),
        waited: splits.flat().map(({ id }) => ({ id })),
      },
    }
  },
}

function endOfPeriod(at: number): number {
  return (Math.floor(at / PERIOD_MS) + 1) * PERIOD_MS
}

function periodsOf(key: string, own: readonly Item[]): PeriodSum[] {
  return groups(own, ({ at }) => endOfPeriod(at)).map(([until, inside]) => ({
    key,
    until,
    amount: total(inside),
  }))
}

function newestOf(key: string, own: readonly Item[]): PeriodSum {
  return { key, until: -1, amount: Math.max(...own.map(({ at }) => at)) }
}
