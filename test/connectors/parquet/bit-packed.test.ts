import fc from 'fast-check'
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  BadEncoding,
  decodeHybrid,
  isOneRunOfOnes,
} from '../../../connectors/parquet/bit-packed.ts'

/** Writes runs as the format says: the header of a bit-packed run counts groups of eight, that of a repeated value counts rows. */
function encode(
  runs: readonly { readonly packed: boolean; readonly values: readonly number[] }[],
  width: number,
): number[] {
  const bytes: number[] = []
  const varint = (value: number): void => {
    for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
    bytes.push(value)
  }
  for (const { packed, values } of runs) {
    if (packed) {
      varint((values.length / 8) * 2 + 1)
      const bits = values.flatMap((value) =>
        Array.from({ length: width }, (_, bit) => Math.floor(value / 2 ** bit) % 2),
      )
      for (let at = 0; at < bits.length; at += 8) {
        bytes.push(bits.slice(at, at + 8).reduce((sum, bit, place) => sum + bit * 2 ** place, 0))
      }
    } else {
      varint(values.length * 2)
      for (let shift = 0; shift < width; shift += 8)
        bytes.push(Math.floor((values[0] ?? 0) / 2 ** shift) % 256)
    }
  }
  return bytes
}

const isBadEncoding = (error: unknown): boolean => error instanceof BadEncoding

const runsOf = (width: number) =>
  fc.array(
    fc.oneof(
      fc
        .array(fc.integer({ min: 0, max: 2 ** width - 1 }), { minLength: 1, maxLength: 5 })
        .map((seed) => ({
          packed: true,
          values: Array.from({ length: seed.length * 8 }, (_, at) => seed[at % seed.length]!),
        })),
      fc
        .record({
          value: fc.integer({ min: 0, max: 2 ** width - 1 }),
          length: fc.integer({ min: 1, max: 300 }),
        })
        .map(({ value, length }) => ({ packed: false, values: Array<number>(length).fill(value) })),
    ),
    { minLength: 1, maxLength: 6 },
  )

test('every width gives back what was packed, wherever it begins and ends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 31 }).chain((width) => fc.tuple(fc.constant(width), runsOf(width))),
      fc.nat(5),
      fc.nat(9),
      ([width, runs], before, cut) => {
        const values = runs.flatMap((run) => run.values)
        const count = Math.max(1, values.length - cut)
        const bytes = Uint8Array.from([...Array<number>(before).fill(255), ...encode(runs, width)])
        const output = new Int32Array(count + 4).fill(-1)
        decodeHybrid(bytes, before, width, output, 2, count)
        assert.equal([...output], [-1, -1, ...values.slice(0, count), -1, -1])
      },
    ),
    { numRuns: 500 },
  )
})

test('hyparquet reads the same', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }).chain((width) => fc.tuple(fc.constant(width), runsOf(width))),
      ([width, runs]) => {
        const values = runs.flatMap((run) => run.values)
        const bytes = Uint8Array.from(encode(runs, width))
        const theirs = new Array<number>(values.length)
        readRleBitPackedHybrid(
          { view: new DataView(bytes.buffer), offset: 0 },
          width,
          theirs,
          bytes.length,
        )
        const ours = new Int32Array(values.length)
        decodeHybrid(bytes, 0, width, ours, 0, values.length)
        assert.equal([...ours], theirs)
      },
    ),
    { numRuns: 200 },
  )
})

test('bytes that end too early are an error, and arbitrary bytes never write outside or hang', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 31 }),
      fc.integer({ min: 1, max: 200 }),
      (bytes, width, count) => {
        const output = new Int32Array(count + 2).fill(-7)
        try {
          decodeHybrid(bytes, 0, width, output, 1, count)
        } catch (error) {
          assert.instance(error, BadEncoding)
        }
        assert.is(output[0], -7)
        assert.is(output[count + 1], -7)
      },
    ),
    { numRuns: 1000 },
  )
  assert.throws(() => decodeHybrid(Uint8Array.of(), 0, 3, new Int32Array(1), 0, 1), isBadEncoding)
  assert.throws(
    () => decodeHybrid(Uint8Array.of(3, 1), 0, 3, new Int32Array(8), 0, 8),
    isBadEncoding,
  )
})

test('a single run of ones is told from anything else', () => {
  assert.ok(isOneRunOfOnes(Uint8Array.of(10 << 1, 1), 0, 10))
  assert.ok(isOneRunOfOnes(Uint8Array.of(0, 0x80 | 88, 0x01, 1), 1, 100 - 8))
  assert.not(isOneRunOfOnes(Uint8Array.of(10 << 1, 0), 0, 10))
  assert.not(isOneRunOfOnes(Uint8Array.of(9 << 1, 1), 0, 10))
  assert.not(isOneRunOfOnes(Uint8Array.of(3, 255), 0, 8))
  assert.not(isOneRunOfOnes(Uint8Array.of(), 0, 1))
})

test.run()
