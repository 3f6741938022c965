/**
 * Random numbers that depend on nothing but the number of an event, so that every event can be made alone, in any order, and again.
 *
 * A counter with a fixed stride whose values are scrambled (a 32-bit splitmix). It needs nothing but 32-bit arithmetic, so generators in
 * other languages can make the same numbers.
 */

/** What the counter goes on by. As a signed integer: V8 would add 0x9e3779b9 as a floating-point number. */
export const STRIDE = 0x9e3779b9 | 0
/** Number of values of 32 bits. */
export const UINT32 = 0x1_0000_0000
/** A power of two, so that this is exactly the same as dividing. */
const PER_UINT32 = 1 / UINT32

/** Where the counter of an event begins. `event` is a whole number from 0; `stream` tells apart what else needs numbers of its own. */
export function seedOf(event: number, stream = 0): number {
  // Most events: what is scrambled besides them is 0, and stays that.
  if (event < UINT32 && stream === 0) return scramble(event | 0)
  const high = Math.floor(event / UINT32)
  return scramble((event ^ scramble((high + Math.imul(stream, STRIDE)) | 0)) | 0)
}

/** The 32 random bits that belong to a counter, as a signed integer. */
export function scramble(value: number): number {
  let bits = value ^ (value >>> 16)
  bits = Math.imul(bits, 0x21f0aaad)
  bits ^= bits >>> 15
  bits = Math.imul(bits, 0x735a2d97)
  return bits ^ (bits >>> 15)
}

/** A whole number from 0 to `limit` - 1 by 32 random bits, each as likely. `limit` is at least 1 and at most 2^21. */
export function below(bits: number, limit: number): number {
  return ((bits >>> 0) * limit * PER_UINT32) | 0
}

/** The numbers of one event at a time. */
export class EventRandom {
  #state = 0

  /** Begins the numbers of an event, as in `seedOf`. */
  startAt(event: number, stream = 0): void {
    this.#state = seedOf(event, stream)
  }

  /** As the function of that name. */
  below(limit: number): number {
    return below(this.next(), limit)
  }

  /** 32 random bits as a signed integer. */
  next(): number {
    this.#state = (this.#state + STRIDE) | 0
    return scramble(this.#state)
  }
}
