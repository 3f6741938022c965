/**
 * Credits: how many items a channel may still put into its receiver's mailbox.
 *
 *   CreditWindow (sender) --item--> mailbox (receiver) --taken--> CreditReturn --credit frame--> CreditWindow
 *
 * available + in flight + in the mailbox + taken and not yet returned = the window, always. So the
 * mailbox cannot overflow, and no link can be blocked by one slow receiver. Each object belongs to one
 * thread.
 */
import { MillraceError } from './errors.ts'
import { Fifo } from './fifo.ts'

interface Taker {
  readonly count: number
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** Settings of a `CreditWindow`. */
export interface CreditWindowOptions {
  /**
   * Called after a grant that left credits over when all waiting takers had theirs: what wanted to send
   * may try again. Runs inside `grant`; it should only mark work as ready.
   */
  readonly onGrant?: () => void
}

/** The sending side of one channel's credits. */
export class CreditWindow {
  #available: number
  #takers: Fifo<Taker> | undefined
  #failure: unknown
  readonly #onGrant: (() => void) | undefined

  /**
   * @param initial the window: items that the receiver has reserved room for; an integer of at least 0
   * @throws {MillraceError} `INVALID_ARGUMENT`
   */
  constructor(initial: number, options: CreditWindowOptions = {}) {
    checkCount('CreditWindow: initial', initial, 0)
    this.#available = initial
    this.#onGrant = options.onGrant
  }

  /** Credits that can be taken now. */
  get available(): number {
    return this.#available
  }

  /** Number of `take` calls that wait. */
  get waiting(): number {
    return this.#takers === undefined ? 0 : this.#takers.size
  }

  /**
   * Takes `count` credits if they are there. False, and nothing taken, when there are fewer or when an
   * earlier `take` still waits: it goes first.
   */
  tryTake(count = 1): boolean {
    if (this.#available < count || this.waiting > 0) return false
    this.#available -= count
    return true
  }

  /**
   * Takes `count` credits, waiting for them if need be; first come, first served. When the promise
   * resolves the credits are taken: send.
   *
   * More than half of the window may wait for ever, because the receiver returns credits half a window
   * at a time.
   *
   * Rejects with the reason of `fail`. Throws `INVALID_ARGUMENT` when count is not a positive integer.
   */
  take(count = 1): Promise<void> {
    checkCount('CreditWindow.take: count', count, 1)
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.tryTake(count)) return Promise.resolve()
    this.#takers ??= new Fifo()
    const takers = this.#takers
    return new Promise((resolve, reject) => {
      takers.push({ count, resolve, reject })
    })
  }

  /**
   * Adds `count` credits that came back, and serves the waiting takers in their order.
   *
   * @throws {MillraceError} `INVALID_ARGUMENT` when count is not a positive integer
   */
  grant(count: number): void {
    checkCount('CreditWindow.grant: count', count, 1)
    // A credit that was under way when the receiver died promises nothing any more.
    if (this.#failure !== undefined) return
    this.#available += count
    if (this.#takers !== undefined) this.#serve(this.#takers)
    if (this.#onGrant !== undefined && this.#available > 0 && this.waiting === 0) this.#onGrant()
  }

  /** The receiver is gone: all waiting takers, and all later ones, are rejected with `reason` (an error). */
  fail(reason: Error): void {
    this.#failure = reason
    this.#available = 0
    const takers = this.#takers
    for (let taker = takers?.shift(); taker !== undefined; taker = takers?.shift()) {
      taker.reject(reason)
    }
  }

  #serve(takers: Fifo<Taker>): void {
    for (let taker = takers.peek(); taker !== undefined; taker = takers.peek()) {
      if (taker.count > this.#available) return
      this.#available -= taker.count
      takers.shift()
      taker.resolve()
    }
  }
}

/**
 * The receiving side of one channel's credits: counts what was taken out of the mailbox and says when
 * it is time to tell the sender, so that many items give one small credit frame.
 *
 * Half of the window is the time: the sender has the other half to go on with meanwhile, and what is
 * held back can never stop it for good, because it stops only when the whole window is used up.
 */
export class CreditReturn {
  readonly #threshold: number
  #held = 0

  /**
   * @param window the channel's window in items, a positive integer
   * @throws {MillraceError} `INVALID_ARGUMENT`
   */
  constructor(window: number) {
    checkCount('CreditReturn: window', window, 1)
    this.#threshold = Math.max(1, window >> 1)
  }

  /** Credits that are counted and not yet returned. */
  get held(): number {
    return this.#held
  }

  /** Counts `count` items that were taken. Returns the credits to grant now: 0 as long as it is not time. */
  consumed(count = 1): number {
    this.#held += count
    return this.#held < this.#threshold ? 0 : this.drain()
  }

  /** Returns all held credits at once, to send along with something else. */
  drain(): number {
    const held = this.#held
    this.#held = 0
    return held
  }
}

function checkCount(what: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least) return
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `${what} must be an integer of at least ${least}, got ${count}`,
  )
}
