/**
 * Where the entries of one slice lie, of all keys (`packed-slices`). Used by one thread.
 */

const FIRST_TABLE = 16
const NO_TABLE = new Int32Array(0)

/** See the head of this file. */
export class PackedSlice {
  readonly start: number
  /** Which one it is, of all that were opened, from 1; 0: it was not opened. */
  readonly number: number
  /** Its entries: `from` and `to` of each run, `[from, to)` within a chunk, one behind the other. */
  readonly runs: number[] = []
  /** How many they are. */
  size = 0
  /** While it is open: for each key its entry and 1, at a place that the index of the key leads to; 0 elsewhere, which is half of it at least. */
  table: Int32Array

  /** `table`: one that is empty, if there is one. */
  constructor(start: number, number: number, table: Int32Array = new Int32Array(FIRST_TABLE)) {
    this.start = start
    this.number = number
    this.table = table
  }

  /** Adds an entry that was given out last. `isFirst`: it is the first of its chunk. */
  add(entry: number, isFirst: boolean): void {
    const { runs } = this
    const last = runs.length - 1
    if (runs[last] === entry && !isFirst) runs[last] = entry + 1
    else runs.push(entry, entry + 1)
    this.size++
  }

  /** Adds the entries of another one. */
  addRuns(runs: readonly number[]): void {
    for (const end of runs) this.runs.push(end)
  }

  /** Returns its table, and has none from now on. */
  giveTable(): Int32Array {
    const { table } = this
    this.table = NO_TABLE
    return table
  }

  /** Calls `each` for its entries, in the order in which they came. */
  forEach(each: (entry: number) => void): void {
    const { runs } = this
    for (let i = 0; i < runs.length; i += 2) {
      const to = runs[i + 1] as number
      for (let entry = runs[i] as number; entry < to; entry++) each(entry)
    }
  }
}

/** The slice that starts at `start`, in a list of slices that are not open, in the order of their starts; a new one if there is none. Mostly it is the last one. */
export function sliceAt(slices: PackedSlice[], start: number): PackedSlice {
  const last = slices.at(-1)
  if (last?.start === start) return last
  let at = 0
  let end = slices.length
  if (last !== undefined && last.start < start) at = end
  while (at < end) {
    const middle = (at + end) >> 1
    if ((slices[middle] as PackedSlice).start < start) at = middle + 1
    else end = middle
  }
  const known = slices[at]
  if (known?.start === start) return known
  const slice = new PackedSlice(start, 0, NO_TABLE)
  slices.splice(at, 0, slice)
  return slice
}
