/**
 * The memory of one link between two threads: a byte ring in a SharedArrayBuffer with exactly one
 * sender and one receiver.
 *
 *   byte    0: magic, capacity            written once by whoever creates the ring
 *   byte  128: tail                       written by the sender, read by the receiver
 *   byte  256: head                       written by the receiver, read by the sender
 *   byte  384: waiting for room (0 or 1)  set by the sender, cleared by either
 *   byte  512: the records, `capacity` bytes
 *
 *          head                tail
 *           v                   v
 *   [ free ][ record ][ record ][ free            ]
 *           |length, remaining|bytes ... padding|     a record starts at a multiple of 8
 *
 * - Tail and head count bytes and only grow (modulo 2^32); the position in the ring is the count
 *   modulo the capacity, a power of two. So "full" and "empty" differ without a spare byte.
 * - Tail and head sit on lines of their own, two cache lines apart because processors prefetch pairs:
 *   otherwise every write of one side would take the other side's line away.
 * - A record's first word is the number of its bytes, its second how many bytes of the same frame follow
 *   in later records (0: this one completes the frame). A record's bytes may wrap around the end; its two
 *   words cannot, since both are within one multiple of 8.
 * - Bytes become visible by the atomic store of `tail` after them and free by the atomic store of
 *   `head` after they were copied out. Everything else is plain memory.
 */
import { MillraceError } from './errors.ts'

/** Word index of the tail. */
export const TAIL = 128 / 4

/** Word index of the head. */
export const HEAD = 256 / 4

/** Word index of the flag by which the sender asks to be rung when there is room. */
export const WAITING_FOR_ROOM = 384 / 4

/** Byte offset of the first record. */
export const DATA_OFFSET = 512

/** Bytes before each record's own bytes. */
export const RECORD_HEADER_BYTES = 8

/** Longest frame that a link carries, in bytes. */
export const MAX_FRAME_BYTES = 2 ** 31 - 16

const MAGIC = 0x4d52_0001
const CAPACITY = 1
const MIN_CAPACITY_BYTES = 64
const MAX_CAPACITY_BYTES = 2 ** 30

/** The views of one ring; each end opens its own. */
export interface Ring {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly capacity: number
}

/**
 * Makes an empty ring.
 *
 * @param capacityBytes room for records, 64 bytes to 1 GiB; rounded up to a power of two
 * @throws {MillraceError} `INVALID_ARGUMENT` when the capacity is out of range
 */
export function createRingBuffer(capacityBytes: number): SharedArrayBuffer {
  const inRange = capacityBytes >= MIN_CAPACITY_BYTES && capacityBytes <= MAX_CAPACITY_BYTES
  if (!Number.isInteger(capacityBytes) || !inRange) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `createRingBuffer: capacityBytes must be an integer from ${MIN_CAPACITY_BYTES} to ${MAX_CAPACITY_BYTES}, got ${capacityBytes}`,
    )
  }
  const capacity = 2 ** Math.ceil(Math.log2(capacityBytes))
  const buffer = new SharedArrayBuffer(DATA_OFFSET + capacity)
  const words = new Int32Array(buffer)
  words[0] = MAGIC
  words[CAPACITY] = capacity
  return buffer
}

/**
 * Opens views on a ring made by `createRingBuffer`.
 *
 * @throws {MillraceError} `INVALID_ARGUMENT` when the buffer holds no ring of this version
 */
export function openRing(buffer: SharedArrayBuffer): Ring {
  if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength < DATA_OFFSET) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      'ring: expected the SharedArrayBuffer that createRingBuffer made',
    )
  }
  const words = new Int32Array(buffer)
  const capacity = words[CAPACITY] ?? 0
  if (words[0] !== MAGIC || buffer.byteLength !== DATA_OFFSET + capacity) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `ring: expected a ring of version ${MAGIC & 0xffff}, got magic ${words[0]} and capacity ${capacity} in ${buffer.byteLength} bytes`,
    )
  }
  return { words, bytes: new Uint8Array(buffer, DATA_OFFSET, capacity), capacity }
}

/** Bytes that a record of `length` bytes takes in the ring: its two words, and padding up to a multiple of 8. */
export function recordBytes(length: number): number {
  // Not `& ~7`: a frame may be longer than a signed 32-bit number tells.
  return RECORD_HEADER_BYTES + Math.ceil(length / 8) * 8
}
