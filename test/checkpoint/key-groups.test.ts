import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  checkMaxParallelism,
  checkParallelism,
  DEFAULT_MAX_PARALLELISM,
  keyGroupOf,
  keyGroupRange,
  murmurHash,
  subtaskOfKeyGroup,
} from '../../checkpoint/key-groups.ts'

const WORD = 0xffff_ffffn

function rotateLeft(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (32n - bits))) & WORD
}

/** Murmur3 of one 32-bit block with seed 0, by the book, then Flink's way to make it non-negative. */
function murmurByTheBook(code: number): number {
  let block = (BigInt.asUintN(32, BigInt(code)) * 0xcc9e2d51n) & WORD
  block = (rotateLeft(block, 15n) * 0x1b873593n) & WORD
  let hash = (rotateLeft(block, 13n) * 5n + 0xe6546b64n) & WORD
  hash ^= 4n
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & WORD
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & WORD
  const signed = BigInt.asIntN(32, hash ^ (hash >> 16n))
  if (signed >= 0n) return Number(signed)
  return signed === -(2n ** 31n) ? 0 : Number(-signed)
}

function codeOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'no error'
}

const parallelisms = fc
  .integer({ min: 1, max: 32_768 })
  .chain((max) => fc.tuple(fc.integer({ min: 1, max }), fc.constant(max)))

test('murmurHash equals the algorithm computed with big integers, for every kind of 32-bit integer', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (code) => {
      assert.is(murmurHash(code), murmurByTheBook(code))
    }),
    { numRuns: 5_000 },
  )
  for (const code of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)])
    assert.is(murmurHash(code), murmurByTheBook(code))
})

test('murmurHash is pinned, because savepoints depend on it', () => {
  assert.equal(
    [0, 1, 2, 42, -1, 73_522].map(murmurHash),
    [593689054, 68075478, 1085422463, 1134849565, 1982413648, 1749929633],
  )
})

test('the key groups of the subtasks cover all key groups once, and the two directions agree', () => {
  fc.assert(
    fc.property(parallelisms, fc.nat(), ([parallelism, max], pick) => {
      const ranges = Array.from({ length: parallelism }, (_, subtask) =>
        keyGroupRange(subtask, parallelism, max),
      )
      let next = 0
      for (const { start, end } of ranges) {
        assert.is(start, next)
        assert.ok(end > start)
        next = end
      }
      assert.is(next, max)
      const keyGroup = pick % max
      const { start, end } = ranges[subtaskOfKeyGroup(keyGroup, parallelism, max)]!
      assert.ok(start <= keyGroup && keyGroup < end)
    }),
    { numRuns: 100 },
  )
})

test('a key group is the hash modulo the max parallelism', () => {
  assert.is(DEFAULT_MAX_PARALLELISM, 128)
  for (const hash of [0, 5, -7, 2 ** 31 - 1])
    assert.is(keyGroupOf(hash, 128), murmurByTheBook(hash) % 128)
})

test('arguments out of range are refused by code', () => {
  for (const max of [0, -1, 1.5, Number.NaN, 32_769, 1e9]) {
    assert.is(
      codeOf(() => checkMaxParallelism(max)),
      'INVALID_PARALLELISM',
    )
  }
  assert.is(
    codeOf(() => checkMaxParallelism(32_768)),
    'no error',
  )
  assert.is(
    codeOf(() => checkParallelism(129, 128)),
    'INVALID_PARALLELISM',
  )
  assert.is(
    codeOf(() => checkParallelism(0, 128)),
    'INVALID_PARALLELISM',
  )
  assert.is(
    codeOf(() => keyGroupRange(2, 2, 128)),
    'INVALID_SUBTASK',
  )
  assert.is(
    codeOf(() => subtaskOfKeyGroup(128, 2, 128)),
    'INVALID_KEY_GROUP',
  )
})

test.run()
