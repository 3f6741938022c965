/**
 * A job with all kinds of state, written with the public API alone. Its savepoints lie in the repository and must be restored for
 * ever: what is here must not change, or they no longer fit. A new kind of state gets a job of its own.
 *
 * Its output is the same, line by line, whatever the order in which records of several subtasks meet: what depends on all records
 * of a key is told by a timer behind the last of them.
 */
import {
  aggregatingState,
  boundedOutOfOrderness,
  broadcastState,
  count,
  defineJob,
  listState,
  mapState,
  max,
  mean,
  reducingState,
  session,
  sliding,
  splitListState,
  sum,
  tumbling,
  unionListState,
  valueState,
} from '../../api/index.ts'
import type { Emit, Sink } from '../../api/index.ts'
import { fileSink } from '../../connectors/file-sink/index.ts'
import { jsonLines } from '../../connectors/json-lines/index.ts'
import { gatedNumbers } from './gated-source.ts'

export const ORDERS = { count: 600, perSplit: 60, gatedFrom: 4, readOfGated: 37 }
export const RULES = { count: 8, perSplit: 8, gatedFrom: 0, readOfGated: 5 }
/** Orders from this one on go to the folder, which has nothing at the savepoint. */
export const LATE = 480

const CLOSING = 1_000_000
const FAR_FUTURE = 8_000_000_000_000

interface Order {
  readonly n: number
  readonly key: string
  readonly amount: number
}

function orderOf(n: number): Order {
  return { n, key: `key ${n % 7}`, amount: (n * 31) % 97 }
}

