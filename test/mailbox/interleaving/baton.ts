/// <reference lib="es2024.sharedmemory" />
/**
 * Runs two threads in lock step: every atomic access of the code under test is a point at which the
 * schedule may hand the turn to the other thread. The code under test is the real one; on each thread the
 * functions of `Atomics` are replaced by ones that pass through here.
 *
 * Only the thread that holds the turn runs, so a run is decided by its schedule alone and repeats exactly.
 */

/** Which thread: 0 is the sender on the main thread, 1 the receiver on a worker. */
export type Party = 0 | 1

/** A fault to plant, to prove that the search would find it. */
export type Fault =
  | 'none'
  | 'receiver does not look again'
  | 'sender does not look again'
  | 'tail becomes visible late'
  | 'wish for room becomes visible late'
  | 'room is believed too early'

const TURN = 0
const STEP = 1
const ABORTED = 2
const STATE = 4
const RUNNABLE = 0
const ASLEEP = 1
const FINISHED = 2
const SCHEDULE = 32

/** A run that takes more steps than this goes round in circles. */
export const MAX_STEPS = 4096

/** Words of the shared control block. */
export const BATON_WORDS = SCHEDULE + 2 * MAX_STEPS

const original = {
  load: Atomics.load,
  store: Atomics.store,
  compareExchange: Atomics.compareExchange,
  notify: Atomics.notify,
  wait: Atomics.wait,
  waitAsync: Atomics.waitAsync,
}

/** The run ended early: both threads sleep, one failed, or there were too many steps. */
export class Aborted extends Error {}

/** One thread's hold on the shared control block. */
export class Baton {
  readonly #control: Int32Array
  readonly #me: Party
  readonly #other: Party
  #late: (() => void) | undefined
  #onNotified: (() => void) | undefined
  /** A store to this word becomes visible late: when the thread sleeps or ends. */
  lateWord = -1
  /** What is added to loads of this word. */
  skewedWord = -1

  constructor(control: Int32Array, me: Party) {
    this.#control = control
    this.#me = me
    this.#other = me === 0 ? 1 : 0
  }

  /** Sets a new run up: the steps at which the turn changes. Main thread, while nothing runs. */
  reset(switches: readonly number[]): void {
    this.#control.fill(0)
    for (const step of switches) this.#control[SCHEDULE + step] = 1
  }

  /** Steps of the run so far. */
  get steps(): number {
    return this.#control[STEP] ?? 0
  }

  /** Whether the run was given up. */
  get aborted(): boolean {
    return original.load(this.#control, ABORTED) !== 0
  }

  /** Whether a switch was possible at this step. */
  couldSwitch(step: number): boolean {
    return this.#control[SCHEDULE + MAX_STEPS + step] === 1
  }

  /** Waits for the first turn, then replaces `Atomics` and runs the body. */
  run(body: () => void): void {
    this.#awaitTurn()
    this.#late = undefined
    this.#onNotified = undefined
    this.#patch()
    try {
      body()
      this.#point()
      this.#settle()
      this.#restore()
      original.store(this.#control, STATE + this.#me, FINISHED)
      if (this.#stateOf(this.#other) === ASLEEP) this.abort()
      else this.#pass()
    } catch (error) {
      this.abort()
      throw error
    } finally {
      this.#restore()
    }
  }

  /** Ends the run for both threads. */
  abort(): void {
    original.store(this.#control, ABORTED, 1)
    original.store(this.#control, TURN, this.#other)
    original.notify(this.#control, TURN)
  }

  /** Sleeps until the wait that was registered last is notified; returns at once without one. */
  park(): void {
    if (this.#onNotified === undefined) return
    if (this.#stateOf(this.#me) === ASLEEP) {
      if (this.#stateOf(this.#other) !== RUNNABLE) {
        this.abort()
        throw new Aborted('both threads sleep')
      }
      this.#pass()
      this.#awaitTurn()
    }
    const onNotified = this.#onNotified
    this.#onNotified = undefined
    onNotified()
  }

  #stateOf(party: Party): number {
    return original.load(this.#control, STATE + party)
  }

  #pass(): void {
    original.store(this.#control, TURN, this.#other)
    original.notify(this.#control, TURN)
  }

  #awaitTurn(): void {
    for (let look = 0; look < 500; look++) {
      if (original.load(this.#control, TURN) === this.#me) break
    }
    while (original.load(this.#control, TURN) !== this.#me) {
      if (original.wait(this.#control, TURN, this.#other, 15_000) === 'timed-out') {
        throw new Error('the other thread does not give the turn back')
      }
    }
    if (this.aborted) throw new Aborted('the other thread gave up')
  }

  /** A point at which the turn may change. */
  #point(): void {
    const step = this.#control[STEP] ?? 0
    if (step >= MAX_STEPS) throw new Error('too many steps')
    this.#control[STEP] = step + 1
    if (this.#stateOf(this.#other) !== RUNNABLE) return
    this.#control[SCHEDULE + MAX_STEPS + step] = 1
    if (this.#control[SCHEDULE + step] !== 1) return
    this.#pass()
    this.#awaitTurn()
  }

  #settle(): void {
    const late = this.#late
    this.#late = undefined
    if (late !== undefined) late()
  }

  #register(words: Int32Array, index: number, value: number, onNotified: () => void): boolean {
    this.#point()
    this.#settle()
    if (original.load(words, index) !== value) return false
    this.#onNotified = onNotified
    original.store(this.#control, STATE + this.#me, ASLEEP)
    return true
  }

  #patch(): void {
    // Each bell has one owner, so whoever notifies can only mean the other thread.
    const replaced = {
      load: (words: Int32Array, index: number): number => {
        this.#point()
        const value = original.load(words, index)
        return index === this.skewedWord ? value + 16 : value
      },
      store: (words: Int32Array, index: number, value: number): number => {
        this.#point()
        if (index === this.lateWord && value !== 0) {
          this.#late = () => original.store(words, index, value)
          return value
        }
        return original.store(words, index, value)
      },
      compareExchange: (words: Int32Array, index: number, from: number, to: number): number => {
        this.#point()
        return original.compareExchange(words, index, from, to)
      },
      notify: (): number => {
        this.#point()
        original.compareExchange(this.#control, STATE + this.#other, ASLEEP, RUNNABLE)
        return 1
      },
      wait: (words: Int32Array, index: number, value: number): string => {
        if (!this.#register(words, index, value, () => undefined)) return 'not-equal'
        this.park()
        return 'ok'
      },
      waitAsync: (words: Int32Array, index: number, value: number) => {
        let callback = (): void => undefined
        const sleeping = this.#register(words, index, value, () => callback())
        if (!sleeping) return { async: false, value: 'not-equal' }
        // What the doorbell needs of a promise, called when this thread has the turn again.
        const then = (onRung: () => void): void => void (callback = onRung)
        // oxlint-disable-next-line unicorn/no-thenable
        return { async: true, value: { then } }
      },
    }
    Object.assign(Atomics, replaced)
  }

  #restore(): void {
    Object.assign(Atomics, original)
  }
}
