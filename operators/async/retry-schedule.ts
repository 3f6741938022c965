/**
 * The records that wait for their next attempt, by time.
 *
 * A sorted list: most delays are longer than those before them, so a new one goes near the end, and there are at most as many as
 * records in flight.
 */
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import type { PendingRecord } from './pending-record.ts'

interface Retry {
  readonly atMs: number
  readonly record: PendingRecord
}

/** Records with the same time keep the order in which they came. */
export class RetrySchedule {
  readonly #retries: Retry[] = []

  /** The time of the next one; `MAX_TIMESTAMP` for none. */
  get nextMs(): number {
    return this.#retries[0]?.atMs ?? MAX_TIMESTAMP
  }

  /** The record is to be asked for again once the clock has reached `atMs`. */
  add(record: PendingRecord, atMs: number): void {
    let at = this.#retries.length
    while (at > 0 && (this.#retries[at - 1] as Retry).atMs > atMs) at--
    this.#retries.splice(at, 0, { atMs, record })
  }

  /** Removes and returns the next record whose time has come. */
  takeDue(now: number): PendingRecord | undefined {
    return this.nextMs <= now ? this.#retries.shift()?.record : undefined
  }

  /** The record waits no longer. */
  remove(record: PendingRecord): void {
    const at = this.#retries.findIndex((retry) => retry.record === record)
    if (at >= 0) this.#retries.splice(at, 1)
  }
}
