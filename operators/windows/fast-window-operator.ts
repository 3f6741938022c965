/**
 * When windows can be computed by an operator made for nothing else: aggregates of event time that fire once.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { Operator } from '../operator.ts'
import { slidingAggregate } from './sliding-aggregate.ts'
import { windowAggregate } from './window-aggregate.ts'
import type { FiredWindow } from './window-aggregate.ts'
import type { AlignedWindowAssigner, WindowAssigner } from './window-assigner.ts'
import type { WindowOperatorOptions } from './window-operator-options.ts'

/** The fast operator for these options, with the same results as the general one; undefined where there is none. */
export function fastWindowOperator(options: WindowOperatorOptions): Operator<never> | undefined {
  const { assigner, aggregate } = options
  if (aggregate === undefined || options.process !== undefined || !firesOnce(options))
    return undefined
  const common = {
    key: options.key as ((value: unknown) => unknown) | undefined,
    aggregate: aggregate as AggregateFunction<unknown, unknown, unknown>,
    lateTag: options.lateTag,
    result: options.result as ((result: unknown, window: FiredWindow) => unknown) | undefined,
  }
  if (isAligned(assigner)) return windowAggregate({ ...common, assigner })
  const { spacing, name } = assigner
  // Slices are joined in the order of time, not of arrival.
  if (spacing === undefined || spacing.slide > spacing.size) return undefined
  if (options.inArrivalOrder === true || typeof aggregate.merge !== 'function') return undefined
  return slidingAggregate({ ...common, name, ...spacing })
}

/** Without lateness the only result of a window is also the final one. */
function firesOnce(options: WindowOperatorOptions): boolean {
  const { assigner, allowedLatenessMs = 0 } = options
  if (assigner.time !== 'event' || assigner.merge !== undefined) return false
  if (options.trigger !== undefined || assigner.defaultTrigger !== undefined) return false
  if (options.evictor !== undefined || options.earlyResults !== undefined) return false
  return allowedLatenessMs === 0
}

function isAligned(assigner: WindowAssigner<never>): assigner is AlignedWindowAssigner {
  return 'windowStart' in assigner && 'windowEnd' in assigner
}
