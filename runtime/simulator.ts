/**
 * The host that chooses every interleaving: all slots on one thread, one step at a time, each chosen by a seeded generator, on a
 * virtual clock. The same seed and the same program give the same run.
 *
 * A step is: a slot takes one frame from one link; sends what it has collected on one link; runs one actor for one turn;
 * flushes one open batch; hears that one asynchronous operation has ended; a message of the control plane arrives; a timer fires. What
 * the real hosts do in a sensible order, the simulator does in any order that the rules allow.
 *
 * Files and other real I/O take no virtual time: before every step the simulator waits until what was begun has ended, and
 * then lets the seed decide when each actor hears of it.
 *
 *     running ──► restarted: new slots, for the next attempt of a job ──► running
 *        │
 *        └──► stopped (`stop`, too many steps) · killed (`kill`, a fault): nobody hears of anything any more
 */
import { MillraceError } from '../mailbox/errors.ts'
import { importExtension } from './extension.ts'
import { ManualClock } from './manual-clock.ts'
import { seededRandom } from './seeded-random.ts'
import { ControlLink } from './simulation/control-link.ts'
import { createSimulatedMesh } from './simulation/simulated-mesh.ts'
import type { LivingSlot } from './simulation/simulated-mesh.ts'
import { afterRealTime, nextMacrotask, OutsideWatch } from './simulation/outside-watch.ts'
import { HeldOperations } from './simulation/held-operations.ts'
import { SimulatedFaults } from './simulation/simulated-faults.ts'
import type { FaultyMachine } from './simulation/simulated-faults.ts'
import type { StepCounts, StepFault, StepFaults } from './simulation/step-faults.ts'
import type { StepSource } from './simulation/step-source.ts'
import { TurnTrace } from './simulation/turn-trace.ts'
import type { SlotActor, TurnObserver } from './slot.ts'
import type { Async, ModuleExport, SlotExtension, SlotGroup, SlotNode } from './slot-node.ts'
import { asError } from './wire-error.ts'

/** 2020-01-01T00:00:00Z, where the virtual clock starts. */
const START_MS = 1_577_836_800_000
/** The share of steps after which the virtual clock moves. */
const CLOCK_MOVES = 0.2
const LONGEST_MOVE_MS = 10
/** Real time without a step after which a run stands still. */
const STANDSTILL_MS = 2_000
/** Steps in which slot 0 may clean up after a run that did not end by itself. */
const CLEANING_STEPS = 5_000

/** How a simulated run is set up. */
export interface SimulatorOptions {
  /** Chooses the interleaving: an integer from 0 to 2^32 - 1. */
  readonly seed: number
  /** Number of slots besides slot 0. Default: 2. */
  readonly slots?: number
  /** Called with one line per step. */
  readonly trace?: (line: string) => void
  /** Ends a run that does not end by itself. Default: 10,000,000 steps. */
  readonly maxSteps?: number
  /** Milliseconds since 1970 at which the virtual clock starts. Default: the begin of 2020. */
  readonly startMs?: number
  /** What goes wrong. Default: nothing. */
  readonly faults?: StepFaults
}

/**
 * A simulated machine. Give it to `runJob` or `ActorSystem.start` as `host`; it runs until it is stopped, which a job does at its
 * end: make a new one for the next run.
 *
 * Errors: `INVALID_SEED`, `INVALID_SLOTS`. Whoever runs on it hears of `SIMULATION_TOO_LONG` (see `maxSteps`), and of `HOST_STOPPED`
 * when it has been stopped before.
 */
