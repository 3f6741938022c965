/**
 * The link between two threads: frames through a byte ring in shared memory (layout in `ring.ts`).
 *
 * One sender object on the sending thread, one receiver object on the receiving one. Frames arrive
 * whole, in order, exactly once. Neither side ever blocks.
 *
 * - A frame that takes at most a quarter of the ring goes as one record and waits until it fits. A longer
 *   one is cut: every record but its last takes at least a quarter of the ring.
 * - The sender stays silent about room until the receiver has half of the ring free, so that a full ring
 *   does not cost one wake-up per record.
 *
 * Why a sender that waits for room is always rung:
 *   1. The sender sets WAITING_FOR_ROOM, then reads the head again and sends what fits. It rests only
 *      when less than a quarter is free.
 *   2. The receiver stores the head, then reads the flag. It rings when half of the ring is free as far
 *      as it knows, which is the case at the latest when it has read all it saw.
 *   3. If the receiver's last look at the flag came before (1), the sender sees that head; else the
 *      receiver saw the flag.
 */
import type { Doorbell } from './doorbell.ts'
import { MillraceError } from './errors.ts'
import { Fifo } from './fifo.ts'
import type { LinkReceiver, LinkSender } from './link.ts'
import {
  DATA_OFFSET,
  HEAD,
  MAX_FRAME_BYTES,
  openRing,
  RECORD_HEADER_BYTES,
  recordBytes,
  TAIL,
  WAITING_FOR_ROOM,
} from './ring.ts'

/** Answer of `#push`: the whole frame is in the ring. */
const COMPLETE = -1

/** The sending end of a ring. Call `flush` when the bell rang and before sleeping. */
export class RingLinkSender implements LinkSender {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #capacity: number
  readonly #bell: Doorbell
  #tail: number
  /** The head as last read; the true one may be further. */
  #knownHead: number
  /** Frames, the first one perhaps the rest of a frame, that wait for room. Private copies. */
  readonly #queue = new Fifo<Uint8Array>()
  /** Bytes of the first queued frame that are in the ring already. */
  #pushed = 0
  #pendingBytes = 0

