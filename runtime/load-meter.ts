/**
 * How an actor spends its time, measured at the edges of its turns and never per record.
 *
 * Written by the slot that runs the actor, read by the same thread when metrics are asked for.
 */

/** What an actor was left in by its last turn. `more`: it can go on at once; `blocked`: its output has no room. */
export type Progress = 'idle' | 'more' | 'blocked'

/** Milliseconds spent in each state since the meter was made. */
export interface Load {
  readonly busyMs: number
  readonly idleMs: number
  readonly backpressuredMs: number
}

/** Adds up the spans between the edges of turns. */
export class LoadMeter {
  #busyMs = 0
  #idleMs = 0
  #backpressuredMs = 0
  #state: Progress = 'idle'
  #since: number

  constructor(nowMs: number) {
    this.#since = nowMs
  }

  /** Starts anew: what was before does not count. */
  restart(nowMs: number): void {
    this.#busyMs = 0
    this.#idleMs = 0
    this.#backpressuredMs = 0
    this.#since = nowMs
  }

  /** A turn begins: the time until now belongs to the state that the last turn left. */
  turnBegins(nowMs: number): void {
    this.#settle(nowMs)
  }

  /** A turn ends: the time since its begin was busy. */
  turnEnds(nowMs: number, progress: Progress): void {
    this.#busyMs += nowMs - this.#since
    this.#since = nowMs
    this.#state = progress
  }

  /** The totals up to now. */
  read(nowMs: number): Load {
    this.#settle(nowMs)
    return {
      busyMs: this.#busyMs,
      idleMs: this.#idleMs,
      backpressuredMs: this.#backpressuredMs,
    }
  }

  #settle(nowMs: number): void {
    const spanMs = nowMs - this.#since
    this.#since = nowMs
    switch (this.#state) {
      case 'idle':
        this.#idleMs += spanMs
        return
      case 'blocked':
        this.#backpressuredMs += spanMs
        return
      case 'more':
        // Ready but not running: the slot was busy with other actors. Counted as busy, since the actor had work.
        this.#busyMs += spanMs
    }
  }
}
