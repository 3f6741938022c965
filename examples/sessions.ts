/**
 * Bursts of departures: at each airport, flights that leave close after one another, until nothing leaves for a while.
 *
 * Session windows over the time when flights really left. Writes one JSON line per burst, and collects the largest ones and how many
 * departures came too late for theirs.
 */
import {
  combine,
  count,
  defineJob,
  endOfStream,
  mean,
  outputTag,
  session,
  sum,
  topN,
} from '../api/index.ts'
import type { Stream } from '../api/index.ts'
import { jsonLinesSink } from '../connectors/json-lines/index.ts'
import {
  airportFilter,
  atLeast,
  departingFlights,
  FLIGHT_ARGS,
  lateDeparture,
  MINUTE_MS,
} from './departing-flights.ts'
import type { Flight, LateDeparture } from './departing-flights.ts'

/** Departures of one airport with no more than the gap from each to the next. Times in ISO 8601, the delay in minutes. */
export interface Burst {
  readonly airport: string
  readonly firstDeparture: string
  readonly lastDeparture: string
  readonly departures: number
  readonly meanDelay: number
}

const lateFlights = outputTag<Flight>('late')

export default defineJob(
  {
    name: 'sessions',
    description: 'Bursts of departures per airport, in session windows of the time of departure',
    args: {
      ...FLIGHT_ARGS,
      gap: {
        type: 'integer',
        default: 15,
        description: 'a burst ends when nothing leaves for more than so many minutes',
      },
      output: {
        type: 'string',
        default: '',
        description: 'JSON Lines file to write, one line per burst; without it, none',
      },
      late: {
        type: 'string',
        default: '',
        description: 'JSON Lines file for the departures that were too late; without it, none',
      },
    },
  },
  (env, args) => {
    const wanted = airportFilter(args.airports)
    const gapMs = atLeast(1, 'gap', args.gap) * MINUTE_MS
    const bursts = departingFlights(env, args)
      .filter((flight) => wanted(flight.origin))
      .keyBy((flight) => flight.origin)
      .window(session(gapMs))
      .sideOutputLate(lateFlights)
      .aggregate(
        combine({ departures: count(), meanDelay: mean((flight: Flight) => flight.delay) }),
        (result, { key, windowStart, windowEnd }): Burst => ({
          airport: key,
          firstDeparture: new Date(windowStart).toISOString(),
          // A session ends one gap after its last record.
          lastDeparture: new Date(windowEnd - gapMs).toISOString(),
          ...result,
        }),
        { name: 'bursts', uid: 'bursts' },
      )
    const late = bursts.sideOutput(lateFlights).map(lateDeparture)

    if (args.output !== '') bursts.to(jsonLinesSink({ path: args.output }), { parallelism: 1 })
    if (args.late !== '') late.to(jsonLinesSink({ path: args.late }), { parallelism: 1 })

    bursts
      .windowAll(endOfStream())
      .aggregate(
        topN(10, (burst) => burst.departures, byAirportAndTime),
        { name: 'largest 10' },
      )
      .flatMap((largest) => largest, { parallelism: 1 })
      .collect('largest bursts')
    collectTotals(bursts, late)
  },
)

/** Both streams meet in one, so that there is a line even if nothing was late. */
function collectTotals(bursts: Stream<Burst>, late: Stream<LateDeparture>): void {
  bursts
    .map(({ departures }) => ({ bursts: 1, departures, late: 0 }))
    .union(late.map(() => ({ bursts: 0, departures: 0, late: 1 })))
    .windowAll(endOfStream())
    .aggregate(
      combine({
        bursts: sum((counts) => counts.bursts),
        departures: sum((counts) => counts.departures),
        late: sum((counts) => counts.late),
      }),
      { name: 'totals' },
    )
    .collect('totals')
}

/** Settles ties of the ranking, so that it does not depend on which burst came first. */
function byAirportAndTime(a: Burst, b: Burst): number {
  if (a.airport !== b.airport) return a.airport < b.airport ? -1 : 1
  return a.firstDeparture < b.firstDeparture ? -1 : 1
}
