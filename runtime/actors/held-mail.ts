/**
 * Mail for actors that are about to be spawned here.
 *
 * A slot may hear of an actor before it is told to make it:
 *   1. An actor in slot 1 spawns a child in slot 2 and sends the reference to slot 3.
 *   2. Slot 3 sends to the child. Its mail may reach slot 2 before the spawn mail from slot 1.
 * Ids settle it. A spawner counts its ids up, and its spawn mails come in order; so an unknown actor whose number is not below
 * the highest one seen from its spawner is yet to come, and every other has stopped.
 *
 * Ids out of a snapshot say nothing: whoever has them for children may live in another slot now, or on fewer slots. But only a new thread
 * ever waits for such actors, and every slot tells it when it has brought back all of its own.
 *
 * Used by the slot's thread only.
 */
import { SLOTS_PER_ID } from './actor-mail.ts'

/** A mail that is held: what it says, unless it is only about the actor. */
export interface Held {
  readonly deliver: () => void
  readonly mail: { readonly correlation: number; readonly value: unknown } | undefined
}

/** Mail that came too early. */
export class HeldMail {
  readonly #ownSlot: number
  /** By spawner: ids from this number on may still come. */
  readonly #next: number[]
  readonly #held = new Map<number, Held[]>()
  /** Ids below this number are out of a snapshot. */
  #restoredBelow = 0
  /** Slots that may still bring such actors back here. */
  #unheard = new Set<number>()

  constructor(ownSlot: number, slotCount: number) {
    this.#ownSlot = ownSlot
    this.#next = new Array<number>(slotCount).fill(0)
  }

  /** Ids below `number` are out of a snapshot; those of this slot that are not here are brought back by `slots`, if ever. */
  restored(number: number, slots: Iterable<number>): void {
    this.#restoredBelow = number
    this.#unheard = new Set(slots)
  }

  /** Number of mails held. */
  get size(): number {
    let size = 0
    for (const held of this.#held.values()) size += held.length
    return size
  }

  /** What is held, by actor. */
  get all(): ReadonlyMap<number, readonly Held[]> {
    return this.#held
  }

  /** Whether the unknown actor may still be spawned here. */
  isExpected(actor: number): boolean {
    const number = numberOf(actor)
    if (number < this.#restoredBelow) return this.#unheard.size > 0
    const spawner = actor % SLOTS_PER_ID
    if (spawner === this.#ownSlot) return false
    return number >= (this.#next[spawner] ?? 0)
  }

  /** Keeps a mail until its actor is there, or will never be. */
  hold(actor: number, deliver: () => void, mail?: Held['mail']): void {
    const held = this.#held.get(actor)
    if (held === undefined) this.#held.set(actor, [{ deliver, mail }])
    else held.push({ deliver, mail })
  }

  /** The actor has been made by order of its spawner: delivers what was held for it. */
  spawned(actor: number): void {
    this.expectFrom(actor % SLOTS_PER_ID, numberOf(actor) + 1)
  }

  /** From now on only ids from this number on may come from a spawner: delivers what was held for all others. */
  expectFrom(spawner: number, number: number): void {
    this.#unheard.delete(spawner)
    if (number > (this.#next[spawner] ?? 0)) this.#next[spawner] = number
    if (this.#held.size === 0) return
    for (const actor of this.#held.keys()) {
      if (!this.isExpected(actor)) this.release(actor)
    }
  }

  /** Delivers what was held for one actor, which came back after its slot had lost its thread: not in the order of ids. */
  release(actor: number): void {
    const held = this.#held.get(actor)
    if (held === undefined) return
    this.#held.delete(actor)
    for (const { deliver } of held) deliver()
  }
}

function numberOf(actor: number): number {
  return Math.floor(actor / SLOTS_PER_ID)
}
