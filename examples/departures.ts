/**
 * How late do flights leave right now? The last six hours of every airport, every ten minutes.
 *
 * Event time is when a flight really left, so the file is out of order by up to a day. Writes one JSON line per airport and
 * window, and collects the worst six hours of ten airports and how many departures came too late to be counted.
 */
import {
  combine,
  count,
  defineJob,
  endOfStream,
  mean,
  outputTag,
  sliding,
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
  isoTime,
  lateDeparture,
  MINUTE_MS,
} from './departing-flights.ts'
import type { Flight, LateDeparture } from './departing-flights.ts'

/** Windows with fewer departures are left out of the ranking: one late flight would win it. */
const MIN_DEPARTURES = 10

/** What is known of one airport in one window. Times in ISO 8601, delays in minutes. */
export interface AirportWindow {
  readonly airport: string
  readonly windowStart: string
  readonly windowEnd: string
  readonly departures: number
  readonly meanDelay: number
}

/** How the windows are cut. Minutes, but for `results`. */
export interface DepartureWindows {
  readonly size: number
  readonly slide: number
  readonly lateness: number
  readonly results: 'final' | 'updates'
}

const lateFlights = outputTag<Flight>('late')

export default defineJob(
  {
    name: 'departures',
    description: 'Delays per airport in sliding windows of the time of departure',
    args: {
      ...FLIGHT_ARGS,
      size: { type: 'integer', default: 360, description: 'length of a window in minutes' },
      slide: {
        type: 'integer',
        default: 10,
        description: 'minutes from the begin of one window to that of the next',
      },
      lateness: {
        type: 'integer',
        default: 0,
        description: 'minutes for which windows still take departures after their end',
      },
      results: {
        type: 'string',
        choices: ['final', 'updates'],
        default: 'final',
        description:
          'final: one line per airport and window; updates: another one for each departure within the lateness',
      },
      output: {
        type: 'string',
        default: '',
        description: 'JSON Lines file to write, one line per airport and window; without it, none',
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
    const flights = departingFlights(env, args).filter((flight) => wanted(flight.origin))
    const { delays, late } = recentDelays(flights, args)

    if (args.output !== '') delays.to(jsonLinesSink({ path: args.output }), { parallelism: 1 })
    if (args.late !== '') late.to(jsonLinesSink({ path: args.late }), { parallelism: 1 })

    collectWorst(delays)
    collectTotals(delays, late)
  },
)

/** Count and mean delay of each airport's departures in sliding windows, and the departures that came too late for all of theirs. */
export function recentDelays(
  flights: Stream<Flight>,
  args: DepartureWindows,
): { delays: Stream<AirportWindow>; late: Stream<LateDeparture> } {
  const size = atLeast(1, 'size', args.size)
  const slide = atLeast(1, 'slide', args.slide)
  const delays = flights
    .keyBy((flight) => flight.origin)
    .window(sliding({ size: size * MINUTE_MS, slide: slide * MINUTE_MS }))
    .allowedLateness(atLeast(0, 'lateness', args.lateness) * MINUTE_MS)
    .sideOutputLate(lateFlights)
    .results(args.results)
    .aggregate(
      combine({ departures: count(), meanDelay: mean((flight: Flight) => flight.delay) }),
      (result, { key, windowStart, windowEnd }): AirportWindow => ({
        airport: key,
        windowStart: isoTime(windowStart),
        windowEnd: isoTime(windowEnd),
        ...result,
      }),
      { name: 'recent delays', uid: 'recent-delays' },
    )
  const late = delays.sideOutput(lateFlights).map(lateDeparture)
  return { delays, late }
}

/** Neighbouring windows share most of their departures, so each airport is ranked by its worst one. */
function collectWorst(delays: Stream<AirportWindow>): void {
  delays
    .filter((window) => window.departures >= MIN_DEPARTURES)
    .keyBy((window) => window.airport)
    .window(endOfStream())
    .aggregate(topN(1, (window: AirportWindow) => window.meanDelay, byAirportAndTime))
    .flatMap((windows) => windows)
    .windowAll(endOfStream())
    .aggregate(topN(10, (window) => window.meanDelay, byAirportAndTime))
    .flatMap((windows) => windows, { parallelism: 1 })
    .collect('worst airports')
}

/** Counted per airport first, on all subtasks. Both streams meet in one, so that there is a line even if nothing was late. */
function collectTotals(delays: Stream<AirportWindow>, late: Stream<LateDeparture>): void {
  const counted = combine({
    results: sum((counts: Counts) => counts.results),
    late: sum((counts: Counts) => counts.late),
  })
  delays
    .map(({ airport }): Counts => ({ airport, results: 1, late: 0 }))
    .union(late.map(({ airport }) => ({ airport, results: 0, late: 1 })))
    .keyBy(({ airport }) => airport)
    .window(endOfStream())
    .aggregate(counted, (counts, { key }): Counts => ({ airport: key, ...counts }))
    .windowAll(endOfStream())
    .aggregate(counted, { uid: 'totals' })
    .collect('totals')
}

interface Counts {
  readonly airport: string
  readonly results: number
  readonly late: number
}

/** Settles ties of the ranking, so that it does not depend on which window came first. */
function byAirportAndTime(a: AirportWindow, b: AirportWindow): number {
  if (a.airport !== b.airport) return a.airport < b.airport ? -1 : 1
  return a.windowStart < b.windowStart ? -1 : 1
}