export class Simulator implements SlotGroup {
  readonly count: number
  /** The seed that replays this run. */
  readonly seed: number
  readonly clock: ManualClock
  readonly #random: () => number
  readonly #trace: ((line: string) => void) | undefined
  readonly #maxSteps: number
  readonly #faults: SimulatedFaults | undefined
  readonly #outside = new OutsideWatch()
  readonly #turns: TurnTrace | undefined
  /** Also the messages of the control plane. */
  #sources: readonly StepSource[] = []
  /** The world outside: it goes on when the slots have stopped. */
  readonly #extraSources: StepSource[] = []
  #living: readonly LivingSlot[] = []
  #controls: readonly ControlLink[] = []
  /** Slots whose threads faults have taken. */
  readonly #lost = new Set<number>()
  /** Actors that have had a turn, and the step of their last one. */
  readonly #actors = new Map<SlotActor, { readonly slot: number; step: number }>()
  readonly #operations = new HeldOperations(() => {
    this.#wake()
  })
  #lostListeners: ((slot: number, error: Error) => void)[] = []
  #steps = 0
  /** Messages of the links before the last restart. */
  #controlsBefore = 0
  #state: 'running' | 'stopped' | 'killed' = 'running'
  #driving = false
  /** Something has come up since it was found that nothing can happen. */
  #woken = false
  #forgetStandstill = (): void => {}
  /** Why the run cannot go on. */
  #failure: Error | undefined
  #wakeUp: (() => void) | undefined
  #frameText = ''
  /**
   * Called when nothing has happened for two seconds of real time, and nothing is under way outside; `operations`: those in flight, which
   * only the outside can end. Undefined: the simulator waits for ever.
   */
  onStandstill: ((operations: number) => void) | undefined
  /** Called when a fault has killed the process. */
  onKilled: () => void = () => {}
  /** Called with what went wrong as it happens. */
  onFault: (fault: StepFault, text: string) => void = () => {}

  constructor(options: SimulatorOptions) {
    const { seed, slots = 2, trace, maxSteps = 10_000_000, startMs = START_MS, faults } = options
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new MillraceError('INVALID_SEED', `Expected a seed from 0 to 2^32 - 1, got ${seed}`)
    }
    if (!Number.isInteger(slots) || slots < 1 || slots > 256) {
      throw new MillraceError('INVALID_SLOTS', `Expected 1 to 256 slots, got ${slots}`)
    }
    this.seed = seed
    this.count = slots
    this.clock = new ManualClock(startMs)
    this.#random = seededRandom(seed)
    this.#trace = trace
    this.#turns = trace === undefined ? undefined : new TurnTrace()
    this.#maxSteps = maxSteps
    this.#faults = faults === undefined ? undefined : new SimulatedFaults(faults, this.#faulty())
    this.#makeSlots()
  }

  /** Slot 0, on the calling thread; after `restart` another one. */
  get main(): SlotNode {
    return (this.#living[0] as LivingSlot).node
  }

  /** Steps done so far. */
  get steps(): number {
    return this.#steps
  }

  /** Messages of the control plane that have arrived so far. */
  get controls(): number {
    let controls = this.#controlsBefore
    for (const { delivered } of this.#controls) controls += delivered
    return controls
  }

  /** Called when a slot was lost with its thread, which only a fault does, and with all of them when the simulation itself fails. */
  onLost(listener: (slot: number, error: Error) => void): void {
    this.#lostListeners.push(listener)
  }

  async load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    if (this.#state !== 'running') throw stoppedError()
    const living = this.#living[slot]
    const control = this.#controls[slot - 1]
    if (living === undefined || control === undefined) {
      throw new MillraceError(
        'UNKNOWN_SLOT',
        `Expected a slot from 1 to ${this.count}, got ${slot}`,
      )
    }
    // Before the message, so that no step depends on how long a file takes to load.
    const load = await imported(extension)
    return control.ask(
      () => 'load',
      async () => {
        const api = await load(living.node, argument, control.mainView(coordinator))
        return control.slotView(api as Api)
      },
    )
  }

  stop(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopped'
      for (const { life } of this.#living) life.alive = false
      this.#operations.forgetDead()
      this.#sources = this.#extraSources
    }
    this.#wake()
    return Promise.resolve()
  }

  /** The process dies: nothing happens on this machine any more, and nobody hears of anything. */
  kill(): void {
    if (this.#state === 'killed') return
    this.#state = 'killed'
    for (const { life } of this.#living) life.alive = false
    this.#woken = true
    this.#forgetStandstill()
    this.#wakeUp?.()
    this.onKilled()
  }

  /** New threads in the place of all slots, as a job has them for its next attempt. What the old ones had is gone. Throws the error of a run that cannot go on. */
  restart(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#state !== 'running') return
    const error = new MillraceError('SLOT_STOPPED', 'The slots have been stopped')
    for (const control of this.#controls) control.close(error)
    for (const { life } of this.#living) if (life.index > 0) life.alive = false
    this.#operations.forgetDead()
    this.#lostListeners = []
    this.#controlsBefore = this.controls
    this.#faults?.releaseHolds()
    this.#actors.clear()
    this.#lost.clear()
    this.#makeSlots()
  }

  /** Lets the seed choose among other things too. */
  addSource(source: StepSource): void {
    this.#extraSources.push(source)
    this.#sources = [...this.#sources, source]
  }

  /** Something may have come up that can happen: the simulator looks. */
  wake(): void {
    this.#wake()
  }

  /** Writes a line into the trace, if there is one. */
  note(who: string, what: string): void {
    this.#trace?.(this.#line(who, what))
  }

  /** Every actor that has had a turn, its state and the step of its last turn; and what is on its way. For a run that stands still. */
  describe(): string[] {
    const lines: string[] = []
    for (const [actor, { slot, step }] of this.#actors) {
      const { label, state = 'unknown', scheduled } = actor
      const ready = scheduled ? ', has mail' : ''
      lines.push(`slot ${slot}: ${label}: ${state}${ready}, last turn at step ${step}`)
    }
    for (const [i, control] of this.#controls.entries()) {
      if (this.#lost.has(i + 1)) lines.push(`slot ${i + 1} is lost`)
      if (control.queued > 0)
        lines.push(`${control.queued} messages between main and slot ${i + 1}`)
    }
    lines.push(
      `${this.#operations.inFlight} operations in flight, ${this.#operations.ended} ended that nobody has heard of, ` +
        `${this.clock.pendingTimers} timers`,
    )
    return lines
  }

  #makeSlots(): void {
    const wake = (): void => {
      this.#wake()
    }
    this.#living = createSimulatedMesh({
      slots: this.count,
      clock: this.clock,
      random: this.#random,
      wake,
      whenSettled: (life) => (promise, onValue, onError) => {
        this.#operations.hold(life, promise, onValue, onError)
      },
      onFrame:
        this.#trace === undefined
          ? undefined
          : (text) => {
              this.#frameText = text
            },
    })
    this.#controls = Array.from({ length: this.count }, (_, i) => new ControlLink(i + 1, wake))
    this.#sources = [...this.#controls, ...this.#extraSources]
  }

  #wake(): void {
    this.#woken = true
    this.#forgetStandstill()
    this.#wakeUp?.()
    this.#wakeUp = undefined
    if (this.#driving || this.#state === 'killed') return
    if (this.#state === 'stopped' && this.#extraSources.length === 0) return
    this.#driving = true
    const drive = async (): Promise<void> => {
      await nextMacrotask()
      await this.#drive()
    }
    drive().catch((error: unknown) => {
      this.#fail(asError(error))
    })
  }

  async #drive(): Promise<void> {
    while (this.#state !== 'killed') {
      await this.#outside.settled(this.#operations.inFlight > 0)
      if (!this.#isKilled()) this.#faults?.injectDue()
      if (this.#isKilled()) break
      if (this.#step()) continue
      // Of a machine that has stopped, only the world outside goes on.
      if (this.#state === 'stopped') break
      this.#woken = false
      if (await this.#outside.waited()) continue
      // It may have been waited in vain, while something else came up that can happen.
      if (this.#wasWoken()) continue
      if (this.clock.fireNext()) {
        this.#count('clock', 'jumps to the next timer')
        continue
      }
      this.#watchStandstill()
      if (this.#operations.inFlight === 0) break
      // Waits for something outside that takes real time.
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve
      })
    }
    this.#driving = false
  }

  /** Until the next `#wake`. */
  #watchStandstill(): void {
    if (this.onStandstill === undefined) return
    this.#forgetStandstill = afterRealTime(STANDSTILL_MS, () => {
      if (this.#outside.busy) this.#watchStandstill()
      else this.onStandstill?.(this.#operations.inFlight)
    })
  }

  #wasWoken(): boolean {
    return this.#woken
  }

  #isKilled(): boolean {
    return this.#state === 'killed'
  }

  /** The run can't go on: who uses the slots hears of it as of lost threads. Slot 0 goes on, so that it can clean up. */
  #fail(error: Error): void {
    this.#driving = false
    if (this.#failure !== undefined || this.#lostListeners.length === 0) throw error
    this.#failure = error
    for (const control of this.#controls) control.close(error)
    for (const { life } of this.#living) if (life.index > 0) life.alive = false
    this.#operations.forgetDead()
    for (const listener of this.#lostListeners) {
      for (let slot = 1; slot <= this.count; slot++) listener(slot, error)
    }
    this.#wake()
  }

  /** What faults may do. */
  #faulty(): FaultyMachine {
    const { clock, count } = this
    const counts = (): StepCounts => ({ steps: this.#steps, controls: this.controls })
    return {
      clock,
      count,
      get counts() {
        return counts()
      },
      control: (slot) => this.#controls[slot - 1],
      loseSlot: (slot) => this.#loseSlot(slot),
      tellLost: (slot, error) => {
        for (const listener of this.#lostListeners) listener(slot, error)
      },
      kill: () => {
        this.kill()
      },
      told: (fault, text) => {
        this.note('FAULT', text)
        this.onFault(fault, text)
      },
    }
  }

  #loseSlot(slot: number): boolean {
    const { life } = this.#living[slot] as LivingSlot
    if (!life.alive) return false
    life.alive = false
    this.#lost.add(slot)
    this.#operations.forgetDead()
    for (const { node } of this.#living) node.slot.disconnect(slot)
    return true
  }

  #step(): boolean {
    let choices = this.#operations.ended
    for (const { node, life } of this.#living) if (life.alive) choices += node.slot.countSteps()
    for (const source of this.#sources) choices += source.pending
    const timerDue = this.#state === 'running' && this.clock.untilNextTimerMs === 0
    if (timerDue) choices++
    if (choices === 0) {
      const released = this.#faults?.releaseHolds() === true
      return released && this.#sources.some(({ pending }) => pending > 0) && this.#step()
    }
    this.#perform(Math.floor(this.#random() * choices))
    if (this.#random() < CLOCK_MOVES) this.clock.pass(this.#random() * LONGEST_MOVE_MS)
    return true
  }

  #perform(choice: number): void {
    let rest = choice
    for (const { node, life } of this.#living) {
      if (!life.alive) continue
      const { slot } = node
      const steps = slot.countSteps()
      if (rest < steps) {
        const text = slot.performStep(rest, this.#observer(slot.index))
        this.#count(slot.index, text)
        return
      }
      rest -= steps
    }
    for (const source of this.#sources) {
      const { pending } = source
      if (rest < pending) {
        const text = source.perform(rest)
        this.#count('', this.#trace === undefined ? '' : text())
        return
      }
      rest -= pending
    }
    if (rest < this.#operations.ended) this.#endOperation(rest)
    else {
      this.clock.fireNext()
      this.#count('clock', 'a timer fires')
    }
  }

  #endOperation(at: number): void {
    const operation = this.#operations.take(at)
    if (operation === undefined) return
    const { life, number, tell } = operation
    tell(this.#faults?.meetOperation(number, life))
    this.#count(life.index, this.#trace === undefined ? '' : `operation ${number} has ended`)
  }

  #observer(slot: number): TurnObserver {
    return (actor, run) => {
      const known = this.#actors.get(actor)
      if (known === undefined) this.#actors.set(actor, { slot, step: this.#steps + 1 })
      else known.step = this.#steps + 1
      if (slot > 0 && this.#faults?.meetTurn(actor, run) === true) return `${actor.label} throws`
      if (this.#turns === undefined) {
        run()
        return ''
      }
      return this.#turns.around(actor, run)
    }
  }

  #count(who: string | number, what: string): void {
    this.#steps++
    if (this.#trace !== undefined) {
      const frame = this.#frameText === '' ? '' : `: ${this.#frameText}`
      this.#frameText = ''
      this.#trace(this.#line(typeof who === 'number' ? `slot ${who}` : who, what + frame))
    }
    if (this.#failure !== undefined) {
      if (this.#steps >= this.#maxSteps + CLEANING_STEPS) void this.stop()
      return
    }
    if (this.#steps >= this.#maxSteps) {
      throw new MillraceError(
        'SIMULATION_TOO_LONG',
        `The run with seed ${this.seed} did not end within ${this.#maxSteps} steps`,
      )
    }
  }

  #line(who: string, what: string): string {
    const time = `${this.clock.monotonicMs().toFixed(3)} ms`
    const step = `#${this.#steps}`
    return `${step.padEnd(7)} ${time.padStart(14)}  ${who === '' ? '' : `${who}: `}${what}`
  }
}

const extensions = new Map<string, Promise<SlotExtension<unknown, object, object>>>()

/** Asks for each export once: a module is loaded once. */
function imported(extension: ModuleExport): Promise<SlotExtension<unknown, object, object>> {
  const key = `${extension.url}#${extension.name}`
  const known = extensions.get(key) ?? importExtension(extension)
  extensions.set(key, known)
  return known
}

function stoppedError(): MillraceError {
  return new MillraceError(
    'HOST_STOPPED',
    'This simulator has been stopped, as at the end of a job: make a new one for each run',
  )
}
