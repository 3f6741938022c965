/**
 * Says what the turn of an actor has done, from its counts before and after it. For traces only.
 */
import type { SlotActor } from '../slot.ts'
import { timeText } from './simulated-mesh.ts'

/** What can be asked of a subtask, and of whoever answers the same. */
interface Counts {
  readonly recordsIn: number
  readonly recordsOut: number
  readonly watermark: number
}

interface Counting {
  metrics(): Counts
}

/** See the head of this file. */
export class TurnTrace {
  /** Runs a turn and returns what it was. */
  around(actor: SlotActor, run: () => void): string {
    const before = countsOf(actor)
    const stateBefore = actor.state
    run()
    const after = countsOf(actor)
    const done: string[] = []
    if (before !== undefined && after !== undefined) done.push(...differences(before, after))
    if (actor.state !== stateBefore) done.push(`is ${actor.state}`)
    return `${actor.label} has a turn${done.length > 0 ? `: ${done.join(', ')}` : ''}`
  }
}

function countsOf(actor: SlotActor): Counts | undefined {
  const { metrics } = actor as Partial<Counting>
  return typeof metrics === 'function' ? (actor as unknown as Counting).metrics() : undefined
}

function* differences(before: Counts, after: Counts): Generator<string> {
  const recordsIn = after.recordsIn - before.recordsIn
  const recordsOut = after.recordsOut - before.recordsOut
  if (recordsIn > 0) yield `${recordsIn} records in`
  if (recordsOut > 0) yield `${recordsOut} out`
  if (after.watermark !== before.watermark) yield `watermark is ${timeText(after.watermark)}`
}
