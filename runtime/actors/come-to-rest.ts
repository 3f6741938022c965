/**
 * The first half of stopping a system: its mail is handled, then its actors stop. On the thread that started it.
 */
import type { Clock } from '../clock.ts'
import { isQuiet } from './quiescence.ts'
import type { ActorCounters } from './quiescence.ts'
import type { SlotFamily } from './slot-family.ts'

/** What is needed of the system. */
export interface RestingSystem {
  readonly clock: Clock
  /** The actors of slot 0, and those that the system itself has spawned. */
  readonly family: SlotFamily
  counters(): Promise<readonly ActorCounters[]>
  /** Says who hears that the last actor that the system itself has spawned is gone. */
  onRootsGone(listener: () => void): void
}

/** Between two looks at whether all mail has been handled. */
const LOOK_AGAIN_MS = 1

/** Waits until all mail is handled, and all that follows from it, then stops all actors; for `timeoutMs` at the longest. */
export async function comeToRest(system: RestingSystem, timeoutMs: number): Promise<void> {
  const { clock } = system
  const deadlineMs = clock.monotonicMs() + timeoutMs
  const timeLeft = (): number => deadlineMs - clock.monotonicMs()
  await withinTime(settleMail(system, timeLeft), clock, timeoutMs)
  await stopRoots(system, timeLeft)
}

/** Waits until no slot has mail left and none is on its way, as far as the time goes. */
async function settleMail(system: RestingSystem, timeLeft: () => number): Promise<void> {
  let before: readonly ActorCounters[] = []
  for (;;) {
    const now = await system.counters()
    if (isQuiet(before, now) || timeLeft() <= 0) return
    before = now
    await new Promise<void>((resolve) => {
      system.clock.schedule(LOOK_AGAIN_MS, resolve)
    })
  }
}

async function stopRoots(system: RestingSystem, timeLeft: () => number): Promise<void> {
  const { clock, family } = system
  const { roots } = family
  family.endsRoots = true
  if (roots.size === 0) return
  const gone = new Promise<void>((resolve) => {
    system.onRootsGone(resolve)
  })
  for (const [id, child] of roots) family.stopChild(id, child)
  await withinTime(gone, clock, Math.max(0, timeLeft()))
}

/** Looks again and again until the condition holds, for `timeoutMs` at the longest. */
export async function until(holds: () => boolean, clock: Clock, timeoutMs: number): Promise<void> {
  const endMs = clock.monotonicMs() + timeoutMs
  while (!holds() && clock.monotonicMs() < endMs) {
    await new Promise<void>((resolve) => {
      clock.schedule(LOOK_AGAIN_MS, resolve)
    })
  }
}

/** Waits for the promise, for `timeoutMs` at the longest: a thread that user code blocks answers nothing. */
export async function withinTime(
  promise: Promise<unknown>,
  clock: Clock,
  timeoutMs: number,
): Promise<void> {
  let cancel = (): void => {}
  const late = new Promise<void>((resolve) => {
    cancel = clock.schedule(timeoutMs, resolve)
  })
  await Promise.race([promise, late])
  cancel()
}
