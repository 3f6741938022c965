/**
 * The open windows of an operator, in the order of their ends, and by their ends. Used by one thread; called per window, not per record.
 */

/** What a window is known by, `[start, end)` in ms. */
export interface WindowBounds {
  readonly start: number
  readonly end: number
}

/** See the head of this file. Windows with the same end are the same. */
export class OpenWindows<Window extends WindowBounds> {
  readonly #make: (start: number, end: number) => Window
  readonly #byEnd = new Map<number, Window>()
  readonly #inOrder: Window[] = []

  /** `make` makes a window that holds nothing. */
  constructor(make: (start: number, end: number) => Window) {
    this.#make = make
  }

  /** The window that ends next. */
  get first(): Window | undefined {
    return this.#inOrder[0]
  }

  /** All of them, the one that ends next first: not to be changed. */
  get all(): readonly Window[] {
    return this.#inOrder
  }

  /** The window with these bounds, a new one if there is none. */
  open(start: number, end: number): Window {
    const known = this.#byEnd.get(end)
    if (known !== undefined) return known
    const window = this.#make(start, end)
    this.#byEnd.set(end, window)
    const inOrder = this.#inOrder
    let at = inOrder.length
    while (at > 0 && (inOrder[at - 1] as Window).end > end) at--
    inOrder.splice(at, 0, window)
    return window
  }

  /** Forgets the window that ends next. */
  removeFirst(): void {
    const first = this.#inOrder.shift()
    if (first !== undefined) this.#byEnd.delete(first.end)
  }

  clear(): void {
    this.#byEnd.clear()
    this.#inOrder.length = 0
  }
}
