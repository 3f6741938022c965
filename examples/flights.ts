/**
 * Three million US domestic flights of 2001: how late were they, per airport and hour?
 *
 * Reads Parquet, writes one JSON line per airport and hour, and collects the ten worst
 * airport-hours. This is what `npm start` runs.
 */
import {
  combine,
  count,
  defineJob,
  endOfStream,
  max,
  mean,
  monotonous,
  topN,
  tumbling,
} from '../api/index.ts'
import { jsonLinesSink } from '../connectors/json-lines/index.ts'
import { parquetSource } from '../connectors/parquet/index.ts'
import { bundledFlights, isoTime } from './departing-flights.ts'

const HOUR_MS = 3_600_000

/** A flight counts as delayed when it is more than this many minutes late. */
const DELAYED_MINUTES = 15

/** Airport-hours with fewer flights are left out of the ranking: one late flight would win it. */
const MIN_FLIGHTS = 10

/** What is known of one airport in one hour. Times in ISO 8601, delays in minutes. */
export interface AirportHour {
  readonly origin: string
  readonly windowStart: string
  readonly windowEnd: string
  readonly flights: number
  readonly meanDelay: number
  readonly maxDelay: number
  /** Share of the flights that were delayed, 0 to 1. */
  readonly delayedShare: number
}

export default defineJob(
  {
    name: 'flights',
    description: 'Delays of US domestic flights per airport and hour',
    args: {
      input: {
        type: 'string',
        description: 'Parquet file of flights; without it, the three million of vega-datasets',
      },
      output: {
        type: 'string',
        default: '',
        description: 'JSON Lines file to write, one line per airport and hour; without it, none',
      },
    },
  },
  (env, args) => {
    const flights = env.from(
      parquetSource({
        path: args.input ?? bundledFlights(),
        columns: { date: 'timestamp', delay: 'number', origin: 'string' },
      }),
      { name: 'flights', timestamp: (flight) => flight.date, watermarks: monotonous() },
    )

    const airportHours = flights
      .keyBy((flight) => flight.origin)
      .window(tumbling(HOUR_MS))
      .aggregate(
        combine({
          flights: count(),
          meanDelay: mean((flight) => flight.delay),
          maxDelay: max((flight) => flight.delay),
          delayedShare: mean((flight) => (flight.delay > DELAYED_MINUTES ? 1 : 0)),
        }),
        (delays, { key, windowStart, windowEnd }): AirportHour => ({
          origin: key,
          windowStart: isoTime(windowStart),
          windowEnd: isoTime(windowEnd),
          ...delays,
        }),
        { name: 'airport hours', uid: 'airport-hours' },
      )

    if (args.output !== '') {
      airportHours.to(jsonLinesSink({ path: args.output }), { parallelism: 1 })
    }

    airportHours
      .filter((hour) => hour.flights >= MIN_FLIGHTS)
      .windowAll(endOfStream())
      .aggregate(
        topN(10, (hour) => hour.meanDelay, byAirportAndTime),
        { name: 'worst 10', uid: 'worst-10' },
      )
      .flatMap((hours) => hours, { parallelism: 1 })
      .collect('worst airport-hours')
  },
)

/** Settles ties of the ranking, so that it does not depend on which airport-hour arrived first. */
function byAirportAndTime(a: AirportHour, b: AirportHour): number {
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1
  return a.windowStart < b.windowStart ? -1 : 1
}
