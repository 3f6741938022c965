/** Query 8 by hand: new people who sell at once. */
import type { Auction, Person } from '../model.ts'
import { BEHIND_MS } from './loop.ts'
import type { EmitRow, Loop } from './loop.ts'

const SIZE_MS = 10_000

interface Window {
  readonly start: number
  readonly persons: Person[]
  readonly sellers: Set<number>
}

export const q8: Loop = ({ generator, events }, emit) => {
  const windows = new NewSellers(emit)
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 0) windows.addPerson(event.person)
    else if (event.event_type === 1) windows.addAuction(event.auction)
  }
  windows.end()
}

/** The windows. */
export class NewSellers {
  readonly #emit: EmitRow
  readonly #windows = new Map<number, Window>()
  #firstEnd = Number.POSITIVE_INFINITY

  constructor(emit: EmitRow) {
    this.#emit = emit
  }

  /** Somebody has registered. Emits the windows that are over. */
  addPerson(person: Person): void {
    this.#at(person.dateTime).persons.push(person)
    this.#advance(person.dateTime - BEHIND_MS)
  }

  /** Somebody sells. Emits the windows that are over. */
  addAuction({ seller, dateTime }: Auction): void {
    this.#at(dateTime).sellers.add(seller)
    this.#advance(dateTime - BEHIND_MS)
  }

  /** Emits the windows that are left. */
  end(): void {
    this.#advance(Number.POSITIVE_INFINITY)
  }

  #at(time: number): Window {
    const start = time - (time % SIZE_MS)
    let window = this.#windows.get(start)
    if (window === undefined) {
      window = { start, persons: [], sellers: new Set() }
      this.#windows.set(start, window)
      this.#firstEnd = Math.min(this.#firstEnd, start + SIZE_MS)
    }
    return window
  }

  #advance(time: number): void {
    if (time < this.#firstEnd - 1) return
    this.#firstEnd = Number.POSITIVE_INFINITY
    for (const window of this.#windows.values()) {
      const end = window.start + SIZE_MS
      if (time >= end - 1) {
        this.#windows.delete(window.start)
        emitWindow(window, this.#emit)
      } else if (end < this.#firstEnd) {
        this.#firstEnd = end
      }
    }
  }
}

function emitWindow({ start, persons, sellers }: Window, emit: EmitRow): void {
  for (const { id, name } of persons) if (sellers.has(id)) emit([id, name, start])
}
