/**
 * The texts of numbers that were asked for before: the shortest digits of a fraction take a third of a microsecond, and shares and means repeat.
 *
 * One table per thread, in which a number has one place that it shares with others: what is asked for last stays.
 */

/** A power of two. Means and shares of benchmarks/flights are found here five times of six; with half of it a little less often. */
const PLACES = 8_192
const PLACE_BITS = 13

const numbers = new Float64Array(PLACES).fill(Number.NaN)
const texts: string[] = new Array<string>(PLACES).fill('')
const asNumber = new Float64Array(1)
const asBits = new Uint32Array(asNumber.buffer)

/** `String(value)`. */
export function numberText(value: number): string {
  asNumber[0] = value
  // Multiplied by 2^32 divided by the golden ratio: the upper bits of the product depend on all bits (Knuth, volume 3, 6.4).
  const mixed = Math.imul((asBits[0] as number) ^ (asBits[1] as number), 0x9e3779b1)
  const place = mixed >>> (32 - PLACE_BITS)
  if (numbers[place] === value) return texts[place] as string
  const text = String(value)
  numbers[place] = value
  texts[place] = text
  return text
}
