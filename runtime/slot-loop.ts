/**
 * The loop that drives a slot on a thread: turn, let the event loop have a look, sleep on the doorbell.
 */
import type { Doorbell } from '../mailbox/doorbell.ts'
import type { Slot } from './slot.ts'

/** How a loop sleeps and when it ends. */
export interface SlotLoopOptions {
  /**
   * How long the thread may wait blocked, in milliseconds, before it waits asynchronously. A blocked thread wakes
   * in 2 µs, an asynchronous wait in 45 µs, but timers and sockets have to wait meanwhile. Default: 0.
   */
  readonly blockMs?: number
  /** Asked after every turn: the loop ends when it says true. */
  readonly stopped: () => boolean
}

/** Drives the slot until `stopped` says true. Rejects only when the slot itself is broken. */
export async function runSlotLoop(
  slot: Slot,
  bell: Doorbell,
  options: SlotLoopOptions,
): Promise<void> {
  const sleepOptions = { blockMs: options.blockMs ?? 0 }
  while (!options.stopped()) {
    const more = slot.turn()
    // Promises, timers and sockets of user code go on here.
    await nextMacrotask()
    if (more || slot.hasWork || options.stopped()) continue
    bell.prepareToSleep()
    // What came after the checks above and before "about to sleep" rang no bell. Look again: first for room in links that are
    // full (the rest of a large frame would wait for ever), then for frames.
    slot.pushOut()
    if (slot.hasWork || options.stopped()) {
      bell.cancelSleep()
      continue
    }
    await bell.sleep(sleepOptions)
  }
}

function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
