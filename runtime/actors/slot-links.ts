/**
 * The mail of one slot's actor system to the other slots: what is handed to links, what came out of them, and which slots have
 * no thread at the moment.
 *
 * Used by the slot's thread only.
 */
import { MAIL, SYSTEM } from './actor-mail.ts'
import type { ActorMail, CreditMail } from './actor-mail.ts'
import type { Peer } from '../peer.ts'
import type { Flushable, Slot } from '../slot.ts'

/** The links of a slot, as actors use them. */
export class SlotLinks implements Flushable {
  dirty = false
  /** Set at the end: nothing is sent any more. */
  closed = false
  /** Called when the slot flushes. */
  onFlush: () => void = () => {}
  readonly #slot: Slot
  /** The links that were used since the last loss of their slot; looked up once, used per message. */
  readonly #peers: (Peer | undefined)[]
  /** Slots whose thread died and whose new one is not ready. */
  readonly #down = new Set<number>()
  /** Who waits for such a slot. */
  #waiting: { readonly slot: number; readonly resolve: () => void }[] = []
  readonly #sent: number[]
  readonly #received: number[]

  constructor(slot: Slot) {
    this.#slot = slot
    this.#peers = new Array<Peer | undefined>(slot.slotCount).fill(undefined)
    this.#sent = new Array<number>(slot.slotCount).fill(0)
    this.#received = new Array<number>(slot.slotCount).fill(0)
  }

  /** Mail handed to the links whose slots still have the thread that it was sent to. */
  get sent(): number {
    return sum(this.#sent)
  }

  /** Mail that came from the threads that the slots still have. */
  get received(): number {
    return sum(this.#received)
  }

  /** What of `sent` went to a slot. */
  sentTo(slot: number): number {
    return this.#sent[slot] ?? 0
  }

  /** What of `received` came from a slot. */
  receivedFrom(slot: number): number {
    return this.#received[slot] ?? 0
  }

  /** Whether a slot has its thread. */
  isUp(slot: number): boolean {
    return !this.#down.has(slot)
  }

  /** Hands mail to the link to a slot. What is for a slot without a thread is dropped: its new one has nobody to take it. */
  post(slot: number, target: number, value: unknown, correlation: number): void {
    const peer = this.#peers[slot] ?? this.#findPeer(slot)
    if (peer === undefined || this.closed) return
    peer.post(target, value, correlation)
    this.#sent[slot] = (this.#sent[slot] ?? 0) + 1
    this.#slot.markDirty(this)
  }

  /** Hands mail of the system to the link to a slot. */
  mail(slot: number, mail: ActorMail): void {
    this.post(slot, SYSTEM, mail, MAIL)
  }

  /** Gives credits for an actor of this slot back to another slot. */
  giveBack(actor: number, slot: number, count: number): void {
    const peer = this.#peers[slot] ?? this.#findPeer(slot)
    if (peer === undefined) return
    peer.postControl([actor, count] satisfies CreditMail)
    this.#slot.markDirty(this)
  }

  /** `count` mails have come from a slot. */
  noteReceived(from: number, count: number): void {
    this.#received[from] = (this.#received[from] ?? 0) + count
  }

  /** A mail could not be packed after all. */
  noteUnsent(to: number): void {
    this.#sent[to] = (this.#sent[to] ?? 0) - 1
  }

  /** The thread of a slot has died, and all that was on its way with it. */
  lost(slot: number): void {
    this.#down.add(slot)
    this.#peers[slot] = undefined
    this.#sent[slot] = 0
    this.#received[slot] = 0
  }

  /** The slot has a new thread, which takes mail. */
  back(slot: number): void {
    this.#down.delete(slot)
    this.#endWaiting()
  }

  /** Resolves after the turn in which the slot has got a new thread, or when nothing is sent any more. */
  whenUp(slot: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ slot, resolve })
      this.#endWaiting()
    })
  }

  /** Nothing is sent any more. */
  close(): void {
    this.closed = true
    this.#endWaiting()
  }

  flush(): void {
    this.onFlush()
  }

  #endWaiting(): void {
    const canGoOn = ({ slot }: { readonly slot: number }): boolean => this.closed || this.isUp(slot)
    for (const { resolve } of this.#waiting.filter(canGoOn)) resolve()
    this.#waiting = this.#waiting.filter((waiting) => !canGoOn(waiting))
  }

  #findPeer(slot: number): Peer | undefined {
    if (this.#down.has(slot)) return undefined
    return (this.#peers[slot] = this.#slot.findPeer(slot))
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
