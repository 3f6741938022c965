/**
 * What could an aeroplane that lands do next? Every arrival at an airport, joined with the departures from it half an hour to
 * an hour and a half later.
 *
 * An interval join of two streams from one file: departures, and the same flights at the time and place of their arrival. Writes one JSON
 * line per pair, and collects the airports with the most pairs and how many records came too late to be joined.
 */
import { combine, count, defineJob, endOfStream, mean, outputTag, sum, topN } from '../api/index.ts'
import type { IntervalJoinInfo, Stream } from '../api/index.ts'
import { jsonLinesSink } from '../connectors/json-lines/index.ts'
import {
  airportFilter,
  atLeast,
  departingFlights,
  departureTime,
  FLIGHT_ARGS,
  isoTime,
  lateDeparture,
  MINUTE_MS,
} from './departing-flights.ts'
import type { Flight } from './departing-flights.ts'

/** All three million flights make some hundred million pairs. */
const ONE_WEEK = '2001-01-08'

/** The file does not say when flights arrived: half an hour on the ground and eight miles a minute come close. */
const GROUND_MINUTES = 30
const MILES_PER_MINUTE = 8

/** An arrival and a departure that it may become. Times in ISO 8601. */
export interface Turnaround {
  readonly airport: string
  /** Where the arriving flight came from. */
  readonly from: string
  readonly arrival: string
  readonly departure: string
  /** Where the departing flight goes. */
  readonly to: string
  /** From the arrival to the departure. */
  readonly minutes: number
}

/** An arrival that came too late to be joined. */
export interface LateArrival {
  readonly airport: string
  readonly from: string
  readonly arrival: string
}

const lateArrivals = outputTag<Flight>('late arrivals')
const lateDepartures = outputTag<Flight>('late departures')

export default defineJob(
  {
    name: 'turnarounds',
    description: 'Arrivals joined with the departures soon after them from the same airport',
    args: {
      ...FLIGHT_ARGS,
      until: {
        ...FLIGHT_ARGS.until,
        description: `${FLIGHT_ARGS.until.description}, or ${ONE_WEEK} if there is no input`,
      },
      least: { type: 'integer', default: 30, description: 'least minutes on the ground' },
      most: { type: 'integer', default: 90, description: 'most minutes on the ground' },
      output: {
        type: 'string',
        default: '',
        description: 'JSON Lines file to write, one line per pair; without it, none',
      },
      lateArrivals: {
        type: 'string',
        default: '',
        description: 'JSON Lines file for the arrivals that were too late; without it, none',
      },
      lateDepartures: {
        type: 'string',
        default: '',
        description: 'JSON Lines file for the departures that were too late; without it, none',
      },
    },
  },
  (env, args) => {
    const wanted = airportFilter(args.airports)
    const until = args.until ?? (args.input === undefined ? ONE_WEEK : undefined)
    const least = atLeast(0, 'least', args.least)
    const most = atLeast(least, 'most', args.most)

    const flights = departingFlights(env, { ...args, until })
    const departures = flights.filter((flight) => wanted(flight.origin))
    // Nothing arrives before it leaves: whatever watermark departures have is right for arrivals too.
    const arrivals = flights
      .filter((flight) => wanted(flight.destination))
      .assignTimestamps(arrivalTime)

    const turnarounds = arrivals
      .keyBy((flight) => flight.destination)
      .intervalJoin(
        departures.keyBy((flight) => flight.origin),
        {
          lowerMs: least * MINUTE_MS,
          upperMs: most * MINUTE_MS,
          lateLeft: lateArrivals,
          lateRight: lateDepartures,
        },
      )
      .inner(turnaround, { name: 'turnarounds', uid: 'turnarounds' })
    const late = {
      arrivals: turnarounds.sideOutput(lateArrivals).map(lateArrival),
      departures: turnarounds.sideOutput(lateDepartures).map(lateDeparture),
    }

    if (args.output !== '') turnarounds.to(jsonLinesSink({ path: args.output }), { parallelism: 1 })
    if (args.lateArrivals !== '') {
      late.arrivals.to(jsonLinesSink({ path: args.lateArrivals }), { parallelism: 1 })
    }
    if (args.lateDepartures !== '') {
      late.departures.to(jsonLinesSink({ path: args.lateDepartures }), { parallelism: 1 })
    }

    collectSummaries(turnarounds, late)
  },
)

/** When a flight lands, as far as one can tell; ms since 1970. */
export function arrivalTime(flight: Flight): number {
  const minutes = GROUND_MINUTES + Math.floor(flight.distance / MILES_PER_MINUTE)
  return departureTime(flight) + minutes * MINUTE_MS
}

function turnaround(
  arriving: Flight,
  leaving: Flight,
  { key, leftTimestamp, rightTimestamp }: IntervalJoinInfo<string>,
): Turnaround {
  return {
    airport: key,
    from: arriving.origin,
    arrival: isoTime(leftTimestamp),
    departure: isoTime(rightTimestamp),
    to: leaving.destination,
    minutes: (rightTimestamp - leftTimestamp) / MINUTE_MS,
  }
}

function lateArrival(flight: Flight): LateArrival {
  return {
    airport: flight.destination,
    from: flight.origin,
    arrival: new Date(arrivalTime(flight)).toISOString(),
  }
}

/** Pairs are many: they are counted per airport, where they are made, and only the counts go on. */
function collectSummaries(
  turnarounds: Stream<Turnaround>,
  late: { readonly arrivals: Stream<LateArrival>; readonly departures: Stream<unknown> },
): void {
  const airports = turnarounds
    .keyBy((pair) => pair.airport)
    .window(endOfStream())
    .aggregate(
      combine({ turnarounds: count(), meanMinutes: mean((pair: Turnaround) => pair.minutes) }),
      (result, { key }) => ({ airport: key, ...result }),
    )
  airports
    .windowAll(endOfStream())
    .aggregate(
      topN(
        10,
        (airport) => airport.turnarounds,
        (a, b) => (a.airport < b.airport ? -1 : 1),
      ),
      { name: 'busiest 10' },
    )
    .flatMap((busiest) => busiest, { parallelism: 1 })
    .collect('busiest airports')
  // All of them meet in one stream, so that there is a line even if nothing was late.
  airports
    .map((airport) => ({ turnarounds: airport.turnarounds, lateArrivals: 0, lateDepartures: 0 }))
    .union(
      late.arrivals.map(() => ({ turnarounds: 0, lateArrivals: 1, lateDepartures: 0 })),
      late.departures.map(() => ({ turnarounds: 0, lateArrivals: 0, lateDepartures: 1 })),
    )
    .windowAll(endOfStream())
    .aggregate(
      combine({
        turnarounds: sum((counts) => counts.turnarounds),
        lateArrivals: sum((counts) => counts.lateArrivals),
        lateDepartures: sum((counts) => counts.lateDepartures),
      }),
      { name: 'totals' },
    )
    .collect('totals')
}
