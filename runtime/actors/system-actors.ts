/**
 * The actors that the system itself has spawned, by id, and how many of them each slot has.
 *
 * Used by the thread of slot 0 only. The counts are kept along: whoever spawns a hundred thousand actors asks for them each time.
 */
import type { Child } from './actor-host.ts'

/** A map of children that counts them by slot. A child never changes its slot under the same id. */
export class SystemActors extends Map<number, Child> {
  readonly #counts: number[]

  constructor(slotCount: number) {
    super()
    this.#counts = new Array<number>(slotCount).fill(0)
  }

  /** Number of actors in a slot. */
  countIn(slot: number): number {
    return this.#counts[slot] ?? 0
  }

  override set(id: number, child: Child): this {
    this.delete(id)
    this.#count(child.slot, 1)
    return super.set(id, child)
  }

  override delete(id: number): boolean {
    const child = this.get(id)
    if (child !== undefined) this.#count(child.slot, -1)
    return super.delete(id)
  }

  override clear(): void {
    this.#counts.fill(0)
    super.clear()
  }

  #count(slot: number, change: number): void {
    this.#counts[slot] = this.countIn(slot) + change
  }
}
