/** The examples of docs/async.md, between `#region` marks; `async.test.ts` runs them and compares the text. */
// #region first
import type { Stream } from '../../api/index.ts'

export interface Order {
  readonly id: string
  readonly customer: string
  readonly amount: number
}

/** Stands for a database, an HTTP service, a model … */
export type Ask = (customer: string, signal: AbortSignal) => Promise<string>

export const withCity = (orders: Stream<Order>, cityOf: Ask): Stream<Order & { city: string }> =>
  orders.mapAsync(async (order, { signal }) => ({
    ...order,
    city: await cityOf(order.customer, signal),
  }))
// #endregion

// #region options
import { exponentialDelay } from '../../api/index.ts'

export const cities = (orders: Stream<Order>, cityOf: Ask): Stream<string> =>
  orders.mapAsync((order, { signal }) => cityOf(order.customer, signal), {
    uid: 'cities',
    order: 'unordered',
    capacity: 500,
    timeoutMs: 2_000,
    onTimeout: () => 'unknown',
    retry: exponentialDelay({ attempts: 4, initialMs: 50, maxMs: 1_000, jitter: 0.3 }),
  })
// #endregion

// #region flat
import { fixedDelay } from '../../api/index.ts'

type Search = (text: string) => Promise<string[]>

export const hits = (texts: Stream<string>, search: Search): Stream<string> =>
  texts.flatMapAsync((text) => search(text), {
    retry: fixedDelay({
      attempts: 3,
      delayMs: 200,
      when: (error) => error instanceof RangeError,
      whenResult: (found: string[]) => found.length === 0,
    }),
  })
// #endregion

// #region bad
export function careful(orders: Stream<Order>, cityOf: Ask) {
  const found = orders.mapAsync((order, { signal }) => cityOf(order.customer, signal), {
    timeoutMs: 2_000,
    onError: 'deadLetter',
  })
  return { cities: found, failed: found.deadLetters() } // DeadLetter: record, error, place …
}
// #endregion

// #region harness
import { operatorHarness } from '../../api/testing/index.ts'

export async function tryCities(): Promise<string[]> {
  const never = new Promise<string>(() => {})
  const harness = operatorHarness((orders: Stream<Order>) =>
    cities(orders, async (customer) => (customer === 'Bob' ? never : `${customer}'s city`)),
  )
  harness.processRecord({ id: '1', customer: 'Bob', amount: 5 })
  harness.processRecord({ id: '2', customer: 'Ada', amount: 7 })
  await harness.settle() // promises
  harness.setProcessingTime(2_000) // timeouts and retries
  return harness.takeValues() // ["Ada's city", 'unknown']
}
// #endregion
