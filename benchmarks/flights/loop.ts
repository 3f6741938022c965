/**
 * The hand-written loop of the flights benchmark, in a thread of its own: what somebody would write who needs just this answer.
 */
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parquetSource } from '../../connectors/parquet/index.ts'
import { answerRequests } from '../kept-thread.ts'

const HOUR_MS = 3_600_000
const FLUSH_CHARACTERS = 1_000_000

answerRequests(loop)

interface Delays {
  flights: number
  sum: number
  max: number
  delayed: number
}

async function loop(output: string): Promise<number> {
  const entry = import.meta.resolve('vega-datasets')
  const source = parquetSource({
    path: fileURLToPath(new URL('../data/flights-3m.parquet', entry)),
    columns: { date: 'timestamp', delay: 'number', origin: 'string' },
  })
  const file = await open(output, 'w')
  const hours = new Map<number, Map<string, Delays>>()
  const splits = await source.enumerate({ parallelism: 1 })
  const signal = new AbortController().signal
  const context = { subtaskIndex: 0, parallelism: 1, batchSize: 1024, signal }
  let flights = 0
  for (;;) {
    const split = await splits.next(0)
    if (split === undefined) break
    const reader = await source.open(split, context)
    for (let rows = await reader.read(); rows !== undefined; rows = await reader.read()) {
      flights += rows.length
      for (const { date, delay, origin } of rows) {
        const hour = Math.floor(date / HOUR_MS)
        let airports = hours.get(hour)
        if (airports === undefined) hours.set(hour, (airports = new Map()))
        let delays = airports.get(origin)
        if (delays === undefined) {
          delays = { flights: 0, sum: 0, max: -Infinity, delayed: 0 }
          airports.set(origin, delays)
        }
        delays.flights++
        delays.sum += delay
        if (delay > delays.max) delays.max = delay
        if (delay > 15) delays.delayed++
      }
    }
    await reader.close?.()
  }
  await splits.close?.()
  let text = ''
  for (const [hour, airports] of hours) {
    const windowStart = new Date(hour * HOUR_MS).toISOString()
    const windowEnd = new Date((hour + 1) * HOUR_MS).toISOString()
    for (const [origin, { flights: n, sum, max, delayed }] of airports) {
      const row = { origin, windowStart, windowEnd, flights: n, meanDelay: sum / n, maxDelay: max }
      text += `${JSON.stringify({ ...row, delayedShare: delayed / n })}\n`
      if (text.length < FLUSH_CHARACTERS) continue
      await file.write(text)
      text = ''
    }
  }
  await file.write(text)
  await file.close()
  return flights
}