  /**
   * @param buffer made by `createRingBuffer`
   * @param bell the receiver's, rung when there is something to read
   * @throws {MillraceError} `INVALID_ARGUMENT` when the buffer holds no ring
   */
  constructor(buffer: SharedArrayBuffer, bell: Doorbell) {
    const ring = openRing(buffer)
    this.#words = ring.words
    this.#bytes = ring.bytes
    this.#capacity = ring.capacity
    this.#bell = bell
    this.#tail = Atomics.load(ring.words, TAIL)
    this.#knownHead = Atomics.load(ring.words, HEAD)
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /**
   * See `LinkSender.send`.
   *
   * @throws {MillraceError} `FRAME_TOO_LARGE` over 2 GiB
   */
  send(frame: Uint8Array): void {
    if (frame.length > MAX_FRAME_BYTES) {
      throw new MillraceError(
        'FRAME_TOO_LARGE',
        `link: expected a frame of at most ${MAX_FRAME_BYTES} bytes, got ${frame.length}`,
      )
    }
    if (this.#queue.size > 0) {
      this.#enqueue(frame, 0)
      return
    }
    const pushed = this.#push(frame, 0)
    if (pushed === COMPLETE) return
    this.#enqueue(frame, pushed)
    this.flush()
  }

  flush(): boolean {
    if (this.#queue.size === 0) return true
    let before = -1
    while (this.#pendingBytes !== before) {
      before = this.#pendingBytes
      Atomics.store(this.#words, WAITING_FOR_ROOM, 1)
      if (this.#drain()) {
        Atomics.store(this.#words, WAITING_FOR_ROOM, 0)
        return true
      }
    }
    return false
  }

  /** Queues what is left of a frame after `from`, as a copy. */
  #enqueue(frame: Uint8Array, from: number): void {
    // Not `slice`: on a Buffer that makes a view.
    const rest = new Uint8Array(frame.subarray(from))
    this.#queue.push(rest)
    this.#pendingBytes += recordBytes(rest.length)
  }

  /** Puts queued frames into the ring; true when none is left. */
  #drain(): boolean {
    for (let frame = this.#queue.peek(); frame !== undefined; frame = this.#queue.peek()) {
      const pushed = this.#push(frame, this.#pushed)
      if (pushed !== COMPLETE) {
        this.#pendingBytes -= pushed - this.#pushed
        this.#pushed = pushed
        return false
      }
      this.#pendingBytes -= recordBytes(frame.length) - this.#pushed
      this.#pushed = 0
      this.#queue.shift()
    }
    return true
  }

  /** Puts the bytes after `from` into the ring as far as they fit. Returns how far it came, or COMPLETE. */
  #push(frame: Uint8Array, from: number): number {
    const quarter = this.#capacity / 4
    let at = from
    for (;;) {
      const rest = frame.length - at
      const needed = recordBytes(rest)
      let free = this.#capacity - ((this.#tail - this.#knownHead) | 0)
      if (free < needed) {
        this.#knownHead = Atomics.load(this.#words, HEAD)
        free = this.#capacity - ((this.#tail - this.#knownHead) | 0)
      }
      if (free >= needed) {
        this.#write(frame, at, rest, 0)
        return COMPLETE
      }
      if (needed <= quarter || free < quarter) return at
      const length = free - RECORD_HEADER_BYTES
      this.#write(frame, at, length, rest - length)
      at += length
    }
  }

  /** Writes one record, for which there is room, and makes it visible. */
  #write(frame: Uint8Array, from: number, length: number, remaining: number): void {
    const start = this.#tail & (this.#capacity - 1)
    const word = (DATA_OFFSET + start) >> 2
    this.#words[word] = length
    this.#words[word + 1] = remaining
    const whole = length === frame.length
    const position = start + RECORD_HEADER_BYTES
    if (position + length <= this.#capacity) {
      this.#bytes.set(whole ? frame : frame.subarray(from, from + length), position)
    } else {
      const cut = from + this.#capacity - position
      this.#bytes.set(frame.subarray(from, cut), position)
      this.#bytes.set(frame.subarray(cut, from + length), 0)
    }
    this.#tail = (this.#tail + recordBytes(length)) | 0
    Atomics.store(this.#words, TAIL, this.#tail)
    this.#bell.ring()
  }
}

/** Memory that short frames share, so that each does not cost an allocation of its own. */
const SLAB_BYTES = 64 * 1024

/** A longer record gets memory of its own: it would waste the rest of a slab. */
const MAX_SLAB_RECORD_BYTES = SLAB_BYTES / 4

/**
 * The receiving end of a ring.
 *
 * A frame is private memory, but short frames lie side by side in one slab of 64 KiB: whoever keeps one
 * for long should copy it.
 */
export class RingLinkReceiver implements LinkReceiver {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #capacity: number
  readonly #bell: Doorbell
  #head: number
  /** The tail as last read; the true one may be further. */
  #knownTail: number
  /** Records copied out of the ring that wait to be handed out: `[slabPosition, slabEnd)`. */
  #slab = new Int32Array(0)
  #slabPosition = 0
  #slabEnd = 0
  /** A frame of several records and how much of it is there. */
  #partial: Uint8Array | undefined
  #partialBytes = 0

  /**
   * @param buffer made by `createRingBuffer`
   * @param bell the sender's, rung when it waits for room and there is some again
   * @throws {MillraceError} `INVALID_ARGUMENT` when the buffer holds no ring
   */
  constructor(buffer: SharedArrayBuffer, bell: Doorbell) {
    const ring = openRing(buffer)
    this.#words = ring.words
    this.#bytes = ring.bytes
    this.#capacity = ring.capacity
    this.#bell = bell
    this.#head = Atomics.load(ring.words, HEAD)
    this.#knownTail = this.#head
  }

