/**
 * One window for all records of a key, for triggers of one's own; windows of so many records.
 */
import { evictors } from './evictors.ts'
import type { AnyEvictor } from './evictor.ts'
import { triggers } from './triggers.ts'
import type { AnyTrigger } from './trigger.ts'
import { GLOBAL_WINDOW } from './window-assigner.ts'
import type { WindowAssigner } from './window-assigner.ts'
import { MillraceError } from '../../mailbox/errors.ts'

/**
 * One window per key that never ends (Flink's GlobalWindows). Without a trigger nothing ever comes out; one that does not purge
 * keeps all records, or their accumulator, forever. Records need no timestamp. Results have the time +Infinity.
 *
 * @example
 * orders.windowAll(globalWindow()).trigger(triggers.purging(triggers.count(100))).aggregate(count())
 */
export function globalWindow(): WindowAssigner {
  return {
    name: 'global',
    time: 'event',
    needsTimestamps: false,
    endless: true,
    defaultTrigger: triggers.never(),
    assignWindows: () => [GLOBAL_WINDOW],
  }
}

/** What a window of so many records is made of. */
export interface CountWindow {
  readonly assigner: WindowAssigner
  readonly trigger: AnyTrigger
  readonly evictor: AnyEvictor | undefined
}

/**
 * Windows of `size` records per key; with a `slide`, the last `size` records every `slide` records (Flink's countWindow).
 * Errors: `INVALID_WINDOW`.
 */
export function countWindow(size: number, slide?: number): CountWindow {
  requireCount(size, 'A count window expects a size')
  if (slide === undefined) {
    return {
      assigner: { ...globalWindow(), name: `count(${size})` },
      trigger: triggers.purging(triggers.count(size)),
      evictor: undefined,
    }
  }
  requireCount(slide, 'A count window expects a slide')
  return {
    assigner: { ...globalWindow(), name: `count(${size} every ${slide})` },
    trigger: triggers.count(slide),
    evictor: evictors.count(size),
  }
}

function requireCount(value: unknown, what: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return
  throw new MillraceError('INVALID_WINDOW', `${what} of at least 1 record, got ${String(value)}`)
}
