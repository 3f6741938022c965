/**
 * Lets go wrong on a simulated machine what its schedule says. On the simulator's thread.
 *
 * What meets the machine as a whole happens at once; what meets a turn or an operation waits for the next one that is chosen.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ManualClock } from '../manual-clock.ts'
import type { SlotActor } from '../slot.ts'
import type { ControlLink } from './control-link.ts'
import type { SlotLife } from './simulated-mesh.ts'
import { InjectedError } from './step-faults.ts'
import type { StepCounts, StepFault, StepFaults } from './step-faults.ts'

/** The machine, as faults see it. */
export interface FaultyMachine {
  readonly clock: ManualClock
  /** Number of slots besides slot 0. */
  readonly count: number
  readonly counts: StepCounts
  control(slot: number): ControlLink | undefined
  /** The thread of a slot is gone. False when it was before. */
  loseSlot(slot: number): boolean
  /** Tells who uses the slots. */
  tellLost(slot: number, error: Error): void
  kill(): void
  /** Something has gone wrong. */
  told(fault: StepFault, text: string): void
}

/** See the head of this file. */
export class SimulatedFaults {
  readonly #schedule: StepFaults
  readonly #machine: FaultyMachine
  /** Links whose messages are held back, and the step at which they go on. */
  readonly #holds: { readonly control: ControlLink; readonly until: number }[] = []
  #actor: Extract<StepFault, { kind: 'actor' }> | undefined
  #operation = false

  constructor(schedule: StepFaults, machine: FaultyMachine) {
    this.#schedule = schedule
    this.#machine = machine
  }

  /** To be called before each step. */
  injectDue(): void {
    const { counts } = this.#machine
    for (const fault of this.#schedule.due(counts)) this.#inject(fault)
    for (let i = this.#holds.length - 1; i >= 0; i--) {
      const hold = this.#holds[i]
      if (hold === undefined || hold.until > counts.steps) continue
      hold.control.held = false
      this.#holds.splice(i, 1)
    }
  }

  /** Nothing else can happen: what was held back arrives. False when nothing was. */
  releaseHolds(): boolean {
    const { length } = this.#holds
    for (const { control } of this.#holds) control.held = false
    this.#holds.length = 0
    return length > 0
  }

  /** Lets a turn throw, if one is to. False when none is, and the turn is still to be run. */
  meetTurn(actor: SlotActor, run: (failure?: Error) => void): boolean {
    const fault = this.#actor
    if (fault === undefined) return false
    this.#actor = undefined
    const when = fault.atEnd ? 'at the end' : 'at the begin'
    this.#machine.told(fault, `${actor.label} throws ${when} of its turn`)
    const error = new InjectedError(`actor fault at step ${this.#machine.counts.steps}`)
    if (!fault.atEnd) run(error)
    else {
      run()
      actor.turnFailed(error)
    }
    return true
  }

  /** The error of an operation of a slot, if it is to fail. */
  meetOperation(number: number, { index }: SlotLife): Error | undefined {
    if (!this.#operation || index === 0) return undefined
    this.#operation = false
    this.#machine.told({ kind: 'operation' }, `operation ${number} of slot ${index} fails`)
    return new InjectedError(`operation fault at step ${this.#machine.counts.steps}`)
  }

  #inject(fault: StepFault): void {
    const machine = this.#machine
    switch (fault.kind) {
      case 'actor':
        this.#actor = fault
        return
      case 'operation':
        this.#operation = true
        return
      case 'slot':
        this.#loseSlot(fault)
        return
      case 'process':
        machine.told(fault, 'the process dies')
        machine.kill()
        return
      case 'time':
        machine.clock.pass(fault.spanMs)
        machine.told(fault, `time jumps by ${Math.round(fault.spanMs)} ms`)
        return
      case 'control':
        this.#holdControl(fault)
    }
  }

  #loseSlot(fault: Extract<StepFault, { kind: 'slot' }>): void {
    const machine = this.#machine
    const slot = 1 + Math.floor(fault.pick * machine.count)
    if (!machine.loseSlot(slot)) return
    const error = new MillraceError('SLOT_LOST', `Slot ${slot} lost its thread: injected fault`, {
      cause: new InjectedError('a simulated thread has died'),
      retryable: true,
    })
    machine.told(fault, `slot ${slot} dies`)
    machine.control(slot)?.die(error, fault.keep, () => {
      machine.tellLost(slot, error)
    })
  }

  #holdControl(fault: Extract<StepFault, { kind: 'control' }>): void {
    const machine = this.#machine
    const slot = 1 + Math.floor(fault.pick * machine.count)
    const control = machine.control(slot)
    if (control === undefined || control.held) return
    control.held = true
    this.#holds.push({ control, until: machine.counts.steps + fault.steps })
    machine.told(fault, `messages of slot ${slot} take ${fault.steps} steps`)
  }
}
