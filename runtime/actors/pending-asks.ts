/**
 * The asks of one slot that wait for an answer, and their timeouts.
 *
 * Used by the slot's thread only. Most asks share one timeout, so there is one timer per length of timeout, set to the oldest
 * ask that waits; an answered ask costs no timer of its own.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { Fifo } from '../../mailbox/fifo.ts'
import type { Cancel, Clock } from '../clock.ts'

interface PendingAsk {
  readonly correlation: number
  /** The slot that has to answer. */
  readonly slot: number
  readonly deadlineMs: number
  readonly timeoutMs: number
  /** Named in the error. */
  readonly what: unknown
  /** Undefined: settled. */
  settle: { resolve: (value: unknown) => void; reject: (error: unknown) => void } | undefined
}

class TimeoutQueue {
  readonly asks = new Fifo<PendingAsk>()
  cancel: Cancel | undefined
}

/** Asks by their correlation. */
export class PendingAsks {
  readonly #clock: Clock
  readonly #asks = new Map<number, PendingAsk>()
  readonly #queues = new Map<number, TimeoutQueue>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Number of asks that wait. */
  get size(): number {
    return this.#asks.size
  }

  /** Whether the ask still waits. */
  has(correlation: number): boolean {
    return this.#asks.has(correlation)
  }

  /** Waits for an answer. Rejects with `ASK_TIMEOUT` after `timeoutMs` (Infinity: never). `what` is named in the error. */
  add(correlation: number, slot: number, timeoutMs: number, what: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#clock.monotonicMs() + timeoutMs
      const settle = { resolve, reject }
      const ask: PendingAsk = { correlation, slot, deadlineMs, timeoutMs, what, settle }
      this.#asks.set(correlation, ask)
      if (timeoutMs !== Number.POSITIVE_INFINITY) this.#enqueue(ask)
    })
  }

  /** The answer has come. A late one is dropped. */
  resolve(correlation: number, value: unknown): void {
    this.#remove(correlation)?.resolve(value)
  }

  /** An error has come instead of the answer. */
  reject(correlation: number, error: unknown): void {
    this.#remove(correlation)?.reject(error)
  }

  /** Rejects all asks that `slot` has to answer. */
  rejectSlot(slot: number, error: unknown): void {
    for (const ask of this.#asks.values()) {
      if (ask.slot === slot) this.reject(ask.correlation, error)
    }
  }

  /** Rejects all and cancels the timers. */
  rejectAll(error: unknown): void {
    for (const correlation of this.#asks.keys()) this.reject(correlation, error)
    for (const queue of this.#queues.values()) queue.cancel?.()
    this.#queues.clear()
  }

  #remove(correlation: number): PendingAsk['settle'] {
    const ask = this.#asks.get(correlation)
    if (ask === undefined) return undefined
    this.#asks.delete(correlation)
    const { settle } = ask
    ask.settle = undefined
    const queue = this.#queues.get(ask.timeoutMs)
    if (queue !== undefined) this.#dropSettled(queue)
    return settle
  }

  #enqueue(ask: PendingAsk): void {
    let queue = this.#queues.get(ask.timeoutMs)
    if (queue === undefined) {
      queue = new TimeoutQueue()
      this.#queues.set(ask.timeoutMs, queue)
    }
    queue.asks.push(ask)
    if (queue.cancel === undefined) this.#arm(queue, ask.timeoutMs, ask.timeoutMs)
  }

  #arm(queue: TimeoutQueue, timeoutMs: number, delayMs: number): void {
    queue.cancel = this.#clock.schedule(delayMs, () => {
      this.#expire(queue, timeoutMs)
    })
  }

  /** The timer has fired: the oldest ask that waits may be due, or the timer is one of an ask answered long ago. */
  #expire(queue: TimeoutQueue, timeoutMs: number): void {
    queue.cancel = undefined
    const nowMs = this.#clock.monotonicMs()
    for (let ask = queue.asks.peek(); ask !== undefined; ask = queue.asks.peek()) {
      if (ask.settle !== undefined && ask.deadlineMs > nowMs) {
        this.#arm(queue, timeoutMs, ask.deadlineMs - nowMs)
        return
      }
      queue.asks.shift()
      if (ask.settle !== undefined) this.reject(ask.correlation, timedOut(ask))
    }
    this.#queues.delete(timeoutMs)
  }

  #dropSettled(queue: TimeoutQueue): void {
    for (let ask = queue.asks.peek(); ask !== undefined; ask = queue.asks.peek()) {
      if (ask.settle !== undefined) return
      queue.asks.shift()
    }
  }
}

function timedOut(ask: PendingAsk): MillraceError {
  return new MillraceError(
    'ASK_TIMEOUT',
    `Expected ${String(ask.what)} to answer within ${ask.timeoutMs} ms, got nothing`,
    { retryable: true },
  )
}
