/**
 * Waits between two turns of a comparison, until nobody works any more.
 *
 * Who has just given a result may go on: a JVM compiles and tidies up behind a job for 150 to 250 ms of processor time, V8 compiles and collects.
 * On few cores that is time which the next one does not get, and it is not the next one's.
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** When a machine is quiet. */
export interface QuietOptions {
  /** Milliseconds that all cores together may have worked within one look. Default: 10. */
  readonly busyMs?: number
  /** How long one look takes, in milliseconds. Default: 100. */
  readonly lookMs?: number
  /** After so many milliseconds it is left at that: somebody else works, who will not stop. Default: 3,000. */
  readonly atMostMs?: number
  /** Milliseconds of work of all cores since whenever. Default: what the operating system says. */
  readonly worked?: () => number
}

/** Resolves to true as soon as the machine is quiet, and to false where it has not become so. */
export async function untilQuiet({
  busyMs = 10,
  lookMs = 100,
  atMostMs = 3_000,
  worked = workedByAll,
}: QuietOptions = {}): Promise<boolean> {
  let before = worked()
  for (let waited = 0; waited < atMostMs; waited += lookMs) {
    await sleep(lookMs)
    const now = worked()
    if (now - before <= busyMs) return true
    before = now
  }
  return false
}

/** What a host takes away from a virtual machine is in none of these. */
function workedByAll(): number {
  let sum = 0
  for (const { times } of cpus()) sum += times.user + times.nice + times.sys + times.irq
  return sum
}
