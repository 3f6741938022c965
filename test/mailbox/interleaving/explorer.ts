/**
 * Searches the schedules of two threads for one under which frames or wake-ups get lost.
 */
import { Worker } from 'node:worker_threads'
import { createDoorbells } from '../../../mailbox/doorbell.ts'
import {
  createRingBuffer,
  DATA_OFFSET,
  HEAD,
  TAIL,
  WAITING_FOR_ROOM,
} from '../../../mailbox/ring.ts'
import { Aborted, Baton, BATON_WORDS } from './baton.ts'
import { prepareSender } from './parties.ts'
import type { Scenario } from './parties.ts'
import { DONE, FAILED, RUN } from './receiver-thread.ts'

/** What a search found. */
export interface Findings {
  readonly runs: number
  /** The longest run in steps. */
  readonly maxSteps: number
  /** The first schedule that went wrong, as the steps at which the turn changes, and how it went wrong. */
  readonly failure: { readonly switches: readonly number[]; readonly what: string } | undefined
}

/** One scenario, and a worker thread for its receiver. Close it at the end. */
export class Explorer {
  readonly #scenario: Scenario
  readonly #shared: { ring: SharedArrayBuffer; bells: SharedArrayBuffer }
  readonly #commands = new Int32Array(new SharedArrayBuffer(64))
  readonly #baton: Baton
  readonly #worker: Worker
  #runs = 0
  #maxSteps = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#shared = { ring: createRingBuffer(scenario.capacityBytes), bells: createDoorbells(2) }
    const control = new Int32Array(new SharedArrayBuffer(BATON_WORDS * 4))
    this.#baton = new Baton(control, 0)
    const commands = this.#commands
    this.#worker = new Worker(new URL('./receiver-thread.js', import.meta.url), {
      workerData: { ...this.#shared, control, commands },
    })
    this.#worker.postMessage(scenario)
  }

  /**
   * Tries all schedules with at most `preemptions` changes of turn beyond those that a sleeping thread
   * makes necessary, and stops at the first that goes wrong.
   */
  searchAll(preemptions: number): Findings {
    let failure: Findings['failure']
    const visit = (switches: readonly number[]): void => {
      const what = this.#run(switches)
      if (what !== undefined) failure = { switches, what }
      if (what !== undefined || switches.length === preemptions) return
      const possible: number[] = []
      for (let step = (switches.at(-1) ?? -1) + 1; step < this.#baton.steps; step++) {
        if (this.#baton.couldSwitch(step)) possible.push(step)
      }
      for (const step of possible) {
        if (failure === undefined) visit([...switches, step])
      }
    }
    visit([])
    return { runs: this.#runs, maxSteps: this.#maxSteps, failure }
  }

  /** Tries `count` random schedules with a change of turn at about one step of `every`. */
  searchRandomly(count: number, every: number, seed: number): Findings {
    let state = seed
    for (let run = 0; run < count; run++) {
      const switches: number[] = []
      for (let step = 0; step < 1000; step++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
        if ((state >>> 8) % every === 0) switches.push(step)
      }
      const what = this.#run(switches)
      if (what === undefined) continue
      return { runs: this.#runs, maxSteps: this.#maxSteps, failure: { switches, what } }
    }
    return { runs: this.#runs, maxSteps: this.#maxSteps, failure: undefined }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  /** One run; says what went wrong. */
  #run(switches: readonly number[]): string | undefined {
    const words = new Int32Array(this.#shared.ring)
    words[TAIL] = 0
    words[HEAD] = 0
    words[WAITING_FOR_ROOM] = 0
    words.fill(-1, DATA_OFFSET / 4)
    new Int32Array(this.#shared.bells).fill(0)
    this.#baton.reset(switches)
    const send = prepareSender(this.#shared, this.#scenario, this.#baton)
    Atomics.store(this.#commands, RUN, this.#runs + 1)
    Atomics.notify(this.#commands, RUN)
    let what: string | undefined
    try {
      this.#baton.run(send)
    } catch (error) {
      if (!(error instanceof Aborted)) what = String(error)
    }
    this.#awaitReceiver()
    this.#runs += 1
    this.#maxSteps = Math.max(this.#maxSteps, this.#baton.steps)
    if (what !== undefined) return `sender: ${what}`
    if (Atomics.load(this.#commands, FAILED) !== 0)
      return 'receiver: a frame is lost, torn or not in order'
    return this.#baton.aborted ? 'a wake-up got lost: a thread sleeps for ever' : undefined
  }

  #awaitReceiver(): void {
    while (Atomics.load(this.#commands, DONE) !== this.#runs + 1) {
      if (Atomics.wait(this.#commands, DONE, this.#runs, 15_000) === 'timed-out') {
        throw new Error('the receiving thread hangs')
      }
    }
  }
}
