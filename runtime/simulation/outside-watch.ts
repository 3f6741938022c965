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
  /** How much was under way at the begin, or did not end while it was waited for. */
  #usual = underWay()

  /** Resolves when nothing follows any more from what has happened. `inFlight`: somebody waits for something. */
  async settled(inFlight: boolean): Promise<void> {
    await afterPromises()
    if (++this.#looks % LOOKS_PER_LOOP === 0) await nextMacrotask()
    if (inFlight && underWay() > this.#usual) await this.waited()
  }

  /** Waits for what is under way outside. False when nothing is. */
  async waited(): Promise<boolean> {
    if (underWay() <= this.#usual) return false
    const deadline = performance.now() + PATIENCE_MS
    while (underWay() > this.#usual) {
      if (performance.now() >= deadline) {
        this.#usual = underWay()
        return false
      }
      await nextMacrotask()
    }
    await afterPromises()
    return true
  }
}

/** Requests, handles and timers of the process that keep it alive. */
function underWay(): number {
  return process.getActiveResourcesInfo().length
}

/** Ticks come when all promises that can go on have gone on. */
function afterPromises(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
