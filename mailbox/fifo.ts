/**
 * A first-in-first-out queue on a ring array: the building block of mailboxes and in-memory links.
 *
 * Used by one thread. Nothing is allocated per item: the array doubles when it is full and is given
 * back when a large one runs empty. A queue that was never used holds no array of its own, because
 * there may be a hundred thousand idle actors.
 *
 *        first        first + size
 *          v            v
 *   [ . ][ a ][ b ][ c ][ . ][ . ][ . ][ . ]     length is a power of two
 */

/** Smallest array, in slots. */
const MIN_SLOTS = 8

/** An empty queue gives an array of more slots than this back. */
const MAX_IDLE_SLOTS = 1024

/** Unbounded queue; whoever needs a bound checks `size` before `push`. All operations are O(1). */
export class Fifo<T> {
  #slots: (T | undefined)[] | undefined
  #first = 0
  #size = 0

  /** Number of items in the queue. */
  get size(): number {
    return this.#size
  }

  /** Appends one item. */
  push(item: T): void {
    const slots = this.#slots
    if (slots === undefined || this.#size === slots.length) {
      this.#grow()
      this.push(item)
      return
    }
    slots[(this.#first + this.#size) & (slots.length - 1)] = item
    this.#size += 1
  }

  /** Removes and returns the oldest item, or undefined when there is none. */
  shift(): T | undefined {
    const slots = this.#slots
    if (slots === undefined || this.#size === 0) return undefined
    const item = slots[this.#first]
    // A slot that keeps its item would keep a whole batch alive until the ring comes round again.
    slots[this.#first] = undefined
    this.#first = (this.#first + 1) & (slots.length - 1)
    this.#size -= 1
    if (this.#size === 0 && slots.length > MAX_IDLE_SLOTS) this.clear()
    return item
  }

  /** The oldest item without removing it, or undefined when there is none. */
  peek(): T | undefined {
    return this.#slots === undefined || this.#size === 0 ? undefined : this.#slots[this.#first]
  }

  /** All items, the oldest first: a copy. */
  toArray(): T[] {
    const items: T[] = []
    const slots = this.#slots
    for (let offset = 0; slots !== undefined && offset < this.#size; offset++)
      items.push(slots[(this.#first + offset) & (slots.length - 1)] as T)
    return items
  }

  /** Drops all items and the memory that held them. */
  clear(): void {
    this.#slots = undefined
    this.#first = 0
    this.#size = 0
  }

  #grow(): void {
    const old = this.#slots
    const oldLength = old === undefined ? 0 : old.length
    const slots: (T | undefined)[] = []
    for (let offset = 0; offset < oldLength; offset++) {
      slots.push(old?.[(this.#first + offset) & (oldLength - 1)])
    }
    const length = oldLength === 0 ? MIN_SLOTS : oldLength * 2
    while (slots.length < length) slots.push(undefined)
    this.#slots = slots
    this.#first = 0
  }
}
