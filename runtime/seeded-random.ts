/**
 * A small, fast, seeded generator of random numbers: sfc32 (Chris Doty-Humphrey's Small Fast Counter), seeded by one 32-bit number.
 *
 * For replaying, not for secrets.
 */

const WARM_UP_ROUNDS = 12

/** Returns a function that yields numbers in [0, 1); the same seed yields the same numbers. `seed`: an integer. */
export function seededRandom(seed: number): () => number {
  let a = 0x9e3779b9 | 0
  let b = 0x243f6a88 | 0
  let c = seed | 0
  let counter = 1

  function next(): number {
    const result = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + result) | 0
    return (result >>> 0) / 2 ** 32
  }

  for (let round = 0; round < WARM_UP_ROUNDS; round++) next()
  return next
}
