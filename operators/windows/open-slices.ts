/**
 * The packed slices that no window has taken in yet, and what they need of memory (`packed-slices`). Used by one thread.
 */
import { PackedSlice } from './packed-slice.ts'

/** Numbers of slices begin again behind that one: they fit into 32 bits, and none is open for so long. */
const MOST_OPENED = 2 ** 30
/** Tables of slices that were taken in which are kept for others. */
const MOST_SPARE = 8
/** A table with fewer entries than one of so many places is let go. */
const LEAST_USED = 32

/** See the head of this file. */
export class OpenSlices {
  /** In the order of their starts. */
  readonly list: PackedSlice[] = []
  readonly #byStart = new Map<number, PackedSlice>()
  readonly #spareTables: Int32Array[] = []
  #opened = 0

  /** The slice that starts at `start`, opened if it was not. */
  at(start: number): PackedSlice {
    const known = this.#byStart.get(start)
    if (known !== undefined) return known
    this.#opened = this.#opened === MOST_OPENED ? 1 : this.#opened + 1
    const slice = new PackedSlice(start, this.#opened, this.#spareTables.pop())
    this.#byStart.set(start, slice)
    const { list } = this
    let at = list.length
    while (at > 0 && (list[at - 1] as PackedSlice).start > start) at--
    list.splice(at, 0, slice)
    return slice
  }

  /** Closes the oldest one, whose table is not used any more. */
  shift(): PackedSlice {
    const slice = this.list.shift() as PackedSlice
    this.#byStart.delete(slice.start)
    const table = slice.giveTable()
    if (this.#spareTables.length < MOST_SPARE && table.length <= LEAST_USED * slice.size)
      this.#spareTables.push(table.fill(0))
    return slice
  }

  /** Forgets all. */
  clear(): void {
    this.list.length = 0
    this.#byStart.clear()
    this.#spareTables.length = 0
  }
}
