/**
 * What a simulated run can tell of itself: how many steps it has done, a line of each for whoever traces it, and where each actor stands,
 * for a run that stands still. On the simulator's thread.
 */
import type { Clock } from '../clock.ts'
import type { SlotActor } from '../slot.ts'
import { TurnTrace } from './turn-trace.ts'

/** See the head of this file. */
export class StepLog {
  /** Hears of every frame that is taken from a link: it is told with the step that takes it. Undefined: nobody traces. */
  readonly onFrame: ((text: string) => void) | undefined
  readonly #clock: Clock
  readonly #write: ((line: string) => void) | undefined
  readonly #turns: TurnTrace | undefined
  #steps = 0
  #frameText = ''
  /** Actors that have had a turn, and the step of their last one. */
  readonly #actors = new Map<SlotActor, { readonly slot: number; step: number }>()

  /** `write` gets each line; undefined: nobody traces. */
  constructor(clock: Clock, write: ((line: string) => void) | undefined) {
    this.#clock = clock
    this.#write = write
    this.#turns = write === undefined ? undefined : new TurnTrace()
    this.onFrame =
      write === undefined
        ? undefined
        : (text) => {
            this.#frameText = text
          }
  }

  /** Steps done so far. */
  get steps(): number {
    return this.#steps
  }

  /** Whether anybody reads the lines: texts for them need not be made otherwise. */
  get isTraced(): boolean {
    return this.#write !== undefined
  }

  /** One more step has been done. `who`: what has done it, or the number of a slot. */
  step(who: string | number, what: string): void {
    this.#steps++
    if (this.#write === undefined) return
    const frame = this.#frameText === '' ? '' : `: ${this.#frameText}`
    this.#frameText = ''
    this.note(typeof who === 'number' ? `slot ${who}` : who, what + frame)
  }

  /** Something worth a line has happened since the last step. */
  note(who: string, what: string): void {
    if (this.#write === undefined) return
    const time = `${this.#clock.monotonicMs().toFixed(3)} ms`
    const number = `#${this.#steps}`
    this.#write(`${number.padEnd(7)} ${time.padStart(14)}  ${who === '' ? '' : `${who}: `}${what}`)
  }

  /** An actor has its turn in the step that is being done. */
  hasTurn(actor: SlotActor, slot: number): void {
    const step = this.#steps + 1
    const known = this.#actors.get(actor)
    if (known === undefined) this.#actors.set(actor, { slot, step })
    else known.step = step
  }

  /** Runs a turn and returns what it was; nothing when nobody traces. */
  around(actor: SlotActor, run: () => void): string {
    if (this.#turns !== undefined) return this.#turns.around(actor, run)
    run()
    return ''
  }

  /** New slots: the actors of the old ones are gone. */
  forgetActors(): void {
    this.#actors.clear()
  }

  /** Every actor that has had a turn, its state and the step of its last turn, a line each. */
  *describe(): Generator<string> {
    for (const [actor, { slot, step }] of this.#actors) {
      const { label, state = 'unknown', scheduled } = actor
      const ready = scheduled ? ', has mail' : ''
      yield `slot ${slot}: ${label}: ${state}${ready}, last turn at step ${step}`
    }
  }
}