/** `gated`: stops where a savepoint is to be made. `sink` gets all lines. */
export function allStateJob(options: {
  readonly gated: boolean
  readonly directory: string
  readonly sink: Sink<string>
}) {
  const gate = options.gated ? {} : { gatedFrom: Number.POSITIVE_INFINITY }
  return defineJob('all kinds of state', (env) => {
    const numbers = env.from(gatedNumbers({ name: 'orders', ...ORDERS, ...gate }), {
      uid: 'orders',
      timestamp: (n) => n * 1_000,
      watermarks: boundedOutOfOrderness(240_000),
    })
    const rules = env.from(gatedNumbers({ name: 'rules', ...RULES, ...gate }), {
      uid: 'rules',
      parallelism: 1,
      timestamp: (n) => n,
      watermarks: boundedOutOfOrderness(0),
    })
    const orders = numbers.map(orderOf, { uid: 'parse' })
    const byKey = orders.keyBy(({ key }) => key)

    const profiles = byKey.process(
      {
        state: {
          seen: valueState<number>({ initial: () => 0 }),
          fired: valueState<number>({ initial: () => 0 }),
          last: valueState<Order>(),
          amounts: listState<number>(),
          byDigit: mapState<string, number>(),
          largest: reducingState((a: number, b: number) => Math.max(a, b)),
          mean: aggregatingState(mean((amount: number) => amount)),
          since: valueState<Date>(),
        },
        processRecord(order, { state, timers, timestamp }) {
          const { n, amount } = order
          state.seen.set(state.seen.get() + 1)
          if (n >= (state.last.get()?.n ?? -1)) state.last.set(order)
          state.amounts.add(amount)
          const digit = `digit ${n % 10}`
          state.byDigit.set(digit, (state.byDigit.get(digit) ?? 0) + amount)
          state.largest.add(amount)
          state.mean.add(amount)
          const since = state.since.get()
          if (since === undefined || since.getTime() > timestamp)
            state.since.set(new Date(timestamp))
          timers.registerEventTime(timestamp + 300_500)
          timers.registerEventTime(CLOSING)
          timers.tryRegisterProcessingTime(FAR_FUTURE)
        },
        onTimer({ time }, { key, state }, emit: Emit<string>) {
          if (time === FAR_FUTURE) return
          if (time !== CLOSING) {
            state.fired.set(state.fired.get() + 1)
            return
          }
          const digits = [...state.byDigit.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1))
          const amounts = [...state.amounts.get()].toSorted((a, b) => a - b)
          emit(
            `profile ${key}: ${state.seen.get()} seen, ${state.fired.get()} fired, last ${state.last.get()?.n}, ` +
              `largest ${state.largest.get()}, mean ${state.mean.get()}, since ${state.since.get()?.toISOString()}, ` +
              `digits ${JSON.stringify(digits)}, amounts ${amounts.join(' ')}`,
          )
        },
      },
      { uid: 'profiles' },
    )

    const counts = byKey
      .aggregate(count(), { uid: 'rolling count' })
      .map((n) => `rolling count ${n}`, { uid: 'rolling count text' })
    const tumbled = byKey.window(tumbling(45_000)).aggregate(
      sum((order: Order) => order.amount),
      (total, { key, windowStart }) => `tumbling ${key} ${windowStart}: ${total}`,
      { uid: 'tumbling' },
    )
    const slid = byKey.window(sliding({ size: 60_000, slide: 20_000 })).aggregate(
      max((order: Order) => order.amount),
      (largest, { key, windowStart }) => `sliding ${key} ${windowStart}: ${String(largest)}`,
      { uid: 'sliding' },
    )
    const sessions = orders
      .filter(({ n }) => n % 40 < 20, { uid: 'gaps' })
      .keyBy(({ key }) => key)
      .window(session(12_000))
      .aggregate(
        count(),
        (orders_, { key, windowStart, windowEnd }) =>
          `session ${key} ${windowStart} to ${windowEnd}: ${orders_}`,
        { uid: 'sessions' },
      )
    const listed = byKey.window(tumbling(90_000)).process(
      {
        process({ key, window }, records, emit: Emit<string>) {
          const all = [...records].map(({ n }) => n).toSorted((a, b) => a - b)
          emit(`window of records ${key} ${window.start}: ${all.join(' ')}`)
        },
      },
      { uid: 'window of records' },
    )
    const joined = orders
      .filter(({ n }) => n % 2 === 0, { uid: 'even' })
      .keyBy(({ key }) => key)
      .intervalJoin(
        orders.filter(({ n }) => n % 2 === 1, { uid: 'odd' }).keyBy(({ key }) => key),
        { lowerMs: -8_000, upperMs: 8_000 },
      )
      .inner((even, odd) => `interval join ${even.n} and ${odd.n}`, { uid: 'interval join' })

    const ruled = byKey
      .connect(rules.broadcast({ rules: broadcastState<string, number>() }))
      .process(
        {
          state: { total: valueState<number>({ initial: () => 0 }) },
          processRecord({ amount }, { state, timers }) {
            state.total.set(state.total.get() + amount)
            timers.registerEventTime(CLOSING)
          },
          processBroadcast(rule, { broadcast }) {
            broadcast.rules.set(`key ${rule % 7}`, rule + 1)
          },
          onTimer(_timer, { key, state, broadcast }, emit: Emit<string>) {
            emit(`rule of ${key}: ${state.total.get()} times ${broadcast.rules.get(key)}`)
          },
        },
        { uid: 'ruled' },
      )

    // the last rule tells the operators without keys that they may let go of what they have collected
    const flush = rules.filter((rule) => rule === RULES.count - 1, { uid: 'last rule' })
    const collected = numbers
      .filter((n) => n % 5 === 0, { uid: 'fifths' })
      .rebalance()
      .union(flush.map(() => -1, { uid: 'flush' }).broadcast())
      .process(
        {
          operatorState: {
            dealt: splitListState<number>(),
            all: unionListState<number>(),
            over: splitListState<boolean>(),
          },
          open({ operatorState, subtaskIndex, parallelism }) {
            // a union has what every subtask had: each keeps its own
            const own = [...operatorState.all.get()].filter((n) => n % parallelism === subtaskIndex)
            operatorState.all.clear()
            operatorState.all.addAll(own)
          },
          processRecord(n, { operatorState }, emit: Emit<string>) {
            if (n >= 0) {
              operatorState.dealt.add(n)
              operatorState.all.add(n)
            } else operatorState.over.add(true)
            if (operatorState.over.get().length === 0) return
            for (const dealt of operatorState.dealt.get()) emit(`dealt ${dealt}`)
            for (const one of operatorState.all.get()) emit(`of all ${one}`)
            operatorState.dealt.clear()
            operatorState.all.clear()
          },
        },
        { uid: 'collected' },
      )

    orders
      .filter(({ n }) => n >= LATE, { uid: 'late' })
      .to(fileSink<Order>({ directory: options.directory, format: jsonLines() }), {
        uid: 'folder',
        name: 'folder',
      })
    profiles
      .union(counts, tumbled, slid, sessions, listed, joined, ruled, collected)
      .to(options.sink, { uid: 'ledger' })
  })
}
