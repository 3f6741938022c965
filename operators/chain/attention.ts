/**
 * What the operators of a chain ask for between records: a call at some time, a call soon, or no records for a while.
 *
 * Used by the slot's thread only. The owner (a subtask) reads `pending` and `held` before each step.
 */
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import type { Cancel, Clock } from '../../runtime/clock.ts'

/** The wishes of a chain's operators, by their number in the chain. */
export class Attention {
  /** True while an operator takes no record. Read per record in chains with such an operator. */
  held = false
  /** Called whenever something has become pending. Set by the owner. */
  onPending: () => void = () => {}
  readonly #clock: Clock
  readonly #times: number[] = []
  readonly #woken = new Set<number>()
  readonly #holding = new Set<number>()
  /** What the clock has been asked for; `MAX_TIMESTAMP`: nothing. */
  #scheduledMs = MAX_TIMESTAMP
  #cancel: Cancel = () => {}
  #due = false
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether an operator is to be called. */
  get pending(): boolean {
    return this.#due || this.#woken.size > 0
  }

  /** The earliest time that somebody waits for; `MAX_TIMESTAMP` for none. */
  get earliestMs(): number {
    let earliest = MAX_TIMESTAMP
    for (const time of this.#times) if (time !== undefined && time < earliest) earliest = time
    return earliest
  }

  /** The clock's time. */
  now(): number {
    return this.#clock.now()
  }

  /** An operator wants `processTime` once the clock has reached `timeMs`. */
  request(operator: number, timeMs: number): void {
    if (!(timeMs < (this.#times[operator] ?? MAX_TIMESTAMP))) return
    this.#times[operator] = timeMs
    this.#schedule(timeMs)
  }

  /** Whether the time that an operator has asked for has come; if so, it has no wish any more. `timesDone` must follow. */
  takeTime(operator: number, now: number): boolean {
    if ((this.#times[operator] ?? MAX_TIMESTAMP) > now) return false
    this.#times[operator] = MAX_TIMESTAMP
    // The clock may not have rung yet: the owner is here for another reason.
    this.#due = true
    return true
  }

  /** All that was due has been done: waits for the next time. */
  timesDone(): void {
    this.#due = false
    this.#schedule(this.earliestMs)
  }

  /** An operator wants `resume`. */
  wake(operator: number): void {
    if (this.#closed || this.#woken.has(operator)) return
    this.#woken.add(operator)
    this.onPending()
  }

  /** Whether an operator wants `resume`. */
  isWoken(operator: number): boolean {
    return this.#woken.has(operator)
  }

  /** It is going to be resumed. */
  clearWake(operator: number): void {
    this.#woken.delete(operator)
  }

  /** An operator takes no records, or takes them again. */
  hold(operator: number, held: boolean): void {
    if (held) this.#holding.add(operator)
    else if (!this.#holding.delete(operator)) return
    this.held = this.#holding.size > 0
    if (!this.held) this.onPending()
  }

  /** Nobody is called any more. */
  close(): void {
    this.#closed = true
    this.#cancel()
    this.#times.length = 0
  }

  #schedule(timeMs: number): void {
    if (this.#closed || timeMs >= this.#scheduledMs) return
    this.#cancel()
    this.#scheduledMs = timeMs
    this.#cancel = this.#clock.schedule(Math.max(0, timeMs - this.#clock.now()), () => {
      this.#scheduledMs = MAX_TIMESTAMP
      this.#cancel = () => {}
      this.#due = true
      this.onPending()
    })
  }
}
