import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { crc32 } from 'node:zlib'

import {
  FRAME_BYTES,
  lengthOf,
  openStoredFile,
  writeStoredFile,
} from '../../../checkpoint/store/stored-file.ts'

/** The bytes of a file, and how many writes it took. */
async function fileOf(pieces: readonly Uint8Array[]): Promise<{ file: Buffer; writes: number }> {
  const written: Buffer[] = []
  const checksum = await writeStoredFile('part', pieces, (bytes) => {
    written.push(Buffer.from(bytes))
    return Promise.resolve()
  })
  const file = Buffer.concat(written)
  assert.is(checksum, crc32(file.subarray(0, -4)))
  return { file, writes: written.length }
}

test('a file is laid out as documented', async () => {
  const { file } = await fileOf([Buffer.from('abc')])
  assert.is(file.subarray(0, 23).toString('latin1'), 'MILLRACEP\x01\0\0\x03\0\0\0\0\0\0\0abc')
  assert.is(file.readUInt32LE(23), crc32(file.subarray(0, 23)))
  assert.is(file.length, 3 + FRAME_BYTES)
})

test('content comes back, in whatever pieces it was given', async () => {
  const sizes = [0, 1, 7, 65_515, 65_516, 65_517, 65_536, 65_537, 3_000_000]
  for (const first of sizes) {
    for (const second of sizes) {
      const pieces = [Buffer.alloc(first, 'a'), Buffer.alloc(second, 'b'), Buffer.from('end')]
      const { file } = await fileOf(pieces)
      const opened = openStoredFile('part', file, 'here')
      assert.ok('content' in opened)
      assert.is(opened.content.length, lengthOf(pieces))
      assert.ok(Buffer.concat(pieces).equals(opened.content), `${first} and ${second}`)
    }
  }
})

test('many short pieces are written together, long ones in slices', async () => {
  const short = await fileOf(Array.from({ length: 10_000 }, () => Buffer.alloc(10)))
  assert.ok(short.writes <= 4, `${short.writes} writes`)
  const long = await fileOf([Buffer.alloc(10 << 20)])
  assert.is(long.writes, 12)
})

test('a file of another kind is no file of this one', async () => {
  const { file } = await fileOf([])
  assert.equal(openStoredFile('metadata', file, 'here'), {
    damage: { expected: 'a metadata file (M)', found: 'P' },
  })
})

test.run()
