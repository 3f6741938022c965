/**
 * Asynchronous operations of simulated slots: their ends are held back until the simulator chooses one. On the simulator's thread.
 */
import type { SlotLife } from './simulated-mesh.ts'

/** An operation that has ended. */
export interface EndedOperation {
  /** Counts the operations in the order in which they were begun. */
  readonly number: number
  readonly life: SlotLife
  /** Lets its actor hear of it, or of a failure in its place. */
  readonly tell: (failure?: Error) => void
}

/** See the head of this file. */
export class HeldOperations {
  readonly #wake: () => void
  #ended: EndedOperation[] = []
  #begun = 0
  #inFlight = 0

  /** `wake` is called when there is something to choose, or to wait for. */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Operations that have not ended. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Operations that have ended and that nobody has heard of. */
  get ended(): number {
    return this.#ended.length
  }

  /** Waits for an operation of a slot; what ends when the slot is dead, nobody hears of. */
  hold<T>(
    life: SlotLife,
    promise: PromiseLike<T>,
    onValue: (value: T) => void,
    onError: (error: unknown) => void,
  ): void {
    const number = this.#begun++
    this.#inFlight++
    const end = (tell: (failure?: Error) => void): void => {
      this.#inFlight--
      if (!life.alive) return
      // In the order in which they were begun: the one in which files answer differs from run to run.
      const at = this.#ended.findIndex((other) => other.number > number)
      this.#ended.splice(at < 0 ? this.#ended.length : at, 0, { number, life, tell })
      this.#wake()
    }
    promise.then(
      (value) => {
        end((failure) => {
          if (failure === undefined) onValue(value)
          else onError(failure)
        })
      },
      (error: unknown) => {
        end(() => {
          onError(error)
        })
      },
    )
    this.#wake()
  }

  /** Takes the one with this number, 0 to `ended` - 1. */
  take(number: number): EndedOperation | undefined {
    return this.#ended.splice(number, 1)[0]
  }

  /** Slots have died: their operations are forgotten. */
  forgetDead(): void {
    this.#ended = this.#ended.filter(({ life }) => life.alive)
  }
}
