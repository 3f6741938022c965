/**
 * The sending end between one slot and one actor: the credits, and the messages that wait for one.
 *
 * Used by the sending slot's thread only; shared by all references of that slot to the actor. Messages leave in the
 * order in which they were handed in: while any waits for credit, all later ones queue up behind it.
 */
import { Fifo } from '../../mailbox/fifo.ts'
import { STOP } from './actor-mail.ts'
import type { DeadLetterReason } from './dead-letters.ts'

/** What tells resolve with while there is credit: one promise for all, nothing is allocated. */
export const ACCEPTED: Promise<void> = Promise.resolve()

/** What an outlet needs from the actor system of its slot. */
export interface OutletHost {
  /** Takes the message over: to the actor itself, or to the link to its slot. */
  ship(outlet: Outlet, message: unknown, correlation: number): void
  /** Throws `UNSENDABLE_VALUE` when the message cannot cross to the actor's slot. */
  check(outlet: Outlet, message: unknown): void
  /** The message will not be sent. */
  undeliverable(
    outlet: Outlet,
    message: unknown,
    correlation: number,
    reason: DeadLetterReason,
  ): void
  /** Whether somebody still waits for the answer. */
  isAwaited(correlation: number): boolean
  /** A message began to wait (1) or ended it (-1). */
  waiting(change: number): void
  /** The outlet is as good as new: it can be forgotten. */
  idle(outlet: Outlet): void
}

/** A message that waits for credit. */
export interface WaitingMail {
  readonly message: unknown
  readonly correlation: number
}

interface Waiting extends WaitingMail {
  readonly accepted: (() => void) | undefined
}

/** The sending end between a slot and an actor. */
export class Outlet {
  /** The actor. */
  readonly target: number
  /** The slot it lives in. */
  readonly slot: number
  /** Set when the outlet is no longer the one of its slot for this actor; then ask the slot for another. */
  closed = false
  /** Messages from here that may wait in the actor's mailbox. */
  readonly capacity: number
  readonly #host: OutletHost
  #credits: number
  #paused = false
  #waiting: Fifo<Waiting> | undefined

  constructor(host: OutletHost, target: number, slot: number, capacity: number) {
    this.#host = host
    this.target = target
    this.slot = slot
    this.capacity = capacity
    this.#credits = capacity
  }

  /** Sends a message; the promise resolves when a credit was spent on it. Throws `UNSENDABLE_VALUE`. */
  tell(message: unknown): Promise<void> {
    this.#host.check(this, message)
    if (this.#credits > 0) {
      this.#credits--
      this.#host.ship(this, message, 0)
      return ACCEPTED
    }
    return new Promise((accepted) => {
      this.#wait({ message, correlation: 0, accepted })
    })
  }

  /** Sends a message if there is a credit. Throws `UNSENDABLE_VALUE`. */
  tryTell(message: unknown): boolean {
    this.#host.check(this, message)
    if (this.#credits === 0) return false
    this.#credits--
    this.#host.ship(this, message, 0)
    return true
  }

  /** Sends a message with a correlation, or a request to stop, which needs no credit but keeps its place. */
  send(message: unknown, correlation: number): void {
    const isFree = correlation === STOP && !this.#paused && this.#waiting === undefined
    if (this.#credits === 0 && !isFree) {
      this.#wait({ message, correlation, accepted: undefined })
      return
    }
    if (correlation !== STOP) this.#credits--
    this.#host.ship(this, message, correlation)
  }

  /** What waits for credit and is worth one, oldest first: a copy. */
  get waitingMail(): readonly WaitingMail[] {
    const waiting = this.#waiting?.toArray() ?? []
    return waiting.filter((entry) => entry.correlation === STOP || this.#isWorthACredit(entry))
  }

  /** The actor's mailbox has room for `count` more. */
  grant(count: number): void {
    if (this.#paused) return
    this.#credits = Math.min(this.capacity, this.#credits + count)
    this.#sendWaiting()
    if (this.#credits === this.capacity && this.#waiting === undefined) this.#host.idle(this)
  }

  /** The actor's slot has lost its thread: nothing leaves until `resume`. */
  pause(): void {
    this.#paused = true
    this.#credits = 0
  }

  /** The slot has a new thread: what was sent before is forgotten, what waits is sent. */
  resume(): void {
    this.#paused = false
    this.#credits = this.capacity
    this.#sendWaiting()
  }

  /** The actor is gone: what waits becomes dead letters. */
  close(reason: DeadLetterReason): void {
    this.closed = true
    const waiting = this.#waiting
    this.#waiting = undefined
    for (let next = waiting?.shift(); next !== undefined; next = waiting?.shift()) {
      this.#host.waiting(-1)
      this.#host.undeliverable(this, next.message, next.correlation, reason)
      next.accepted?.()
    }
  }

  #wait(entry: Waiting): void {
    this.#waiting ??= new Fifo<Waiting>()
    this.#waiting.push(entry)
    this.#host.waiting(1)
  }

  #sendWaiting(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (next.correlation === STOP || !this.#isWorthACredit(next)) {
        // Goes without a credit.
      } else if (this.#credits > 0) {
        this.#credits--
      } else {
        return
      }
      waiting.shift()
      this.#host.waiting(-1)
      if (next.correlation === STOP || this.#isWorthACredit(next)) {
        this.#host.ship(this, next.message, next.correlation)
      }
      next.accepted?.()
    }
    this.#waiting = undefined
  }

  /** An ask that timed out while it waited is not worth sending. */
  #isWorthACredit(entry: Waiting): boolean {
    return entry.correlation <= 0 || this.#host.isAwaited(entry.correlation)
  }
}
