/**
 * Messages that no actor handled. Every slot counts its own; they travel to slot 0 only while somebody observes them.
 */
import type { ActorRef } from './actor-ref.ts'

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

/** Observers and counts of one slot. */
export class DeadLetters {
  /** Messages that no actor handled, observed or not. */
  count = 0
  /** Those that nobody observed. */
  unobserved = 0
  readonly #listeners = new Set<(letter: DeadLetter) => void>()

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

  /** Tells the observers. A listener that throws is reported as a warning and does not keep others from hearing. */
  tell(letter: DeadLetter): void {
    for (const listener of this.#listeners) {
      try {
        listener(letter)
      } catch (error) {
        process.emitWarning(`A listener for dead letters threw: ${String(error)}`)
      }
    }
  }
}
