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
import { ManualClock } from './manual-clock.ts'
import { seededRandom } from './seeded-random.ts'
import { NextSteps } from './simulation/next-steps.ts'
import { afterRealTime, nextMacrotask, OutsideWatch } from './simulation/outside-watch.ts'
import { SimulatedFaults } from './simulation/simulated-faults.ts'
import type { FaultyMachine } from './simulation/simulated-faults.ts'
import { SimulatedSlots } from './simulation/simulated-slots.ts'
import type { StepCounts, StepFault, StepFaults } from './simulation/step-faults.ts'
import { StepLog } from './simulation/step-log.ts'
import type { StepSource } from './simulation/step-source.ts'
import type { Async, ModuleExport, SlotGroup, SlotNode } from './slot-node.ts'
import { asError } from './wire-error.ts'

/** 2020-01-01T00:00:00Z, where the virtual clock starts. */
const START_MS = 1_577_836_800_000
/** The share of steps after which the virtual clock moves. */
const CLOCK_MOVES = 0.2
const LONGEST_MOVE_MS = 10
/** Real time without a step after which a run stands still. */
const STANDSTILL_MS = 2_000
/** What is under way outside is waited for so many times as long: a connection that somebody keeps open looks just like a request. */
const STANDSTILLS_OUTSIDE = 15
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
  readonly #maxSteps: number
  readonly #slots: SimulatedSlots
  readonly #next: NextSteps
  readonly #log: StepLog
  readonly #faults: SimulatedFaults | undefined
  readonly #outside = new OutsideWatch()
  #lostListeners: ((slot: number, error: Error) => void)[] = []
  #state: 'running' | 'stopped' | 'killed' = 'running'
  #driving = false
  /** Something has come up since it was found that nothing can happen. */
  #woken = false
  #forgetStandstill = (): void => {}
  /** Why the run cannot go on. */
  #failure: Error | undefined
  #wakeUp: (() => void) | undefined
  /**
   * Called when nothing has happened for two seconds of real time, and nothing is under way outside, or for thirty; `operations`: those in
   * flight, which only the outside can end. Undefined: the simulator waits for ever.
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
    this.#maxSteps = maxSteps
    this.#log = new StepLog(this.clock, trace)
    this.#faults = faults === undefined ? undefined : new SimulatedFaults(faults, this.#faulty())
    this.#slots = new SimulatedSlots({
      count: slots,
      clock: this.clock,
      random: this.#random,
      wake: () => {
        this.#wake()
      },
      onFrame: this.#log.onFrame,
    })
    const parts = { slots: this.#slots, clock: this.clock, log: this.#log, faults: this.#faults }
    this.#next = new NextSteps(parts)
  }

  /** Slot 0, on the calling thread; after `restart` another one. */
  get main(): SlotNode {
    return this.#slots.main
  }

  /** Steps done so far. */
  get steps(): number {
    return this.#log.steps
  }

  /** Messages of the control plane that have arrived so far. */
  get controls(): number {
    return this.#slots.delivered
  }

  /** Called when a slot was lost with its thread, which only a fault does, and with all of them when the simulation itself fails. */
  onLost(listener: (slot: number, error: Error) => void): void {
    this.#lostListeners.push(listener)
  }

  load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    if (this.#state !== 'running') return Promise.reject(stoppedError())
    return this.#slots.load(slot, extension, argument, coordinator)
  }

  stop(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopped'
      this.#slots.endAll()
      this.#next.stop()
    }
    this.#wake()
    return Promise.resolve()
  }

  /** The process dies: nothing happens on this machine any more, and nobody hears of anything. */
  kill(): void {
    if (this.#state === 'killed') return
    this.#state = 'killed'
    this.#slots.endAll()
    this.#woken = true
    this.#forgetStandstill()
    this.#wakeUp?.()
    this.onKilled()
  }

  /** New threads in the place of all slots, as a job has them for its next attempt. What the old ones had is gone. Throws the error of a run that cannot go on. */
  restart(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#state !== 'running') return
    this.#lostListeners = []
    this.#faults?.releaseHolds()
    this.#log.forgetActors()
    this.#slots.replaceAll(new MillraceError('SLOT_STOPPED', 'The slots have been stopped'))
    this.#next.renew()
  }

  /** Lets the seed choose among other things too. */
  addSource(source: StepSource): void {
    this.#next.addOutside(source)
  }

  /** Something may have come up that can happen: the simulator looks. */
  wake(): void {
    this.#wake()
  }

  /** Writes a line into the trace, if there is one. */
  note(who: string, what: string): void {
    this.#log.note(who, what)
  }

  /** Every actor that has had a turn, its state and the step of its last turn; and what is on its way. For a run that stands still. */
  describe(): string[] {
    const { inFlight, ended } = this.#slots.operations
    return [
      ...this.#log.describe(),
      ...this.#slots.describe(),
      `${inFlight} operations in flight, ${ended} ended that nobody has heard of, ${this.clock.pendingTimers} timers`,
    ]
  }

  #wake(): void {
    this.#woken = true
    this.#forgetStandstill()
    this.#wakeUp?.()
    this.#wakeUp = undefined
    if (this.#driving || this.#state === 'killed') return
    if (this.#state === 'stopped' && !this.#next.hasOutside) return
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
      await this.#outside.settled(this.#slots.operations.inFlight > 0)
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
        this.#log.step('clock', 'jumps to the next timer')
        this.#checkLength()
        continue
      }
      this.#watchStandstill(STANDSTILLS_OUTSIDE)
      if (this.#slots.operations.inFlight === 0) break
      // Waits for something outside that takes real time.
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve
      })
    }
    this.#driving = false
  }

  /** Until the next `#wake`. */
  #watchStandstill(times: number): void {
    if (this.onStandstill === undefined) return
    this.#forgetStandstill = afterRealTime(STANDSTILL_MS, () => {
      if (this.#outside.busy && times > 1) this.#watchStandstill(times - 1)
      else this.onStandstill?.(this.#slots.operations.inFlight)
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
    this.#slots.endThreads(error)
    for (const listener of this.#lostListeners) {
      for (let slot = 1; slot <= this.count; slot++) listener(slot, error)
    }
    this.#wake()
  }

  /** What faults may do. */
  #faulty(): FaultyMachine {
    const { clock, count } = this
    const counts = (): StepCounts => ({ steps: this.steps, controls: this.controls })
    return {
      clock,
      count,
      get counts() {
        return counts()
      },
      control: (slot) => this.#slots.control(slot),
      loseSlot: (slot) => this.#slots.lose(slot),
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

  /** False when nothing can happen. */
  #step(): boolean {
    const { count } = this.#next
    if (count === 0) return this.#faults?.releaseHolds() === true && this.#step()
    this.#next.perform(Math.floor(this.#random() * count))
    this.#checkLength()
    if (this.#random() < CLOCK_MOVES) this.clock.pass(this.#random() * LONGEST_MOVE_MS)
    return true
  }

  #checkLength(): void {
    if (this.#failure !== undefined) {
      if (this.steps >= this.#maxSteps + CLEANING_STEPS) void this.stop()
      return
    }
    if (this.steps >= this.#maxSteps) {
      throw new MillraceError(
        'SIMULATION_TOO_LONG',
        `The run with seed ${this.seed} did not end within ${this.#maxSteps} steps`,
      )
    }
  }
}

function stoppedError(): MillraceError {
  return new MillraceError(
    'HOST_STOPPED',
    'This simulator has been stopped, as at the end of a job: make a new one for each run',
  )
}
