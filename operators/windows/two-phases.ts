/**
 * When windows can be aggregated in two phases, before an exchange and behind it.
 *
 * Those that an operator for aggregates of event time computes which fire once, if their aggregate merges in any order, and nobody is
 * to see the late records themselves. The same with early results by the clock, which the general operator computes: a part of the time between two of
 * them may be spent in the first phase. The state of the second phase is that of the operator that does all by itself.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { Operator } from '../operator.ts'
import { earlyTrigger } from './closing-triggers.ts'
import type { EarlyResults } from './closing-triggers.ts'
import { fastWindowOperator, firesOnce, isAligned } from './fast-window-operator.ts'
import { localAggregate } from './local-aggregate.ts'
import type { LocalSlices } from './local-aggregate-options.ts'
import { sliceLengthOf } from './sliding-aggregate.ts'
import { windowStartWithOffset } from './window-assigner.ts'
import type { WindowAssigner, WindowSpacing } from './window-assigner.ts'
import { WindowOperator } from './window-operator.ts'
import type { WindowOperatorOptions } from './window-operator-options.ts'

/** The part of the time between two early results for which the first phase holds records. */
const HELD_PART = 0.25

/** A windowed aggregate in two phases. */
export interface TwoPhases {
  /** By which records are exchanged between the phases; undefined: all go to one subtask. */
  readonly key: ((value: never) => unknown) | undefined
  /** Makes the operator in front of the exchange. */
  readonly createLocal: () => Operator<never>
  /** Makes the one behind it, which takes records too. */
  readonly createFinal: () => Operator<never>
}

/** Both phases of what `createWindowOperator` makes of the same options; undefined: one phase must do all. */
export function twoPhases(options: WindowOperatorOptions): TwoPhases | undefined {
  const { key, aggregate, allowedLatenessMs: latenessMs = 0 } = options
  if (aggregate === undefined || options.process !== undefined) return undefined
  const early = earlyPhases(options)
  if (early === undefined && !firesOnce(options)) return undefined
  if (options.lateTag !== undefined || options.inArrivalOrder === true) return undefined
  if (typeof aggregate.merge !== 'function' || aggregate.compact === false) return undefined
  const slices = slicesOf(options.assigner)
  if (slices === undefined) return undefined
  const local = {
    slices,
    aggregate: aggregate as AggregateFunction<unknown, unknown, unknown>,
    key: key as ((value: unknown) => unknown) | undefined,
    latenessMs,
    holdMs: early?.holdMs,
  }
  return {
    key,
    createLocal: () => localAggregate(local),
    createFinal: () =>
      early === undefined
        ? (fastWindowOperator(options, true) as Operator<never>)
        : new WindowOperator(options, earlyTrigger('event', early.waits), true),
  }
}

/** How the time between early results is divided; undefined: there are none, or none by the clock, or there is no time to divide. */
function earlyPhases(
  options: WindowOperatorOptions,
): { readonly holdMs: number; readonly waits: EarlyResults } | undefined {
  const { earlyResults } = options
  if (earlyResults === undefined || !('everyMs' in earlyResults)) return undefined
  if (!firesOnce({ ...options, earlyResults: undefined })) return undefined
  const holdMs = Math.floor(earlyResults.everyMs * HELD_PART)
  if (holdMs === 0) return undefined
  // Together no longer than one phase takes.
  return { holdMs, waits: { everyMs: earlyResults.everyMs - holdMs } }
}

/** What the operator behind the exchange adds up together. */
function slicesOf(assigner: WindowAssigner<never>): LocalSlices | undefined {
  const { needsTimestamps, spacing } = assigner
  if (isAligned(assigner)) {
    return {
      needsTimestamps,
      start: (timestamp) => assigner.windowStart(timestamp),
      end: (start) => assigner.windowEnd(start),
      deadline: (start) => assigner.windowEnd(start) - 1,
    }
  }
  if (spacing === undefined || spacing.slide > spacing.size) return undefined
  return slidingSlices(spacing)
}

/** A slice is taken in by the first window that ends behind it. */
function slidingSlices({ size, slide, offset }: WindowSpacing): LocalSlices {
  const length = sliceLengthOf({ size, slide })
  return {
    needsTimestamps: true,
    start: (timestamp) => windowStartWithOffset(timestamp, offset, length),
    end: (start) => start + length,
    deadline: (start) =>
      windowStartWithOffset(start + length - 1 - size, offset, slide) + slide + size - 1,
  }
}
