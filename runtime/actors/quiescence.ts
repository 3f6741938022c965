/**
 * Whether a system has nothing left to do: termination detection by counting twice.
 *
 * Slots answer one after the other, so one set of counts proves nothing: a message may have been sent after its receiver
 * was asked and before its sender was. But when two sets, one after the other, agree, and as much was received as sent,
 * then nothing was on its way between them (F. Mattern, Algorithms for distributed termination detection, 1987).
 */
/** What a slot has done and has left to do. */
export interface ActorCounters {
  /** Mail put into mailboxes and other work begun (a module that is loaded, say), and how much of it is done. */
  readonly accepted: number
  readonly completed: number
  /** Messages that wait for credit. */
  readonly waiting: number
  /** Mail handed to links, and mail that came out of links. */
  readonly sent: number
  readonly received: number
  readonly actors: number
  readonly deadLetters: number
  readonly unobservedDeadLetters: number
}

/** `before` and `now` are the counts of the same slots, in the same order, `now` asked for after all of `before` had come. */
export function isQuiet(before: readonly ActorCounters[], now: readonly ActorCounters[]): boolean {
  if (now.length === 0 || before.length !== now.length) return false
  let onTheWay = 0
  for (const [index, counters] of now.entries()) {
    const earlier = before[index]
    if (earlier === undefined || !isSame(earlier, counters)) return false
    if (counters.waiting > 0 || counters.accepted !== counters.completed) return false
    onTheWay += counters.sent - counters.received
  }
  return onTheWay === 0
}

function isSame(a: ActorCounters, b: ActorCounters): boolean {
  return (
    a.accepted === b.accepted &&
    a.completed === b.completed &&
    a.sent === b.sent &&
    a.received === b.received
  )
}
