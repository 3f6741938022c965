/**
 * Who on this slot wants to hear of the end of which actor, wherever that lives.
 *
 * Used by the slot's thread only. The actor's slot is told once per watching slot, not once per watcher.
 */
import type { Cancel } from '../clock.ts'
import { textOf } from '../wire-error.ts'

/** Hears of an end. */
export type WatchListener<Event> = (event: Event, from: number) => void

interface Watched<Event> {
  readonly slot: number
  readonly listeners: Set<WatchListener<Event>>
}

/** The watches of one slot. */
export class Watches<Event> {
  readonly #watched = new Map<number, Watched<Event>>()

  /**
   * Adds a listener for an actor. `first` is called when it is the only one, `last` when none is left before the end came.
   */
  add(
    actor: number,
    slot: number,
    listener: WatchListener<Event>,
    first: () => void,
    last: () => void,
  ): Cancel {
    // The same function may watch twice.
    const own: WatchListener<Event> = (event, from) => {
      listener(event, from)
    }
    const known = this.#watched.get(actor)
    const watched = known ?? { slot, listeners: new Set<WatchListener<Event>>() }
    watched.listeners.add(own)
    if (known === undefined) {
      this.#watched.set(actor, watched)
      first()
    }
    return () => {
      if (!watched.listeners.delete(own) || watched.listeners.size > 0) return
      if (this.#watched.get(actor) !== watched) return
      this.#watched.delete(actor)
      last()
    }
  }

  /**
   * The actor is gone: tells its listeners, once. One that throws is reported as a warning: neither the other listeners nor the mail
   * that came in the same frame may suffer.
   */
  fire(actor: number, event: Event, from: number): void {
    const watched = this.#watched.get(actor)
    if (watched === undefined) return
    this.#watched.delete(actor)
    for (const listener of watched.listeners) {
      if (!watched.listeners.delete(listener)) continue
      try {
        listener(event, from)
      } catch (thrown) {
        process.emitWarning(`A listener that watches actor ${actor} threw: ${textOf(thrown)}`)
      }
    }
  }

  /** All that are watched, and the slots they live in: a copy. */
  get all(): { readonly actor: number; readonly slot: number }[] {
    return [...this.#watched].map(([actor, { slot }]) => ({ actor, slot }))
  }
}
