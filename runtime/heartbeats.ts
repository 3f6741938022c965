/**
 * Finds out which slots give no sign of life any more, because user code on their thread does not return. On the main thread.
 *
 * Every slot is asked again and again, one question at a time; a thread answers between two turns. Time counts only while the main
 * thread itself looks regularly: when it was away, the answers may wait in its own queue.
 */

/** How often slots are asked, as a part of the time after which one is given up. */
const QUESTIONS_PER_TIMEOUT = 5
/** The longest pause between two questions, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000

/** What heartbeats work with. */
export interface HeartbeatOptions {
  /** A slot that has not answered for this long is given up; above 0. */
  readonly timeoutMs: number
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Told once for each slot that is given up. */
  readonly onSilent: (slot: number) => void
}

interface Pulse {
  readonly ask: () => Promise<unknown>
  asking: boolean
  /** When it was last known to live. */
  aliveMs: number
}

/** See the head of this file. Life cycle: `start`, then slots come and go, then `stop`. */
export class Heartbeats {
  readonly #options: HeartbeatOptions
  readonly #pauseMs: number
  readonly #pulses = new Map<number, Pulse>()
  #timer: NodeJS.Timeout | undefined
  #lookedMs = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#pauseMs = Math.min(options.timeoutMs / QUESTIONS_PER_TIMEOUT, LONGEST_PAUSE_MS)
  }

  /** Looks from now on. Does not keep the process alive. */
  start(): void {
    this.#lookedMs = this.#options.now()
    this.#timer ??= setInterval(() => {
      this.look()
    }, this.#pauseMs)
    this.#timer.unref()
  }

  /** Takes a slot that lives now. `ask` resolves when it answers; one that rejects counts as silence. */
  watch(slot: number, ask: () => Promise<unknown>): void {
    this.#pulses.set(slot, { ask, asking: false, aliveMs: this.#options.now() })
  }

  /** The slot is gone, or is about to be. */
  forget(slot: number): void {
    this.#pulses.delete(slot)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#pulses.clear()
  }

  /** Gives up who was silent for too long, and asks the others. Called by the timer. */
  look(): void {
    const { now, timeoutMs, onSilent } = this.#options
    const nowMs = now()
    const wasAway = nowMs - this.#lookedMs > 2 * this.#pauseMs
    this.#lookedMs = nowMs
    for (const [slot, pulse] of this.#pulses) {
      if (wasAway) pulse.aliveMs = nowMs
      if (nowMs - pulse.aliveMs >= timeoutMs) {
        this.#pulses.delete(slot)
        onSilent(slot)
      } else if (!pulse.asking) {
        this.#ask(pulse)
      }
    }
  }

  #ask(pulse: Pulse): void {
    pulse.asking = true
    pulse.ask().then(
      () => {
        pulse.asking = false
        pulse.aliveMs = this.#options.now()
      },
      () => {},
    )
  }
}
