/// <reference lib="es2024.sharedmemory" />
/**
 * How one slot wakes another: one shared word per slot.
 *
 *   AWAKE --prepareToSleep (owner)--> ASLEEP --ring (any thread) or wake (owner)--> AWAKE
 *
 * The owner is the thread that sleeps on the bell; `ring` may be called by any thread, everything else
 * by the owner only. A sleep may end without cause, so the owner looks at its queues after each.
 *
 * Why no wake-up gets lost:
 *   1. A sender first publishes its mail, then looks at the word.
 *   2. The owner first writes ASLEEP, then looks for mail once more, then sleeps.
 *   3. Atomic accesses have one order for all threads. If the owner's last look missed the mail, the
 *      mail was published after it, hence after ASLEEP was written, so the sender sees ASLEEP and rings.
 *   4. The ringer changes ASLEEP to AWAKE before it notifies. If it does so before the owner waits, the
 *      wait finds another value than ASLEEP and does not begin.
 *
 * What `Atomics.waitAsync` does on Node 20: a pending one does not keep the process or a worker alive (tried). By
 * the design of V8 (not tried) it cannot be withdrawn, and its own timeout leaves a native timer behind until it fires,
 * however early the wake-up came. Therefore a bell has at most one pending wait, without a timeout. A sleep that ends by
 * itself (timer, `wakeLocally`) leaves it pending and the next sleep uses it again:
 *   1. If nobody rang meanwhile, it is still registered on the word and the next notify resolves it.
 *   2. If somebody did, its resolution is already on the way and ends the next sleep early. Harmless.
 */
import { MillraceError } from './errors.ts'

const AWAKE = 0
const ASLEEP = 1

/** Words from one bell to the next: bells of different slots must not share a cache line. */
const WORDS_PER_BELL = 32

const DONE: Promise<void> = Promise.resolve()

/** How long, and how, to sleep. All spans in milliseconds. */
export interface SleepOptions {
  /** Look at the word in a loop for this long first. Burns the core. Default: 0. */
  readonly spinMs?: number
  /**
   * Then block the thread, event loop included, for at most this long: a blocked thread wakes in 2 µs,
   * an event loop in 45 µs. Default: 0.
   */
  readonly blockMs?: number
  /** End the sleep after this long even if nobody rings. Keeps the event loop alive. Default: never. */
  readonly timeoutMs?: number
}

/**
 * Makes the words of `count` bells, all awake. Bell `n` is `new Doorbell(new Int32Array(buffer), n)`.
 *
 * @throws {MillraceError} `INVALID_ARGUMENT` when count is not an integer from 1 to 65,536
 */
export function createDoorbells(count: number): SharedArrayBuffer {
  if (!Number.isInteger(count) || count < 1 || count > 65_536) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `createDoorbells: count must be an integer from 1 to 65536, got ${count}`,
    )
  }
  return new SharedArrayBuffer(count * WORDS_PER_BELL * Int32Array.BYTES_PER_ELEMENT)
}

/**
 * One slot's bell. The owner sleeps like this:
 *
 *     bell.prepareToSleep()
 *     if (anyMail()) bell.cancelSleep()
 *     else await bell.sleep({ timeoutMs: untilNextTimerMs })
 *
 * A sleep that ends at once (rung before it began, or while it blocked) resolves without a turn of the
 * event loop; a loop that must let timers and sockets go on has to yield now and then by itself.
 */
