/** The examples of docs/joins.md. */
// #region first
import { boundedOutOfOrderness, defineJob, runJob } from '../../api/index.ts'
import { arraySource } from '../../connectors/collection/index.ts'

interface Order {
  readonly id: string
  readonly amount: number
  readonly at: number
}

interface Payment {
  readonly order: string
  readonly paid: number
  readonly at: number
}

const HOUR = 3_600_000

const someOrders: Order[] = [
  { id: 'o1', amount: 20, at: 0 },
  { id: 'o2', amount: 35, at: 60_000 },
  { id: 'o3', amount: 5, at: 120_000 },
]

const somePayments: Payment[] = [
  { order: 'o2', paid: 35, at: 90_000 },
  { order: 'o1', paid: 20, at: 10_000 },
  { order: 'o3', paid: 5, at: 2 * HOUR }, // more than an hour after the order
]

const paidWithinAnHour = defineJob('paid within an hour', (env) => {
  const watermarks = boundedOutOfOrderness(120_000)
  const orders = env.from(arraySource(someOrders), { timestamp: (order) => order.at, watermarks })
  const payments = env.from(arraySource(somePayments), { timestamp: ({ at }) => at, watermarks })
  orders
    .keyBy((order) => order.id)
    .intervalJoin(
      payments.keyBy((payment) => payment.order),
      { lowerMs: 0, upperMs: HOUR },
    )
    .inner((order, payment, { key }) => `${key} paid after ${payment.at - order.at} ms`)
    .collect('paid')
})

export async function listPaid(): Promise<string[]> {
  const job = runJob(paidWithinAnHour)
  const paid: string[] = []
  for await (const line of job.collect<string>('paid')) paid.push(line)
  return paid.sort() // ['o1 paid after 10000 ms', 'o2 paid after 30000 ms']
}
// #endregion

// #region outer
import type { Stream } from '../../api/index.ts'

export const withAndWithoutPayment = (
  orders: Stream<Order>,
  payments: Stream<Payment>,
): Stream<string> =>
  orders
    .keyBy((order) => order.id)
    .intervalJoin(
      payments.keyBy((payment) => payment.order),
      { lowerMs: 0, upperMs: HOUR, upperInclusive: false },
    )
    .left(({ id }, payment) => (payment === undefined ? `remind ${id}` : `ship ${id}`))
// #endregion

// #region harness
import { twoInputHarness } from '../../api/testing/index.ts'

export function tryWithAndWithoutPayment(): string[] {
  const harness = twoInputHarness(withAndWithoutPayment)
  harness.processRecord1({ id: 'o1', amount: 20, at: 0 }, 0)
  harness.processRecord1({ id: 'o2', amount: 35, at: 0 }, 0)
  harness.processRecord2({ order: 'o1', paid: 20, at: 5_000 }, 5_000)
  harness.processWatermark(HOUR)
  const lines = harness.takeValues() // ['ship o1', 'remind o2']
  harness.close()
  return lines
}
// #endregion

// #region process
import { outputTag } from '../../api/index.ts'
import type { Emit } from '../../api/index.ts'

const latePayments = outputTag<Payment>('late payments')
const underpaid = outputTag<string>('underpaid')

export function receipts(orders: Stream<Order>, payments: Stream<Payment>) {
  const main = orders
    .keyBy((order) => order.id)
    .intervalJoin(
      payments.keyBy((payment) => payment.order),
      { lowerMs: 0, upperMs: HOUR, lateRight: latePayments },
    )
    .process({
      processJoin(order, payment, { key, rightTimestamp, sideOutput }, emit: Emit<string>) {
        if (payment.paid < order.amount) return sideOutput(underpaid, key)
        emit(`${key} paid at ${rightTimestamp}`)
        if (payment.paid > order.amount) emit(`${key} gets back ${payment.paid - order.amount}`)
      },
    })
  return { main, late: main.sideOutput(latePayments), underpaid: main.sideOutput(underpaid) }
}
// #endregion

// #region windows
import { tumbling } from '../../api/index.ts'

interface Click {
  readonly user: string
  readonly page: string
}

interface Purchase {
  readonly buyer: string
  readonly price: number
}

export const clicksWithPurchases = (
  clicks: Stream<Click>,
  purchases: Stream<Purchase>,
): Stream<string> =>
  clicks
    .keyBy((click) => click.user)
    .join(purchases.keyBy((purchase) => purchase.buyer))
    .window(tumbling(60_000))
    .left(
      ({ user, page }, purchase, { windowStart }) =>
        `${windowStart}: ${user} on ${page}, ${purchase?.price ?? 'no purchase'}`,
    )
// #endregion

// #region cogroup
import { session, valueState } from '../../api/index.ts'

export const buyersPerVisit = (
  clicks: Stream<Click>,
  purchases: Stream<Purchase>,
): Stream<string> =>
  clicks
    .keyBy((click) => click.user)
    .coGroup(purchases.keyBy((purchase) => purchase.buyer))
    .window(session(30_000))
    .process({
      state: { visits: valueState<number>({ initial: () => 0 }) },
      coGroup({ key, state }, { first, second }, emit: Emit<string>) {
        state.visits.set(state.visits.get() + 1)
        const spent = second.reduce((sum, { price }) => sum + price, 0)
        emit(`${key}, visit ${state.visits.get()}: ${first.length} clicks, ${spent} spent`)
      },
    })
// #endregion