  get hasMail(): boolean {
    if (this.#slabPosition !== this.#slabEnd) return true
    return Atomics.load(this.#words, TAIL) !== this.#head
  }

  /**
   * See `LinkReceiver.receive`.
   *
   * @throws {MillraceError} `LINK_CORRUPT` when the ring holds something else than records
   */
  receive(): Uint8Array | undefined {
    if (this.#slabPosition !== this.#slabEnd) return this.#takeFromSlab()
    for (;;) {
      if (this.#knownTail === this.#head) {
        this.#knownTail = Atomics.load(this.#words, TAIL)
        if (this.#knownTail === this.#head) return undefined
      }
      const word = (DATA_OFFSET + (this.#head & (this.#capacity - 1))) >> 2
      const length = this.#words[word] ?? -1
      const remaining = this.#words[word + 1] ?? -1
      this.#checkRecord(length, remaining)
      if (this.#partial === undefined && remaining === 0 && length <= MAX_SLAB_RECORD_BYTES) {
        this.#fillSlab(recordBytes(length))
        return this.#takeFromSlab()
      }
      const frame = this.#takeRecord(length, remaining)
      if (frame !== undefined) return frame
    }
  }

  #takeFromSlab(): Uint8Array {
    const position = this.#slabPosition
    const length = this.#slab[position >> 2] ?? 0
    this.#slabPosition = position + ((length + 15) & ~7)
    return new Uint8Array(this.#slab.buffer, position + RECORD_HEADER_BYTES, length)
  }

  /** Copies all whole short records that are there out of the ring at once. */
  #fillSlab(firstBytes: number): void {
    let start = this.#slabEnd
    if (this.#slab.byteLength - start < firstBytes) {
      this.#slab = new Int32Array(Buffer.allocUnsafeSlow(SLAB_BYTES).buffer)
      start = 0
    }
    const available = (this.#knownTail - this.#head) | 0
    const copied = Math.min(available, this.#slab.byteLength - start)
    this.#copyOut(new Uint8Array(this.#slab.buffer, start, copied), 0, this.#head, copied)
    let end = start
    const limit = start + copied
    while (end < limit) {
      const length = this.#slab[end >> 2] ?? -1
      if (this.#slab[(end >> 2) + 1] !== 0 || length > MAX_SLAB_RECORD_BYTES) break
      const next = end + recordBytes(length)
      if (next > limit) break
      end = next
    }
    this.#slabPosition = start
    this.#slabEnd = end
    this.#release(end - start)
  }

  /** Copies one record into its frame; returns the frame when it is complete. */
  #takeRecord(length: number, remaining: number): Uint8Array | undefined {
    const frame = this.#partial ?? Buffer.allocUnsafeSlow(length + remaining)
    this.#copyOut(frame, this.#partialBytes, this.#head + RECORD_HEADER_BYTES, length)
    this.#partialBytes += length
    this.#release(recordBytes(length))
    this.#partial = remaining === 0 ? undefined : frame
    if (remaining !== 0) return undefined
    this.#partialBytes = 0
    return frame
  }

  #copyOut(target: Uint8Array, at: number, from: number, length: number): void {
    const start = from & (this.#capacity - 1)
    const end = start + length
    if (end <= this.#capacity) {
      target.set(this.#bytes.subarray(start, end), at)
      return
    }
    target.set(this.#bytes.subarray(start), at)
    target.set(this.#bytes.subarray(0, end - this.#capacity), at + this.#capacity - start)
  }

  /** Gives bytes back to the sender, and rings it if it waits for them. */
  #release(bytes: number): void {
    this.#head = (this.#head + bytes) | 0
    Atomics.store(this.#words, HEAD, this.#head)
    if (Atomics.load(this.#words, WAITING_FOR_ROOM) === 0) return
    if (((this.#knownTail - this.#head) | 0) > this.#capacity / 2) return
    Atomics.store(this.#words, WAITING_FOR_ROOM, 0)
    this.#bell.ring()
  }

  #checkRecord(length: number, remaining: number): void {
    const available = (this.#knownTail - this.#head) | 0
    const missing =
      this.#partial === undefined ? length + remaining : this.#partial.length - this.#partialBytes
    const sound = length >= 0 && remaining >= 0 && length + remaining === missing
    if (sound && recordBytes(length) <= available && missing <= MAX_FRAME_BYTES) return
    throw new MillraceError(
      'LINK_CORRUPT',
      `link: expected a record of at most ${available} bytes in the ring, got length ${length}, remaining ${remaining}`,
    )
  }
}
