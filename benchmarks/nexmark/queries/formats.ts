/**
 * Values as rows have them.
 */

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** 0 to 999 with three digits, behind a point. */
const BEHIND_POINT = Array.from({ length: 1000 }, (_, i) => `.${String(i).padStart(3, '0')}`)

/** 0 to 9,999, as they are and with four digits: V8 makes the text of a number by a call into its runtime. */
const NUMBERS = Array.from({ length: 10_000 }, (_, i) => String(i))
const FOUR_DIGITS = NUMBERS.map((text) => text.padStart(4, '0'))

/** 0.908 of a price, exactly, with three digits behind the point. */
export function inEuros(price: number): string {
  // 250 are 227. A product of the whole price and 908 would be no 32-bit integer, whose remainder is slow.
  const rest = price % 250
  const thousandths = rest * 908
  const whole = ((price - rest) / 250) * 227 + Math.floor(thousandths / 1000)
  return wholeText(whole) + BEHIND_POINT[thousandths % 1000]
}

function wholeText(whole: number): string {
  if (whole < 10_000) return NUMBERS[whole] as string
  const high = Math.floor(whole / 10_000)
  const low = FOUR_DIGITS[whole - high * 10_000] as string
  return (high < 10_000 ? (NUMBERS[high] as string) : String(high)) + low
}

/** The day that was asked for last: many rows have the same. */
let lastDay = { start: Number.NaN, text: '' }

/** The day in UTC, as in 2015-07-15. */
export function dayOf(timeMs: number): string {
  const start = startOfDay(timeMs)
  if (start !== lastDay.start) lastDay = { start, text: new Date(start).toISOString().slice(0, 10) }
  return lastDay.text
}

/** The begin of the day in UTC, in ms. */
export function startOfDay(timeMs: number): number {
  return timeMs - sinceMidnight(timeMs)
}

/** Milliseconds of the day in UTC; before 1970 too. */
function sinceMidnight(timeMs: number): number {
  const rest = timeMs % DAY_MS
  return rest < 0 ? rest + DAY_MS : rest
}

/** The hour of the day in UTC, 0 to 23. */
export function hourOf(timeMs: number): number {
  return Math.floor(sinceMidnight(timeMs) / HOUR_MS)
}

/** Hour and minute in UTC, as in 09:05. */
export function minuteOf(timeMs: number): string {
  const minutes = Math.floor(sinceMidnight(timeMs) / MINUTE_MS)
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
}

/** Where the part behind the next slash begins; where there is none, behind the end of the url as if one stood there. */
export function behindSlash(url: string, from: number): number {
  const at = url.indexOf('/', from)
  return at < 0 ? url.length + 1 : at + 1
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
