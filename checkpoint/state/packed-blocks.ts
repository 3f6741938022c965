/**
 * Memory for what is packed: runs of bytes lie one behind the other in blocks that belong to one snapshot alone, so that a block can be
 * handed to another thread without a copy.
 *
 *     block 0: 64 bytes    block 1: 128 bytes     …   block n: 1 MiB        the present block
 *     [run][run]           [run][run][run]            [run]…[run]           [run][run]. . . .
 *     └───────────────── full: nothing comes here any more ─────┘
 *
 * The first are small: a little state costs little, and is handed over in several pieces too, as much state is.
 */

/** What is too large for the rest of a block of this size begins a new one. */
const BLOCK_BYTES = 1 << 20
/** Snapshots with fewer bytes get a smaller block. */
const FIRST_BLOCK_BYTES = 1 << 6

/** See the head of this file. */
export class PackedBlocks {
  #block = new Uint8Array(0)
  #used = 0

  /** Whether the next run of this length goes into the present block, and not into a new one. */
  hasRoom(length: number): boolean {
    return length <= this.#block.length - this.#used
  }

  /** A copy of these bytes that lies in a block. */
  place(packed: Uint8Array): Uint8Array {
    const { length } = packed
    if (!this.hasRoom(length)) {
      const size = Math.min(Math.max(this.#block.length * 2, FIRST_BLOCK_BYTES), BLOCK_BYTES)
      this.#block = new Uint8Array(Math.max(size, length))
      this.#used = 0
    }
    const bytes = this.#block.subarray(this.#used, this.#used + length)
    bytes.set(packed)
    this.#used += length
    return bytes
  }
}
