/**
 * The part of an actor's mailbox that belongs to one sending slot: a queue, and how many credits it owes that slot.
 *
 * Used by the actor's thread only. Exists from the first message until it is empty and owes nothing, and holds an array
 * only while mail waits: a hundred thousand idle actors hold none.
 */
import { Fifo } from '../../mailbox/fifo.ts'

/** Mail that is more than a tell. Wrapped, so that a tell needs nothing but its place in the queue. */
export class Envelope {
  readonly kind: 'ask' | 'timer' | 'call'
  /** `ask`: the message. `timer`: the message. `call`: a function without arguments. */
  readonly value: unknown
  /** `ask`: what the asker waits for. Set to 0 when nobody waits any more. */
  correlation: number
  /** `ask`: the slot of the asker. */
  readonly from: number
  /** `timer`: whether it still waits in the queue. */
  queued = true

  constructor(kind: Envelope['kind'], value: unknown, correlation: number, from: number) {
    this.kind = kind
    this.value = value
    this.correlation = correlation
    this.from = from
  }

  /** Whether a credit was spent on it. */
  get credited(): boolean {
    return this.kind === 'ask'
  }
}

const POOLED_QUEUES = 256

/** Queues that are not in use; most actors need one for the time of one message only. */
export class QueuePool {
  readonly #queues: Fifo<unknown>[] = []

  take(): Fifo<unknown> {
    return this.#queues.pop() ?? new Fifo<unknown>()
  }

  /** Gives an empty queue back. */
  release(queue: Fifo<unknown>): void {
    if (this.#queues.length < POOLED_QUEUES) this.#queues.push(queue)
  }
}

/** Mail from one slot to one actor. */
export class Inbox {
  /** The sending slot. */
  readonly from: number
  /** Messages taken whose credits were not given back yet; below 0: so many more come for which none are owed. */
  owed = 0
  #queue: Fifo<unknown> | undefined

  constructor(from: number) {
    this.from = from
  }

  /** Number of messages that wait. */
  get size(): number {
    return this.#queue === undefined ? 0 : this.#queue.size
  }

  /** Whether it can be forgotten. */
  get disposable(): boolean {
    return this.#queue === undefined && this.owed === 0
  }

  /** All that waits, oldest first: a copy. */
  get items(): readonly unknown[] {
    return this.#queue?.toArray() ?? []
  }

  /** Whether it holds an ask or a call, or leaves the sending slot no credit. */
  isAwaited(capacity: number): boolean {
    if (this.from >= 0 && this.size + this.owed >= capacity) return true
    return this.items.some((item) => item instanceof Envelope && item.kind !== 'timer')
  }

  push(item: unknown, pool: QueuePool): void {
    this.#queue ??= pool.take()
    this.#queue.push(item)
  }

  /** The oldest item. Call only while `size` is above 0. */
  take(): unknown {
    return this.#queue?.shift()
  }

  /** Gives the queue back if it is empty. */
  trim(pool: QueuePool): void {
    const queue = this.#queue
    if (queue === undefined || queue.size > 0) return
    this.#queue = undefined
    pool.release(queue)
  }

  /** Asks from a thread that has died need no answer, and no credits are owed for what it sent. */
  disown(): void {
    const queue = this.#queue
    const count = this.size
    this.owed = 0
    for (let i = 0; i < count && queue !== undefined; i++) {
      const item = queue.shift()
      if (item instanceof Envelope) item.correlation = 0
      if (!(item instanceof Envelope) || item.credited) this.owed--
      queue.push(item)
    }
  }
}
