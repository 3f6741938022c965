/**
 * Prices in cents: each power of ten between one dollar and a million is as likely.
 *
 * What is wanted is `Math.round(10 ** (6 * part) * 100)`, and raising to a power costs more than all else in a bid. So powers come from two
 * tables and a short series. That is off by less than a millionth of a cent, which decides nothing unless the result is close to the
 * middle between two cents: then the power is taken after all.
 */

const CENTS = 100
const DECADES = 6
const UINT32 = 0x1_0000_0000
/** Bits that each of the tables stands for; those that are left are up to the series. */
const TABLE_BITS = 8
const TABLE = 1 << TABLE_BITS
const COARSE_SHIFT = 32 - TABLE_BITS
const FINE_SHIFT = COARSE_SHIFT - TABLE_BITS
const REST = (1 << FINE_SHIFT) - 1
/** e to this power is the factor between two neighbouring numbers. */
const STEP = (Math.LN10 * DECADES) / UINT32
/** Nearer than this to half a cent the table does not decide: far more than its error. */
const UNSURE = 1e-4

const COARSE = powers(2 ** COARSE_SHIFT, CENTS)
const FINE = powers(2 ** FINE_SHIFT, 1)

function powers(stride: number, factor: number): Float64Array {
  return Float64Array.from(
    { length: TABLE },
    (_, at) => factor * 10 ** ((DECADES * at * stride) / UINT32),
  )
}

/** The price for 32 random bits, given as any integer that has them as its lowest ones. */
export function priceOf(bits: number): number {
  const coarse = COARSE[bits >>> COARSE_SHIFT] as number
  const fine = FINE[(bits >>> FINE_SHIFT) & (TABLE - 1)] as number
  const rest = (bits & REST) * STEP
  const price = coarse * fine * (1 + rest * (1 + rest * (0.5 + rest / 6)))
  const whole = (price + 0.5) | 0
  const fromHalf = price + 0.5 - whole
  return fromHalf < UNSURE || fromHalf > 1 - UNSURE ? exactPriceOf(bits) : whole
}

/** The same by the definition. */
export function exactPriceOf(bits: number): number {
  return Math.round(10 ** (((bits >>> 0) / UINT32) * DECADES) * CENTS)
}
