/**
 * The host that chooses every interleaving: all slots on one thread, one step at a time, each chosen by a seeded generator, on a
 * virtual clock. The same seed and the same program give the same run.
 *
 * A step is: a slot takes one frame from one link; sends what it has collected on one link; runs one actor for one turn;
 * flushes one open batch; hears that one asynchronous operation has ended; a timer fires. What the real hosts do in a sensible
 * order, the simulator does in any order that the rules allow.
 *
 * Files and other real I/O take no virtual time: before every step the simulator waits until what was begun has ended, and
 * then lets the seed decide when each actor hears of it.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { ManualClock } from './manual-clock.ts'
import { seededRandom } from './seeded-random.ts'
import { asError } from './wire-error.ts'
import { createMesh, loadIntoMesh } from './slot-mesh.ts'
import type { Async, ModuleExport, SlotGroup, SlotNode } from './slot-node.ts'

/** 2020-01-01T00:00:00Z, where the virtual clock starts. */
const START_MS = 1_577_836_800_000
/** Real time that the simulator waits for operations in flight before it goes on without them. */
const PATIENCE_MS = 100
/** The share of steps after which the virtual clock moves. */
const CLOCK_MOVES = 0.2
const LONGEST_MOVE_MS = 10

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
}

/** An asynchronous operation that has ended. */
interface EndedOperation {
  /** Counts the operations in the order in which they were begun. */
  readonly number: number
  /** Lets its actor hear of it. */
  readonly tell: () => void
}

/**
 * A simulated machine. Give it to `runJob` or `ActorSystem.start` as `host`; it runs until it is stopped, which a job does at its
 * end: make a new one for the next run.
 *
 * Errors: `INVALID_SEED`, `INVALID_SLOTS`. Whoever runs on it hears of `SIMULATION_TOO_LONG` (see `maxSteps`), and of `HOST_STOPPED`
 * when it has been stopped before.
 */
export class Simulator implements SlotGroup {
  readonly main: SlotNode
  readonly count: number
  /** The seed that replays this run. */
  readonly seed: number
  readonly clock = new ManualClock(START_MS)
  readonly #random: () => number
  readonly #nodes: readonly SlotNode[]
  readonly #trace: ((line: string) => void) | undefined
  readonly #maxSteps: number
  /** Ends of asynchronous operations that no actor has heard of yet. */
  readonly #ended: EndedOperation[] = []
  /** Operations begun so far. */
  #begun = 0
  #inFlight = 0
  /** The operations in flight that were not yet waited for in vain. What a message or a timer has to end is not among them. */
  readonly #awaited = new Set<number>()
  readonly #lostListeners: ((slot: number, error: Error) => void)[] = []
  #steps = 0
  #stopped = false
  #running = false
  #wakeUp: (() => void) | undefined

  constructor(options: SimulatorOptions) {
    const { seed, slots = 2, trace, maxSteps = 10_000_000 } = options
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new MillraceError('INVALID_SEED', `Expected a seed from 0 to 2^32 - 1, got ${seed}`)
    }
    if (!Number.isInteger(slots) || slots < 1 || slots > 256) {
      throw new MillraceError('INVALID_SLOTS', `Expected 1 to 256 slots, got ${slots}`)
    }
    this.seed = seed
    this.count = slots
    this.#random = seededRandom(seed)
    this.#trace = trace
    this.#maxSteps = maxSteps
    this.#nodes = createMesh({
      slots,
      clock: this.clock,
      random: this.#random,
      wake: () => {
        this.#wake()
      },
      whenSettled: (promise, onValue, onError) => {
        this.#hold(promise, onValue, onError)
      },
    })
    this.main = this.#nodes[0] as SlotNode
  }

  /** Steps done so far. */
  get steps(): number {
    return this.#steps
  }

  /** Simulated slots are lost only together, when the simulation itself fails. */
  onLost(listener: (slot: number, error: Error) => void): void {
    this.#lostListeners.push(listener)
  }

  load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    if (this.#stopped) return Promise.reject(stoppedError())
    return loadIntoMesh(this.#nodes, slot, extension, argument, coordinator)
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    return Promise.resolve()
  }

  /** Holds the end of an operation back until the seed chooses it. */
  #hold<T>(
    promise: PromiseLike<T>,
    onValue: (value: T) => void,
    onError: (error: unknown) => void,
  ): void {
    const number = this.#begun++
    this.#inFlight++
    this.#awaited.add(number)
    const end = (tell: () => void): void => {
      this.#inFlight--
      this.#awaited.delete(number)
      // In the order in which they were begun: the one in which files answer differs from run to run.
      const at = this.#ended.findIndex((other) => other.number > number)
      this.#ended.splice(at < 0 ? this.#ended.length : at, 0, { number, tell })
      this.#wake()
    }
    promise.then(
      (value) => {
        end(() => {
          onValue(value)
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

  #wake(): void {
    this.#wakeUp?.()
    this.#wakeUp = undefined
    if (this.#running || this.#stopped) return
    this.#running = true
    setImmediate(() => {
      this.#drive().catch((error: unknown) => {
        this.#fail(asError(error))
      })
    })
  }

  async #drive(): Promise<void> {
    while (!this.#stopped) {
      await this.#settle()
      if (this.#step()) continue
      if (this.clock.fireNext()) {
        this.#count('the clock jumps to the next timer')
        continue
      }
      if (this.#inFlight > 0) {
        // Waits for something outside that takes real time.
        await new Promise<void>((resolve) => {
          this.#wakeUp = resolve
        })
        continue
      }
      break
    }
    this.#running = false
  }

  /** The run can't go on: who uses the slots hears of it as of a lost thread. */
  #fail(error: Error): void {
    this.#stopped = true
    if (this.#lostListeners.length === 0) throw error
    for (const listener of this.#lostListeners) {
      for (let slot = 1; slot <= this.count; slot++) listener(slot, error)
    }
  }

  /** Lets promises run until nothing more follows, and waits a while for real I/O, once for every operation. */
  async #settle(): Promise<void> {
    await nextMacrotask()
    if (this.#awaited.size === 0) return
    const deadline = performance.now() + PATIENCE_MS
    while (this.#awaited.size > 0 && performance.now() < deadline) await nextMacrotask()
    this.#awaited.clear()
  }

  #step(): boolean {
    let choices = this.#ended.length
    for (const node of this.#nodes) choices += node.slot.countSteps()
    const timerDue = this.clock.untilNextTimerMs === 0
    if (timerDue) choices++
    if (choices === 0) return false
    const choice = Math.floor(this.#random() * choices)
    this.#count(this.#perform(choice, timerDue))
    if (this.#random() < CLOCK_MOVES) this.clock.pass(this.#random() * LONGEST_MOVE_MS)
    return true
  }

  #perform(choice: number, timerDue: boolean): string {
    let rest = choice
    for (const node of this.#nodes) {
      const steps = node.slot.countSteps()
      if (rest < steps) return node.slot.performStep(rest)
      rest -= steps
    }
    if (rest < this.#ended.length) {
      const [operation] = this.#ended.splice(rest, 1)
      operation?.tell()
      return 'an operation has ended'
    }
    if (timerDue) this.clock.fireNext()
    return 'a timer fires'
  }

  #count(what: string): void {
    this.#steps++
    this.#trace?.(`#${this.#steps} ${what}`)
    if (this.#steps >= this.#maxSteps) {
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

function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
