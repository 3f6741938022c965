/**
 * Watching across slots: registers with the slot that an actor lives in, and spreads the news of its end on this one.
 *
 * Used by the slot's thread only.
 */
import type { Terminated, TerminationReason } from './actor.ts'
import type { ActorCell } from './actor-cell.ts'
import { NO_PARENT } from './actor-mail.ts'
import type { ActorRef } from './actor-ref.ts'
import type { Cancel } from '../clock.ts'
import type { HeldMail } from './held-mail.ts'
import type { SlotLinks } from './slot-links.ts'
import { Watches } from './watches.ts'
import { asError } from '../wire-error.ts'

/** What the watches of a slot work with. */
export interface SlotWatchesParts {
  readonly index: number
  readonly cells: ReadonlyMap<number, ActorCell>
  readonly links: SlotLinks
  readonly held: HeldMail
}

/** How an actor ended. The same to all who hear of it; each hears it with the reference that it watched. */
type End = Omit<Terminated, 'actor'>

/** The watches of a slot, by its own actors and by other slots. */
export class SlotWatches {
  readonly #watches = new Watches<End>()
  readonly #index: number
  readonly #cells: ReadonlyMap<number, ActorCell>
  readonly #links: SlotLinks
  readonly #held: HeldMail

  constructor(parts: SlotWatchesParts) {
    this.#index = parts.index
    this.#cells = parts.cells
    this.#links = parts.links
    this.#held = parts.held
  }

  /** Adds a listener, called once, with the slot that the actor lived in. */
  watch(actor: ActorRef<never>, listener: (terminated: Terminated, from: number) => void): Cancel {
    const { id, slot } = actor
    return this.#watches.add(
      id,
      slot,
      (end, from) => {
        listener({ actor, ...end }, from)
      },
      () => {
        this.#beginWatch(id, slot)
      },
      () => {
        if (slot === this.#index) this.#cells.get(id)?.watchers?.delete(slot)
        else this.#links.mail(slot, { kind: 'unwatch', actor: id })
      },
    )
  }

  #beginWatch(id: number, slot: number): void {
    if (this.#links.closed || !this.#links.isUp(slot)) {
      const reason = this.#links.closed ? 'stopped' : 'slot-lost'
      queueMicrotask(() => {
        this.announceEnd(id, slot, reason, undefined)
      })
    } else if (slot === this.#index) {
      this.watchFor(id, slot)
    } else {
      this.#links.mail(slot, { kind: 'watch', actor: id })
    }
  }

  /** Slot `by` wants to hear of the end of an actor that lives here, has lived here or is about to. */
  watchFor(actor: number, by: number): void {
    const cell = this.#cells.get(actor)
    if (cell !== undefined) {
      const watchers = (cell.watchers ??= new Set<number>())
      watchers.add(by)
    } else if (this.#held.isExpected(actor)) {
      this.#held.hold(actor, () => {
        this.watchFor(actor, by)
      })
    } else if (by === this.#index) {
      queueMicrotask(() => {
        this.announceEnd(actor, by, 'stopped', undefined)
      })
    } else {
      const end = { reason: 'stopped', error: undefined } as const
      this.#links.mail(by, { kind: 'terminated', actor, parent: NO_PARENT, ...end })
    }
  }

  /** An actor is gone that may be watched from here; it lived in `slot`. */
  announceEnd(actor: number, slot: number, reason: TerminationReason, error: unknown): void {
    const end: End = error === undefined ? { reason } : { reason, error: asError(error) }
    this.#watches.fire(actor, end, slot)
  }

  /** The thread of a slot has died: its actors are gone, at least for now. */
  slotLost(lost: number, error: unknown): void {
    for (const { actor, slot } of this.#watches.all) {
      if (slot === lost) this.announceEnd(actor, lost, 'slot-lost', error)
    }
  }

  /** The system has ended, and all actors with it. */
  systemEnded(): void {
    for (const { actor, slot } of this.#watches.all) {
      this.announceEnd(actor, slot, 'stopped', undefined)
    }
  }
}
