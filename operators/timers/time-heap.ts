/**
 * A heap of times, the smallest on top.
 *
 * Four children per node lie side by side in a typed array: half the levels of a binary heap, and one cache line per level,
 * which is what a large heap spends its time on (benchmarks/timers). No object per entry.
 */

const SMALLEST = 16
/** An array so many times larger than it need be gives memory back. */
const SPARSE = 8

/** A min-heap of numbers that are not NaN. Equal numbers may be in it several times. */
export class TimeHeap {
  #times = new Float64Array(SMALLEST)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The smallest. Only while `size` is not 0. */
  get top(): number {
    return this.#times[0] as number
  }

  push(time: number): void {
    if (this.#size === this.#times.length) this.#resize(this.#size * 2)
    siftUp(this.#times, this.#size++, time)
  }

  /** Takes the smallest out. Only while `size` is not 0. */
  pop(): void {
    const size = --this.#size
    siftDown(this.#times, size, 0, this.#times[size] as number)
    if (this.#times.length > SMALLEST && size * SPARSE < this.#times.length) {
      this.#resize(this.#times.length >> 1)
    }
  }

  /** Takes all out, in any order. */
  takeAll(): Float64Array {
    const all = this.#times.slice(0, this.#size)
    this.#times = new Float64Array(SMALLEST)
    this.#size = 0
    return all
  }

  /** Empties the heap and fills it with those of `times` that are not NaN: `count` of them. */
  refill(times: Float64Array, count: number): void {
    let capacity = SMALLEST
    while (capacity < count) capacity *= 2
    const fits = this.#times.length >= capacity && this.#times.length <= capacity * SPARSE
    const heap = fits ? this.#times : new Float64Array(capacity)
    let size = 0
    for (let i = 0; i < times.length; i++) {
      const time = times[i] as number
      if (time === time) heap[size++] = time
    }
    for (let i = (size - 2) >> 2; i >= 0; i--) siftDown(heap, size, i, heap[i] as number)
    this.#times = heap
    this.#size = size
  }

  #resize(capacity: number): void {
    const old = this.#times
    this.#times = new Float64Array(capacity)
    this.#times.set(old.length > capacity ? old.subarray(0, capacity) : old)
  }
}

/** Puts `time` at the free place `at`, or above. */
function siftUp(heap: Float64Array, at: number, time: number): void {
  while (at > 0) {
    const parent = (at - 1) >> 2
    const above = heap[parent] as number
    if (above <= time) break
    heap[at] = above
    at = parent
  }
  heap[at] = time
}

/** Puts `time` at the free place `at`, or below, in a heap of `size`. */
function siftDown(heap: Float64Array, size: number, at: number, time: number): void {
  for (let child = at * 4 + 1; child < size; child = at * 4 + 1) {
    let smallest = heap[child] as number
    const end = child + 4 < size ? child + 4 : size
    for (let other = child + 1; other < end; other++) {
      const candidate = heap[other] as number
      if (candidate < smallest) {
        smallest = candidate
        child = other
      }
    }
    if (smallest >= time) break
    heap[at] = smallest
    at = child
  }
  heap[at] = time
}
