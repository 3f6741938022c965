/**
 * The flights of 2001 by the time when they really left, which is not the order of the file: for
 * `departures.ts`, `sessions.ts` and `turnarounds.ts`.
 */
import { fileURLToPath } from 'node:url'
import { boundedOutOfOrderness, MillraceError } from '../api/index.ts'
import type { Environment, Stream } from '../api/index.ts'
import { parquetSource } from '../connectors/parquet/index.ts'

/** One minute in milliseconds: the arguments of the examples are in minutes, times in milliseconds. */
export const MINUTE_MS = 60_000

/** A flight as the file has it. */
export interface Flight {
  /** When it should have left; ms since 1970. */
  readonly date: number
  /** Minutes by which it left later, or earlier where negative. */
  readonly delay: number
  /** Miles. */
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

/** Arguments that the examples have in common. */
export const FLIGHT_ARGS = {
  input: {
    type: 'string',
    description: 'Parquet file of flights; without it, the three million of vega-datasets',
  },
  airports: {
    type: 'string',
    default: '',
    description: 'only these, as in ORD,ATL; without it, all',
  },
  until: {
    type: 'string',
    description: 'only flights scheduled before this day, as in 2001-01-08; without it, all',
  },
  disorder: {
    type: 'integer',
    default: 1_800,
    description: 'minutes that a departure may come behind a later one; what comes after is late',
  },
} as const

/** What `FLIGHT_ARGS` become. */
export interface FlightArgs {
  readonly input: string | undefined
  readonly until: string | undefined
  readonly disorder: number
}

/**
 * Flights with the time of departure as event time. The file is in the order of the timetable, so that they come out of order by
 * as much as they were late: `disorder` minutes are waited for.
 */
export function departingFlights(env: Environment, args: FlightArgs): Stream<Flight> {
  const flights = env.from(
    parquetSource({
      path: args.input ?? bundledFlights(),
      columns: {
        date: 'timestamp',
        delay: 'number',
        distance: 'number',
        origin: 'string',
        destination: 'string',
      },
    }),
    {
      name: 'flights',
      timestamp: departureTime,
      watermarks: boundedOutOfOrderness(atLeast(0, 'disorder', args.disorder) * MINUTE_MS),
    },
  )
  if (args.until === undefined) return flights
  const untilMs = startOfDay('until', args.until)
  return flights.filter((flight) => flight.date < untilMs)
}

/** When a flight left; ms since 1970. */
export function departureTime(flight: Flight): number {
  return flight.date + flight.delay * MINUTE_MS
}

/** A departure that came when nobody waited for it any more. */
export interface LateDeparture {
  readonly airport: string
  /** Where it went. */
  readonly to: string
  /** ISO 8601. */
  readonly departure: string
  /** Minutes. */
  readonly delay: number
}

/** What is told of a flight that was late in this sense. */
export function lateDeparture(flight: Flight): LateDeparture {
  return {
    airport: flight.origin,
    to: flight.destination,
    departure: new Date(departureTime(flight)).toISOString(),
    delay: flight.delay,
  }
}

/** Tells whether an airport is among those asked for: all of them where none is named. */
export function airportFilter(airports: string): (airport: string) => boolean {
  const names = airports
    .split(',')
    .map((name) => name.trim().toUpperCase())
    .filter((name) => name !== '')
  const wanted = new Set(names)
  return wanted.size === 0 ? () => true : (airport) => wanted.has(airport)
}

/** The value of an argument, or `BAD_ARGUMENT` where it is less than `least`. */
export function atLeast(least: number, name: string, value: number): number {
  if (value >= least) return value
  throw badArgument(name, `at least ${least}`, value)
}

const isoTimes = new Map<number, string>()

/** ISO 8601. Windows of many airports have the same times, so it remembers them. */
export function isoTime(timeMs: number): string {
  let text = isoTimes.get(timeMs)
  if (text === undefined) isoTimes.set(timeMs, (text = new Date(timeMs).toISOString()))
  return text
}

/** The file inside the npm package `vega-datasets`, which is a development dependency. */
export function bundledFlights(): string {
  try {
    // The package exports its entry point only, which stands in a folder beside `data`.
    const entry = import.meta.resolve('vega-datasets')
    return fileURLToPath(new URL('../data/flights-3m.parquet', entry))
  } catch (error) {
    throw new Error(
      'the npm package vega-datasets is not installed: name a Parquet file with --arg input=FILE',
      { cause: error },
    )
  }
}

/** Times of the file have no zone and are taken as UTC, as days are here. */
function startOfDay(name: string, text: string): number {
  const timeMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timeMs)) return timeMs
  throw badArgument(name, 'a day, as in 2001-01-08', `'${text}'`)
}

function badArgument(name: string, expected: string, got: unknown): MillraceError {
  return new MillraceError(
    'BAD_ARGUMENT',
    `argument '${name}': expected ${expected}, got ${String(got)}`,
  )
}
