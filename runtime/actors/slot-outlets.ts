/**
 * The sending ends of one slot, by actor. One exists while messages to its actor are on their way or wait.
 *
 * Used by the slot's thread only.
 */
import type { DeadLetterReason } from './dead-letters.ts'
import { Outlet } from './actor-outlet.ts'
import type { OutletHost } from './actor-outlet.ts'
import type { ActorRef } from './actor-ref.ts'

/** The outlets of a slot. */
export class SlotOutlets {
  readonly #host: OutletHost
  readonly #outlets = new Map<number, Outlet>()

  constructor(host: OutletHost) {
    this.#host = host
  }

  /** The outlet to the actor; made when there is none, paused where its slot is not up. */
  for(actor: ActorRef<never>, isUp: boolean): Outlet {
    const known = this.#outlets.get(actor.id)
    if (known !== undefined) return known
    const outlet = new Outlet(this.#host, actor.id, actor.slot, actor.mailboxCapacity)
    if (!isUp) outlet.pause()
    this.#outlets.set(actor.id, outlet)
    return outlet
  }

  /** The capacity of an actor's mailbox, if this slot has sent to it; otherwise 1. */
  capacityOf(actor: number): number {
    return this.#outlets.get(actor)?.capacity ?? 1
  }

  /** Slot `from`, where the actor lives, gives credits back. Late ones, of an actor or slot that is gone, are dropped. */
  grant(actor: number, from: number, count: number): void {
    const outlet = this.#outlets.get(actor)
    if (outlet?.slot === from) outlet.grant(count)
  }

  /** The outlet has all its credits: a new one would be the same. */
  forget(outlet: Outlet): void {
    outlet.closed = true
    this.#outlets.delete(outlet.target)
  }

  /** All of them. */
  get all(): Iterable<Outlet> {
    return this.#outlets.values()
  }

  /** The actor is gone: what waits becomes dead letters. */
  close(actor: number, reason: DeadLetterReason): void {
    const outlet = this.#outlets.get(actor)
    this.#outlets.delete(actor)
    outlet?.close(reason)
  }

  closeAll(reason: DeadLetterReason): void {
    for (const actor of this.#outlets.keys()) this.close(actor, reason)
  }

  /** The slot has lost its thread. */
  pauseAllTo(slot: number): void {
    for (const outlet of this.#outlets.values()) {
      if (outlet.slot === slot) outlet.pause()
    }
  }

  /** The slot has a new thread. */
  resumeAllTo(slot: number): void {
    for (const outlet of this.#outlets.values()) {
      if (outlet.slot === slot) outlet.resume()
    }
  }
}
