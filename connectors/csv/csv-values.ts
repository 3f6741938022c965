/**
 * What the text of a CSV field is worth, by declared column type. Pure.
 */
import type { RequiredColumnType } from '../files/columns.ts'

/** The column types a CSV file can hold. */
export const CSV_TYPES = ['string', 'number', 'boolean', 'timestamp', 'date', 'bigint'] as const

/** Turns the text of a field into a value; undefined when the text is not of that type. */
export type ParseValue = (text: string) => unknown

const ISO_TIME =
  /^((?!-000000)(?:[+-]\d{6}|\d{4})-\d\d-(\d\d))(?:[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/i
const INTEGER = /^[+-]?\d+$/

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, 1: true, 0: false }

function parseNumber(text: string): number | undefined {
  const value = Number(text)
  if (Number.isNaN(value)) return text === 'NaN' ? value : undefined
  // Number('') and Number(' ') are 0
  return value === 0 && text.trim() === '' ? undefined : value
}

/** ISO 8601, a blank instead of the T allowed, UTC where no zone is given; or epoch milliseconds. */
export function parseTime(text: string): number | undefined {
  if (INTEGER.test(text)) {
    const time = Number(text)
    // "-0" is 0
    return Number.isSafeInteger(time) ? time + 0 : undefined
  }
  const found = ISO_TIME.exec(text)
  if (found === null) return undefined
  const [, date = '', day, zone] = found
  // V8 takes the 30th of February for the 1st of March
  if (Number(day) > 28 && new Date(date).getUTCDate() !== Number(day)) return undefined
  const iso = text.replace(' ', 'T').replace(',', '.')
  // without a zone ECMAScript would take a time, unlike a date, as local
  const local = zone === undefined && iso.includes('T')
  const time = Date.parse(local ? `${iso}Z` : iso)
  return Number.isNaN(time) ? undefined : time
}

const PARSERS: Readonly<Record<(typeof CSV_TYPES)[number], ParseValue>> = {
  string: (text) => text,
  number: parseNumber,
  boolean: (text) => BOOLEANS[text.toLowerCase()],
  timestamp: parseTime,
  date: (text) => {
    const date = new Date(parseTime(text) ?? Number.NaN)
    return Number.isNaN(date.getTime()) ? undefined : date
  },
  bigint: (text) => (INTEGER.test(text) ? BigInt(text.replace('+', '')) : undefined),
}

/** The parser of a column type that a CSV file can hold. */
export function csvParser(type: RequiredColumnType): ParseValue {
  return PARSERS[type as (typeof CSV_TYPES)[number]]
}
