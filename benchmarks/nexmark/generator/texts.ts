/**
 * The texts of events: names, cities, and filling. Filling is cut from one long random text, because making it letter by letter
 * would cost more than all else in an event; every event cuts somewhere else.
 */
import { EventRandom } from './event-random.ts'

const FIRST_NAMES = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ')
const LAST_NAMES = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ')
const STATES = 'AZ CA ID OR WA WY'.split(' ')
const CITIES = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
]

/** Length of the long texts. */
const POOL_LENGTH = 1 << 16
/** No text is longer than this. */
const LONGEST = 1024
const LETTERS = 26
const A = 97
const SHORTEST = 3
const FOUR_DIGITS = 10_000
/** With a blank behind them; made when they are first needed. */
const fourDigitTexts: (string | undefined)[] = []

/** Letters only. */
const LETTER_POOL = pool(1, (random) => A + random.below(LETTERS))
/** Letters, and about one blank in thirteen characters. */
const WORD_POOL = pool(2, (random) => (random.below(13) === 0 ? 32 : A + random.below(LETTERS)))

function pool(stream: number, characterOf: (random: EventRandom) => number): string {
  const random = new EventRandom()
  random.startAt(0, stream)
  const bytes = Buffer.alloc(POOL_LENGTH)
  for (let at = 0; at < POOL_LENGTH; at++) bytes[at] = characterOf(random)
  return bytes.toString('latin1')
}

/** At how many places letters can be taken. */
export const LETTER_PLACES = POOL_LENGTH - LONGEST

/** The `length` letters, at most 1,024, at one of the places, which count from 0. */
export function lettersAt(place: number, length: number): string {
  return LETTER_POOL.substring(place, place + length)
}

/** A text of 3 to `limit` - 1 characters, less the blanks at its ends. */
export function words(random: EventRandom, limit: number): string {
  return wordsWithEnds(random, limit).trim()
}

/** The same with underscores in the place of blanks, also at the ends. */
export function urlPart(random: EventRandom, limit: number): string {
  return wordsWithEnds(random, limit).replaceAll(' ', '_')
}

function wordsWithEnds(random: EventRandom, limit: number): string {
  const length = SHORTEST + random.below(limit - SHORTEST)
  const at = random.below(POOL_LENGTH - LONGEST)
  return WORD_POOL.substring(at, at + length)
}

/** Letters that bring a record of `length` bytes to about `average`, give or take a fifth of what is missing. */
export function filling(random: EventRandom, length: number, average: number): string {
  if (length >= average) return ''
  const { shortest, lengths } = fillingLengths(length, average)
  const found = shortest + (lengths === 0 ? 0 : random.below(lengths))
  return lettersAt(random.below(LETTER_PLACES), found)
}

/** How long such a text may be: one of `lengths` from the shortest on, or, where that is 0, just as long. */
export function fillingLengths(
  length: number,
  average: number,
): { readonly shortest: number; readonly lengths: number } {
  const missing = average - length
  const delta = Math.round(missing * 0.2)
  return { shortest: missing - delta, lengths: 2 * delta }
}

/** A first and a last name. */
export function fullName(random: EventRandom): string {
  return `${oneOf(random, FIRST_NAMES)} ${oneOf(random, LAST_NAMES)}`
}

/** Something with an @ in it. */
export function emailAddress(random: EventRandom): string {
  return `${words(random, 7)}@${words(random, 5)}.com`
}

/** Four groups of four digits. */
export function creditCard(random: EventRandom): string {
  return (
    fourDigits(random) + fourDigits(random) + fourDigits(random) + fourDigits(random).slice(0, 4)
  )
}

/** A city in the west of the United States. */
export function city(random: EventRandom): string {
  return oneOf(random, CITIES)
}

/** The letters of a state there, not always that of the city. */
export function state(random: EventRandom): string {
  return oneOf(random, STATES)
}

function fourDigits(random: EventRandom): string {
  const number = random.below(FOUR_DIGITS)
  return (fourDigitTexts[number] ??= `${String(number).padStart(4, '0')} `)
}

function oneOf(random: EventRandom, texts: readonly string[]): string {
  return texts[random.below(texts.length)] as string
}
