/** The examples of docs/process-functions.md, between `#region` marks; `process-functions.test.ts` runs them and compares the text. */
// #region silent
import { valueState } from '../../api/index.ts'
import type { Emit, Stream } from '../../api/index.ts'

interface Reading {
  readonly sensor: string
  readonly celsius: number
}

export const silentSensors = (readings: Stream<Reading>): Stream<string> =>
  readings
    .keyBy((reading) => reading.sensor)
    .process({
      state: { deadline: valueState<number>({ initial: () => -Infinity }) },
      processRecord(_reading, { state, timers, timestamp }) {
        const deadline = timestamp + 60_000
        if (deadline <= state.deadline.get()) return // it came out of order
        timers.deleteEventTime(state.deadline.get())
        if (timers.tryRegisterEventTime(deadline)) state.deadline.set(deadline)
      },
      onTimer({ time }, { key, state }, emit: Emit<string>) {
        state.deadline.clear()
        emit(`${key} has been silent since ${time - 60_000}`)
      },
    })
// #endregion

// #region harness
import { operatorHarness } from '../../api/testing/index.ts'

export function trySilentSensors(): string[] {
  const harness = operatorHarness(silentSensors)
  harness.processRecord({ sensor: 'attic', celsius: 19 }, 1_000)
  harness.processRecord({ sensor: 'cellar', celsius: 11 }, 20_000)
  harness.processRecord({ sensor: 'attic', celsius: 18 }, 30_000)
  harness.processWatermark(85_000)
  return harness.takeValues() // ['cellar has been silent since 20000']
}
// #endregion

// #region plain
import { outputTag } from '../../api/index.ts'

const hot = outputTag<Reading>('hot')

export function splitByHeat(readings: Stream<Reading>): Record<'cool' | 'hot', Stream<Reading>> {
  const cool = readings.process({
    processRecord(reading, { counter, log, sideOutput }, emit: Emit<Reading>) {
      if (reading.celsius < 30) return emit(reading)
      counter('hot readings').value++
      if (reading.celsius > 99) log.warn('a sensor boils', { sensor: reading.sensor })
      sideOutput(hot, reading)
    },
  })
  return { cool, hot: cool.sideOutput(hot) }
}
// #endregion

// #region connect
interface Order {
  readonly id: string
  readonly amount: number
}

interface Payment {
  readonly order: string
  readonly paid: number
}

export const reconcile = (orders: Stream<Order>, payments: Stream<Payment>): Stream<string> =>
  orders
    .keyBy((order) => order.id)
    .connect(payments.keyBy((payment) => payment.order))
    .process({
      state: { open: valueState<number>({ initial: () => 0 }) },
      processRecord1(order, { state, timers, timestamp }) {
        state.open.set(state.open.get() + order.amount)
        timers.registerEventTime(timestamp + 86_400_000)
      },
      processRecord2(payment, { key, state }, emit: Emit<string>) {
        state.open.set(state.open.get() - payment.paid)
        if (state.open.get() === 0) emit(`${key} is paid`)
      },
      onTimer(_timer, { key, state }, emit: Emit<string>) {
        if (state.open.get() > 0) emit(`${key} owes ${state.open.get()} after a day`)
        state.open.clear()
      },
    })
// #endregion

// #region broadcast
import { broadcastState } from '../../api/index.ts'

interface Limit {
  readonly sensor: string
  readonly celsius: number
}

export const alarms = (readings: Stream<Reading>, limits: Stream<Limit>): Stream<string> =>
  readings
    .keyBy((reading) => reading.sensor)
    .connect(limits.broadcast({ limits: broadcastState<string, number>() }))
    .process({
      state: { last: valueState<number>() },
      processRecord({ celsius }, { key, state, broadcast }, emit: Emit<string>) {
        state.last.set(celsius)
        if (celsius > (broadcast.limits.get(key) ?? 50)) emit(`${key}: ${celsius}`)
      },
      processBroadcast(limit, { broadcast, forEachKey }, emit: Emit<string>) {
        broadcast.limits.set(limit.sensor, limit.celsius)
        forEachKey('last', (sensor, last) => {
          const celsius = last.get() ?? 0
          if (sensor === limit.sensor && celsius > limit.celsius) emit(`${sensor}: ${celsius}`)
        })
      },
    })
// #endregion
