/**
 * Lets promises run until nothing more follows, and waits for real I/O, so that no step of a simulation depends on how long a file takes.
 *
 * What a virtual timer or a message has to end is not waited for: only while something real is under way that was not before (a
 * request of the file system, a socket, a timer of the machine) can there be news from outside.
 */

/** Real time that is waited for what is under way outside, before the simulation goes on without it. */
const PATIENCE_MS = 1_000
/** After this many looks the event loop gets a turn of its own: for signals, and for who waits for the simulation. */
const LOOKS_PER_LOOP = 512

/** See the head of this file. */
export class OutsideWatch {
  #looks = 0
  /**
   * How much there always is, as the pipes of the process: what had been there at the begin, requests apart, because those end; or
   * what did not end while it was waited for. Never more than has been seen since.
   */
  #usual = lasting()

  /** Whether something is under way that may bring news. */
  get busy(): boolean {
    const now = underWay()
    this.#usual = Math.min(this.#usual, now)
    return now > this.#usual
  }

  /** Resolves when nothing follows any more from what has happened. `inFlight`: somebody waits for something. */
  async settled(inFlight: boolean): Promise<void> {
    await afterPromises()
    if (++this.#looks % LOOKS_PER_LOOP === 0) await nextMacrotask()
    if (inFlight && this.busy) await this.waited()
  }

  /** Waits for what is under way outside. False when nothing is. */
  async waited(): Promise<boolean> {
    if (!this.busy) return false
    const patience = { over: false, end: (): void => {} }
    // An event loop that nothing else keeps alive ends with this timer: no immediate comes behind it.
    const forget = afterRealTime(PATIENCE_MS, () => {
      patience.over = true
      patience.end()
    })
    while (this.busy && !patience.over) {
      const { promise, resolve } = nextNews()
      patience.end = resolve
      await promise
    }
    forget()
    if (patience.over && this.busy) {
      this.#usual = underWay()
      return false
    }
    await afterPromises()
    return true
  }
}

/** Requests, handles and timers of the process that keep it alive. */
function underWay(): number {
  return process.getActiveResourcesInfo().length - own
}

/** What of that may have no end: handles, and timers. */
function lasting(): number {
  let count = 0
  for (const name of process.getActiveResourcesInfo())
    if (!name.includes('Req') && name !== 'Immediate') count++
  return count
}

/** Ticks come when all promises that can go on have gone on. */
function afterPromises(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

/** Immediates and timers that simulators wait with themselves: no news from outside. */
let own = 0

/** Resolves in the next turn of the event loop; simulators don't take it for something under way outside. */
export function nextMacrotask(): Promise<void> {
  own++
  return new Promise((resolve) => {
    setImmediate(() => {
      own--
      resolve()
    })
  })
}

/**
 * Resolves when something has happened outside, or is resolved. The event loop sleeps until then: looking again and again would take the processor
 * from what is waited for.
 */
function nextNews(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
    // One without a reference runs in the next round of the loop, and does not bring it about.
    setImmediate(settle).unref()
  })
  return { promise, resolve }
}

/** Calls back after real time; simulators don't take it for something under way outside. Returns what undoes it. */
export function afterRealTime(spanMs: number, callback: () => void): () => void {
  let pending = true
  own++
  const timer = setTimeout(() => {
    pending = false
    // A timer is under way until its callback has returned, and the callback may look at what is.
    try {
      callback()
    } finally {
      own--
    }
  }, spanMs)
  return () => {
    if (pending) own--
    pending = false
    clearTimeout(timer)
  }
}