export class Doorbell {
  readonly #words: Int32Array
  readonly #index: number
  /** Whether `prepareToSleep` was called and neither `sleep` nor `cancelSleep` since. */
  #prepared = false
  /** Whether the one `waitAsync` of this bell is pending. */
  #waiting = false
  /** Ends the current sleep; undefined while awake. */
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  readonly #onRung = (): void => {
    this.#waiting = false
    this.wakeLocally()
  }

  readonly #onTimeout = (): void => {
    this.#timer = undefined
    this.wakeLocally()
  }

  /**
   * @param words all bells, a view over the whole buffer from `createDoorbells`
   * @param index number of the bell
   * @throws {MillraceError} `INVALID_ARGUMENT` when the words are not shared or hold no such bell
   */
  constructor(words: Int32Array, index: number) {
    const shared = words instanceof Int32Array && words.buffer instanceof SharedArrayBuffer
    if (
      !shared ||
      !Number.isInteger(index) ||
      index < 0 ||
      index >= words.length / WORDS_PER_BELL
    ) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `Doorbell: expected an Int32Array over the buffer of createDoorbells and the number of a bell in it, got index ${index}`,
      )
    }
    this.#words = words
    this.#index = index * WORDS_PER_BELL
  }

  /** Wakes the owner if it sleeps. Any thread; publish the mail first. One atomic load if it is awake. */
  ring(): void {
    if (Atomics.load(this.#words, this.#index) !== ASLEEP) return
    // Of several ringers only one pays for the notify.
    if (Atomics.compareExchange(this.#words, this.#index, ASLEEP, AWAKE) !== ASLEEP) return
    // All waiters: the owner may block in Atomics.wait while its older waitAsync is still queued before it.
    Atomics.notify(this.#words, this.#index)
  }

  /** Announces the sleep. Look at all queues after this, then call `sleep` or `cancelSleep`. Owner only. */
  prepareToSleep(): void {
    this.#prepared = true
    Atomics.store(this.#words, this.#index, ASLEEP)
  }

  /** Takes `prepareToSleep` back: there is mail after all. Owner only. */
  cancelSleep(): void {
    this.#prepared = false
    Atomics.store(this.#words, this.#index, AWAKE)
  }

  /**
   * Sleeps until someone rings, `wakeLocally` is called or the time is up; returns at once when that
   * happened since `prepareToSleep`. A pending sleep without `timeoutMs` does not keep the process alive.
   * Owner only, one sleep at a time.
   *
   * @throws {MillraceError} `DOORBELL_NOT_PREPARED` without `prepareToSleep` before it
   */
  sleep(options: SleepOptions = {}): Promise<void> {
    if (!this.#prepared || this.#wake !== undefined) {
      throw new MillraceError(
        'DOORBELL_NOT_PREPARED',
        'Doorbell.sleep: expected a call of prepareToSleep, and a look at the queues, before each sleep',
      )
    }
    this.#prepared = false
    const { spinMs = 0, blockMs = 0, timeoutMs = Number.POSITIVE_INFINITY } = options
    if (spinMs > 0 && this.#spin(Math.min(spinMs, timeoutMs))) return DONE
    if (blockMs > 0 && this.#block(Math.min(blockMs, timeoutMs))) return DONE
    if (!(timeoutMs > 0)) {
      Atomics.store(this.#words, this.#index, AWAKE)
      return DONE
    }
    if (!this.#listen()) return DONE
    return new Promise((resolve) => {
      this.#wake = resolve
      if (timeoutMs !== Number.POSITIVE_INFINITY) {
        // Node turns longer spans into 1 ms; ending a sleep early is allowed.
        this.#timer = setTimeout(this.#onTimeout, Math.min(timeoutMs, 2 ** 31 - 1))
      }
    })
  }

  /** Ends the owner's sleep from the owner's own thread, without the cost of a notify. */
  wakeLocally(): void {
    const wake = this.#wake
    if (wake === undefined && !this.#prepared) return
    Atomics.store(this.#words, this.#index, AWAKE)
    if (wake === undefined) return
    this.#wake = undefined
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    wake()
  }

  /** Ends a sleep and the pending wait behind it; the bell may be used again. Owner only. */
  close(): void {
    this.cancelSleep()
    this.wakeLocally()
    Atomics.notify(this.#words, this.#index)
  }

  /** Registers for the next ring. False when it rang already. */
  #listen(): boolean {
    if (this.#waiting) return Atomics.load(this.#words, this.#index) === ASLEEP
    const result = Atomics.waitAsync(this.#words, this.#index, ASLEEP)
    if (!result.async) return false
    this.#waiting = true
    void result.value.then(this.#onRung)
    return true
  }

  /** Whether it rang while spinning. */
  #spin(spanMs: number): boolean {
    const end = performance.now() + spanMs
    do {
      for (let look = 0; look < 64; look++) {
        if (Atomics.load(this.#words, this.#index) !== ASLEEP) return true
      }
    } while (performance.now() < end)
    return false
  }

  /** Whether it rang while blocking. */
  #block(spanMs: number): boolean {
    return Atomics.wait(this.#words, this.#index, ASLEEP, spanMs) !== 'timed-out'
  }
}
