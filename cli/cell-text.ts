/**
 * Values as the texts of a column: numbers rounded alike and aligned, times in ISO 8601, everything on one line.
 */
import { inspect } from 'node:util'
import { oneLine } from './terminal.ts'

/** A column of a table as text. */
export interface ColumnText {
  readonly cells: readonly string[]
  /** Numbers stand at the right. */
  readonly align: 'left' | 'right'
}

/** Numbers in a column keep this many digits behind the point, more where all of them are small. */
const USUAL_DECIMALS = 2
const MOST_DECIMALS = 6
/** From here on, and for what `MOST_DECIMALS` would round to nothing, a number is shown with an exponent. */
const HUGE = 1e15

const WHOLE_ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
/** Trailing parts of a time that can go when all times of a column have them. */
const ZERO_TAILS = [/:00\.000Z$/, /\.000Z$/]

/** The texts of one column. Undefined stays empty. */
export function columnText(values: readonly unknown[]): ColumnText {
  const present = values.filter((value) => value !== undefined && value !== null)
  if (present.length > 0 && present.every(isNumeric)) {
    return { cells: values.map(numberFormat(present)), align: 'right' }
  }
  const texts = values.map(cellText)
  return { cells: shortenTimes(texts), align: 'left' }
}

/** A number with a comma between groups of three digits: `1,234,567.89`. */
export function grouped(value: number): string {
  const [whole = '', fraction] = String(value).split('.')
  const digits = whole.replace(/\B(?=(?:\d{3})+$)/g, ',')
  return fraction === undefined ? digits : `${digits}.${fraction}`
}

/** The number of terminal columns that a text takes: East Asian wide characters and emoji take two. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) continue
    width += WIDE.test(character) ? 2 : 1
  }
  return width
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u

/** One value on one line. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return oneLine(value)
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
  }
  if (typeof value === 'bigint') return String(value)
  return oneLine(inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 10 }))
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** One format for all numbers of a column, so that their points stand below each other. */
function numberFormat(present: readonly unknown[]): (value: unknown) => string {
  const finite = present.filter(
    (value): value is number => typeof value === 'number' && Number.isFinite(value),
  )
  const decimals = decimalsFor(finite)
  return (value) => {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'number') return ''
    if (!Number.isFinite(value)) return String(value)
    if (Math.abs(value) >= HUGE || isLost(value, decimals)) return value.toExponential(3)
    return value.toFixed(decimals)
  }
}

function decimalsFor(values: readonly number[]): number {
  if (values.every((value) => Number.isInteger(value))) return 0
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  if (largest >= 1) return USUAL_DECIMALS
  // Three digits that say something for the largest of them.
  return Math.min(MOST_DECIMALS, 2 - Math.floor(Math.log10(largest)))
}

/** Whether nothing would remain of the number. */
function isLost(value: number, decimals: number): boolean {
  return decimals === MOST_DECIMALS && value !== 0 && Number(value.toFixed(decimals)) === 0
}

function shortenTimes(texts: readonly string[]): readonly string[] {
  const times = texts.filter((text) => text !== '')
  if (times.length === 0 || !times.every((text) => WHOLE_ISO_TIME.test(text))) return texts
  const tail = ZERO_TAILS.find((pattern) => times.every((text) => pattern.test(text)))
  return tail === undefined ? texts : texts.map((text) => text.replace(tail, 'Z'))
}
