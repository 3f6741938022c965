/**
 * Times in ascending order, mostly sorted at once rather than one by one.
 *
 * What is added goes into a heap. When a large heap has to give something up, all of it is sorted, together with what is left of
 * the last run, into a new run that is then read off: sorting a typed array costs a quarter of taking the same times out of a heap
 * (benchmarks/timers). A heap that is small compared with the run stays a heap, so that a time is merged a few times only.
 */
import { TimeHeap } from './time-heap.ts'

/** Smaller heaps are not worth sorting. */
const LARGE_HEAP = 1_024
const NOTHING = new Float64Array(0)

/** Numbers that are not NaN, the smallest first. Equal ones may be in it several times. */
export class TimeOrder {
  readonly #heap = new TimeHeap()
  /** Ascending from `#at`. */
  #run: Float64Array = NOTHING
  #at = 0

  get size(): number {
    return this.#run.length - this.#at + this.#heap.size
  }

  /** The smallest; NaN if there is none. */
  get first(): number {
    const heap = this.#heap
    if (this.#at === this.#run.length) return heap.size === 0 ? Number.NaN : heap.top
    const time = this.#run[this.#at] as number
    return heap.size > 0 && heap.top < time ? heap.top : time
  }

  add(time: number): void {
    this.#heap.push(time)
  }

  /** Takes the smallest out. Only while `size` is not 0. */
  removeFirst(): void {
    const [heap, left] = [this.#heap, this.#run.length - this.#at]
    if (left > 0 && !(heap.size > 0 && heap.top < (this.#run[this.#at] as number))) {
      this.#at++
    } else if (heap.size < LARGE_HEAP || heap.size * 4 < left) {
      heap.pop()
    } else {
      this.#sort()
      this.#at = 1
    }
  }

  /** Removes all, and adds the `count` ones of `times` that are not NaN. */
  refill(times: Float64Array, count: number): void {
    this.#run = NOTHING
    this.#at = 0
    this.#heap.refill(times, count)
  }

  /** Makes one run of everything. */
  #sort(): void {
    const [old, added] = [this.#run.subarray(this.#at), this.#heap.takeAll().sort()]
    const run = old.length === 0 ? added : new Float64Array(old.length + added.length)
    if (old.length > 0) merge(old, added, run)
    this.#run = run
  }
}

/** Merges two ascending arrays. */
function merge(a: Float64Array, b: Float64Array, into: Float64Array): void {
  let [atA, atB] = [0, 0]
  for (let i = 0; i < into.length; i++) {
    const fromA = atB === b.length || (atA < a.length && (a[atA] as number) <= (b[atB] as number))
    into[i] = (fromA ? a[atA++] : b[atB++]) as number
  }
}
