/** The examples of docs/joins.md, between `#region` marks; `joins.test.ts` runs them and compares the text. */
// #region interval
import type { Stream } from '../../api/index.ts'

interface Order {
  readonly id: string
  readonly amount: number
}

interface Payment {
  readonly order: string
  readonly paid: number
}

const HOUR = 3_600_000

export const paidOrders = (orders: Stream<Order>, payments: Stream<Payment>): Stream<string> =>
  orders
    .keyBy((order) => order.id)
    .intervalJoin(
      payments.keyBy((payment) => payment.order),
      { lowerMs: 0, upperMs: HOUR },
    )
    .inner((order, payment) => `${order.id}: ${payment.paid} of ${order.amount}`)
// #endregion

// #region harness
import { twoInputHarness } from '../../api/testing/index.ts'

export function tryPaidOrders(): string[] {
  const harness = twoInputHarness(paidOrders)
  harness.processRecord2({ order: 'a', paid: 5 }, 2_000) // event time, not arrival, counts
  harness.processRecord1({ id: 'a', amount: 9 }, 1_000)
  harness.processRecord2({ order: 'a', paid: 4 }, 1_000 + HOUR)
  harness.processRecord2({ order: 'a', paid: 1 }, 1_001 + HOUR) // too late for this order
  return harness.takeValues() // ['a: 5 of 9', 'a: 4 of 9']
}
// #endregion

// #region outer
export const unpaidOrders = (orders: Stream<Order>, payments: Stream<Payment>): Stream<string> =>
  orders
    .keyBy((order) => order.id)
    .intervalJoin(
      payments.keyBy((payment) => payment.order),
      { lowerMs: 0, upperMs: HOUR },
    )
    .left((order, payment) => (payment === undefined ? [order.id] : []))
    .flatMap((unpaid) => unpaid)
// #endregion

// #region process
import { outputTag } from '../../api/index.ts'
import type { Emit } from '../../api/index.ts'

const latePayments = outputTag<Payment>('late payments')

export function receipts(orders: Stream<Order>, payments: Stream<Payment>) {
  const joined = orders
    .keyBy((order) => order.id)
    .intervalJoin(
      payments.keyBy((payment) => payment.order),
      { lowerMs: 0, upperMs: HOUR, upperInclusive: false, lateRight: latePayments },
    )
    .process({
      processJoin(order, payment, { key, counter, timestamp }, emit: Emit<string>) {
        if (payment.paid < order.amount) counter('underpaid').value++
        else emit(`${key} was paid at ${timestamp}`)
      },
    })
  return { receipts: joined, late: joined.sideOutput(latePayments) }
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

export const clicksAndPurchases = (
  clicks: Stream<Click>,
  purchases: Stream<Purchase>,
): Stream<string> =>
  clicks
    .keyBy((click) => click.user)
    .join(purchases.keyBy((purchase) => purchase.buyer))
    .window(tumbling(60_000))
    .left(({ page }, purchase, { key, windowStart }) => {
      const spent = purchase === undefined ? 'nothing' : purchase.price
      return `${windowStart}: ${key} saw ${page} and spent ${spent}`
    })
// #endregion

// #region cogroup
import { session } from '../../api/index.ts'

export const visits = (clicks: Stream<Click>, purchases: Stream<Purchase>): Stream<string> =>
  clicks
    .keyBy((click) => click.user)
    .coGroup(purchases.keyBy((purchase) => purchase.buyer))
    .window(session(30_000))
    .process({
      coGroup({ key }, { first, second }, emit: Emit<string>) {
        const spent = second.reduce((sum, { price }) => sum + price, 0)
        emit(`${key}: ${first.length} clicks, ${spent} spent`)
      },
    })
// #endregion
