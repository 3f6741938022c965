/**
 * Goes on with what a subtask restores, in short pieces between its records: what nobody has looked up yet is made by and by, so that after some
 * seconds no access pays for it any more. The model is `SnapshotUnderWay`: the first pieces are small, so that records come between those of small
 * states too, and a simulator chooses what happens between two.
 *
 * Driven by the turns of the subtask. A snapshot that is being packed restores the rest by itself, and goes first.
 */
import type { Clock } from '../../runtime/clock.ts'
import type { CompiledChain } from '../chain/chain.ts'

/** How long a subtask restores in one turn, about. A step takes less, mostly. */
const BUDGET_MS = 2
/** The most steps in one turn. */
const MOST_STEPS = 64

/** See the head of this file. */
export class StateRestore {
  readonly #chain: Pick<CompiledChain, 'restoring' | 'restoreStep'>
  #isDone = false
  #steps = 1

  /** Of a chain that will be open when `goOn` is called first. */
  constructor(chain: Pick<CompiledChain, 'restoring' | 'restoreStep'>) {
    this.#chain = chain
  }

  /** Whether all is restored. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Restores for a short while. Errors: `DAMAGED_SNAPSHOT` in an `OperatorError`. */
  goOn(clock: Clock): void {
    if (this.#isDone) return
    const untilMs = clock.monotonicMs() + BUDGET_MS
    for (let left = this.#steps; left > 0 && this.#chain.restoring; left--) {
      this.#chain.restoreStep()
      if (clock.monotonicMs() >= untilMs) break
    }
    this.#steps = Math.min(this.#steps * 2, MOST_STEPS)
    this.#isDone = !this.#chain.restoring
  }
}
