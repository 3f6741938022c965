/**
 * All that can happen next on a simulated machine, numbered: the steps of its slots, what other sources have waiting, the operations that have
 * ended, a timer that is due. The simulator counts them, its seed picks one. On the simulator's thread.
 */
import type { ManualClock } from '../manual-clock.ts'
import type { TurnObserver } from '../slot.ts'
import type { SimulatedFaults } from './simulated-faults.ts'
import type { SimulatedSlots } from './simulated-slots.ts'
import type { StepLog } from './step-log.ts'
import type { StepSource } from './step-source.ts'

/** Of what the steps are, and who hears of them. */
export interface NextStepsParts {
  readonly slots: SimulatedSlots
  readonly clock: ManualClock
  readonly log: StepLog
  /** What goes wrong in a turn, or with an operation. Undefined: nothing. */
  readonly faults: SimulatedFaults | undefined
}

/** See the head of this file. */
export class NextSteps {
  readonly #parts: NextStepsParts
  /** Also the messages of the control plane. */
  #sources: readonly StepSource[]
  /** The world outside: it goes on when the slots have stopped. */
  readonly #outside: StepSource[] = []
  #stopped = false

  constructor(parts: NextStepsParts) {
    this.#parts = parts
    this.#sources = parts.slots.controls
  }

  /** How many things can happen now. */
  get count(): number {
    const { slots, clock } = this.#parts
    let count = slots.operations.ended
    for (const { node, life } of slots.living) if (life.alive) count += node.slot.countSteps()
    for (const source of this.#sources) count += source.pending
    const timerDue = !this.#stopped && clock.untilNextTimerMs === 0
    return timerDue ? count + 1 : count
  }

  /** Whether there is a world outside. */
  get hasOutside(): boolean {
    return this.#outside.length > 0
  }

  /** Other things that can happen. */
  addOutside(source: StepSource): void {
    this.#outside.push(source)
    this.#sources = [...this.#sources, source]
  }

  /** There are new slots, with links of their own. */
  renew(): void {
    this.#sources = [...this.#parts.slots.controls, ...this.#outside]
  }

  /** The slots have stopped: only the world outside goes on. */
  stop(): void {
    this.#stopped = true
    this.#sources = this.#outside
  }

  /** Lets the thing with this number happen, 0 to `count` - 1, and logs it. */
  perform(number: number): void {
    const { slots, clock, log } = this.#parts
    let rest = number
    for (const { node, life } of slots.living) {
      if (!life.alive) continue
      const { slot } = node
      const steps = slot.countSteps()
      if (rest < steps) {
        const text = slot.performStep(rest, this.#observer(slot.index))
        log.step(slot.index, text)
        return
      }
      rest -= steps
    }
    for (const source of this.#sources) {
      const { pending } = source
      if (rest < pending) {
        const text = source.perform(rest)
        log.step('', log.isTraced ? text() : '')
        return
      }
      rest -= pending
    }
    if (rest < slots.operations.ended) this.#endOperation(rest)
    else {
      clock.fireNext()
      log.step('clock', 'a timer fires')
    }
  }

  #endOperation(at: number): void {
    const { slots, faults, log } = this.#parts
    const operation = slots.operations.take(at)
    if (operation === undefined) return
    const { life, number, tell } = operation
    tell(faults?.meetOperation(number, life))
    log.step(life.index, log.isTraced ? `operation ${number} has ended` : '')
  }

  #observer(slot: number): TurnObserver {
    const { log, faults } = this.#parts
    return (actor, run) => {
      log.hasTurn(actor, slot)
      if (slot > 0 && faults?.meetTurn(actor, run) === true) return `${actor.label} throws`
      return log.around(actor, run)
    }
  }
}
