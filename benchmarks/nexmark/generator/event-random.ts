/**
 * Random numbers that depend on nothing but the number of an event, so that every event can be made alone, in any order, and again.
 *
 * A counter with a fixed stride whose values are scrambled (a 32-bit splitmix). It needs nothing but 32-bit arithmetic, so generators in
 * other languages can make the same numbers.
 */

const STRIDE = 0x9e3779b9
const UINT32 = 0x1_0000_0000

/** The numbers of one event at a time. */
export class EventRandom {
  #state = 0

  /** Begins the numbers of an event. `event` is a whole number from 0; `stream` tells apart what else needs numbers of its own. */
  startAt(event: number, stream = 0): void {
    const high = Math.floor(event / UINT32)
    this.#state = scramble((event ^ scramble((high + Math.imul(stream, STRIDE)) | 0)) | 0)
  }

  /** A whole number from 0 to `limit` - 1, each as likely. `limit` is at least 1 and at most 2^21. */
  below(limit: number): number {
    return Math.floor((this.next() * limit) / UINT32)
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.next() / UINT32
  }

  /** 32 random bits as a number from 0. */
  next(): number {
    this.#state = (this.#state + STRIDE) | 0
    return scramble(this.#state) >>> 0
  }
}

function scramble(value: number): number {
  let bits = value ^ (value >>> 16)
  bits = Math.imul(bits, 0x21f0aaad)
  bits ^= bits >>> 15
  bits = Math.imul(bits, 0x735a2d97)
  return bits ^ (bits >>> 15)
}
