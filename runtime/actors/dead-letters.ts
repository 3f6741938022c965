/**
 * Messages that no actor handled. Every slot counts its own; they travel to slot 0 only while somebody observes them.
 */
import type { ActorMail } from './actor-mail.ts'
import { ActorRef } from './actor-ref.ts'
import type { RefHost } from './actor-ref.ts'
import { checkSendable } from './sendable-message.ts'
import { asError, textOf, toWireError } from '../wire-error.ts'

/**
 * Why a message was not handled. `stopped`: there is no such actor, or it stopped before its turn came; `failed`: the actor
 * failed while it handled the message; `unsendable`: it could not be packed; `slot-lost`: it waited for a thread that died.
 */
export type DeadLetterReason = 'stopped' | 'failed' | 'unsendable' | 'slot-lost'

/** A message that no actor handled. */
export interface DeadLetter {
  /** The message; a string in its place where it came from another thread and could not be packed. */
  readonly message: unknown
  readonly actor: ActorRef<never>
  /** Name of the actor, where it is known. */
  readonly actorName: string | undefined
  readonly reason: DeadLetterReason
  /** The failure of the actor (`failed`) or of the codec (`unsendable`). */
  readonly error: Error | undefined
}

/** A dead letter as the slot knows it. */
export interface BuriedMessage {
  readonly actor: number
  /** The slot that the actor lived in. */
  readonly slot: number
  /** Of its mailbox. Of an actor that is gone anything: nothing that is sent to it needs room. */
  readonly capacity: number
  readonly name: string | undefined
  readonly message: unknown
  readonly reason: DeadLetterReason
  readonly error: unknown
}

/** Dead letters that travel to slot 0 per turn at the most; the rest is only counted. */
const LETTERS_PER_TURN = 256

/** Observers and counts of one slot. */
export class DeadLetters {
  /** Messages that no actor handled, observed or not; those that were sent to slot 0 count there. */
  count = 0
  /** Those that nobody observed. */
  unobserved = 0
  /** Whether slot 0 wants those of this slot. */
  isReporting = false
  readonly #refHost: RefHost
  readonly #report: (mail: ActorMail) => void
  readonly #listeners = new Set<(letter: DeadLetter) => void>()
  #reportedThisTurn = 0

  /** @param report sends mail to slot 0 */
  constructor(refHost: RefHost, report: (mail: ActorMail) => void) {
    this.#refHost = refHost
    this.#report = report
  }

  /** Whether anybody on this thread observes. */
  get observed(): boolean {
    return this.#listeners.size > 0
  }

  /** Calls the listener for every dead letter from now on. Returns a function that ends it. */
  observe(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** A message will not be handled. */
  bury(buried: BuriedMessage): void {
    if (this.observed) {
      this.count++
      this.#tell(buried)
    } else if (this.isReporting && this.#reportedThisTurn < LETTERS_PER_TURN) {
      this.#reportedThisTurn++
      this.#report(toMail(buried))
    } else {
      this.count++
      this.unobserved++
    }
  }

  /** A turn has ended. */
  endTurn(): void {
    this.#reportedThisTurn = 0
  }

  /** A listener that throws is reported as a warning and does not keep others from hearing. */
  #tell({ actor, slot, capacity, name, message, reason, error }: BuriedMessage): void {
    const letter: DeadLetter = {
      message,
      actor: new ActorRef(this.#refHost, actor, slot, capacity),
      actorName: name,
      reason,
      error: error === undefined ? undefined : asError(error),
    }
    for (const listener of this.#listeners) {
      try {
        listener(letter)
      } catch (thrown) {
        process.emitWarning(`A listener for dead letters threw: ${textOf(thrown)}`)
      }
    }
  }
}

function toMail({ message, error, ...letter }: BuriedMessage): ActorMail {
  const wire = error === undefined ? undefined : toWireError(error)
  return { kind: 'dead-letter', ...letter, message: sendableOr(message), error: wire }
}

function sendableOr(message: unknown): unknown {
  try {
    checkSendable(message, 'message', () => '')
    return message
  } catch {
    return textOf(message)
  }
}
