/**
 * Tuples of two 32-bit integers as keys: ids of two kinds, or an id and the number of a day.
 *
 * They are common, and their canonical form is a text. So it is spelled only where somebody asks for it: keyed state finds its entries by the
 * numbers themselves (`state/pair-entries`). Pure functions, any thread.
 */
import { detachJoined } from './detach.ts'

/** A key of this kind. -0 is 0. */
export type IntegerPair = readonly [first: number, second: number]

/** Whether a key, as the user gave it, is of this kind. */
export function isIntegerPair(key: unknown): key is IntegerPair {
  return Array.isArray(key) && key.length === 2 && isInteger32(key[0]) && isInteger32(key[1])
}

/** True for -0. */
function isInteger32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value
}

/** Pairs of ids mostly come again soon. A form that was given out before need not be spelled, and a Map finds it by its address. */
const PAIR_BITS = 12
const firstOfPair = new Int32Array(1 << PAIR_BITS)
const secondOfPair = new Int32Array(1 << PAIR_BITS)
const formOfPair: string[] = new Array(1 << PAIR_BITS).fill('\0a2;d0;d0;')

/** The canonical form of a pair, see `canonicalKey`. */
export function canonicalPair(first: number, second: number): string {
  const place = mixPair(first, second) >>> (32 - PAIR_BITS)
  if (firstOfPair[place] === first && secondOfPair[place] === second)
    return formOfPair[place] as string
  const form = detachJoined(`\0a2;${spellInteger(first)}${spellInteger(second)}`)
  firstOfPair[place] = first
  secondOfPair[place] = second
  formOfPair[place] = form
  return form
}

const BEHIND_LENGTH = '\0a2;'.length
const TAG_OF_NUMBERS = 'd'.charCodeAt(0)

/** The pair that a canonical form spells; undefined: it is that of another key. */
export function readPair(form: string): IntegerPair | undefined {
  if (!form.startsWith('\0a2;') || form.charCodeAt(BEHIND_LENGTH) !== TAG_OF_NUMBERS)
    return undefined
  const end = form.indexOf(';', BEHIND_LENGTH)
  if (form.charCodeAt(end + 1) !== TAG_OF_NUMBERS) return undefined
  const pair = [Number(form.slice(BEHIND_LENGTH + 1, end)), Number(form.slice(end + 2, -1))]
  return isIntegerPair(pair) ? pair : undefined
}

/** A hash of 32 bits, in which each bit depends on all of both numbers (the last steps are those of MurmurHash3). */
export function mixPair(first: number, second: number): number {
  let hash = (Math.imul(first, 0x9e3779b1) + second) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Ids come again and again; a spelling is kept until another number needs its place. */
const SPELLINGS = 4096
const spelled = new Int32Array(SPELLINGS)
const spellings: string[] = new Array(SPELLINGS).fill('d0;')

/** An integer of 32 bits as a part of a canonical form. */
export function spellInteger(value: number): string {
  const place = value & (SPELLINGS - 1)
  if (spelled[place] === value) return spellings[place] as string
  const text = `d${value};`
  spelled[place] = value
  spellings[place] = text
  return text
}
