/**
 * When windows can be computed by an operator made for nothing else: aggregates of event time that fire once.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { Operator } from '../operator.ts'
import { packedWindowAggregate } from './packed-window-aggregate.ts'
import { sessionAggregate } from './session-aggregate.ts'
import { slidingAggregate } from './sliding-aggregate.ts'
import { windowAggregate } from './window-aggregate.ts'
import type { FiredWindow } from './window-aggregate.ts'
import type { AlignedWindowAssigner, WindowAssigner } from './window-assigner.ts'
import type { WindowOperatorOptions } from './window-operator-options.ts'

/**
 * The fast operator for these options, with the same results as the general one; undefined where there is none. It takes partial results among the
 * records, if it is to.
 */
export function fastWindowOperator(
  options: WindowOperatorOptions,
  takesPartialResults = false,
): Operator<never> | undefined {
  const { assigner, aggregate } = options
  if (aggregate === undefined || options.process !== undefined || !firesOnce(options))
    return undefined
  const common = {
    key: options.key as ((value: unknown) => unknown) | undefined,
    aggregate: aggregate as AggregateFunction<unknown, unknown, unknown>,
    lateTag: options.lateTag,
    takesPartialResults,
    result: options.result as ((result: unknown, window: FiredWindow) => unknown) | undefined,
  }
  const { allowedLatenessMs: latenessMs = 0 } = options
  if (isAligned(assigner)) {
    const aligned = { ...common, assigner }
    const packed = takesPartialResults ? packedWindowAggregate(aligned) : undefined
    return delayed(packed ?? windowAggregate(aligned), latenessMs)
  }
  const { spacing, name } = assigner
  // Slices are joined in the order of time, not of arrival.
  if (spacing === undefined || spacing.slide > spacing.size) return undefined
  if (options.inArrivalOrder === true || typeof aggregate.merge !== 'function') return undefined
  return delayed(slidingAggregate({ ...common, name, ...spacing }), latenessMs)
}

/** The fast operator for sessions with these options, with the same results and snapshots as the general one; undefined where there is none. */
export function fastSessionOperator(options: WindowOperatorOptions): Operator<never> | undefined {
  const { assigner, aggregate, allowedLatenessMs = 0 } = options
  if (aggregate === undefined || options.process !== undefined) return undefined
  if (assigner.sessionGap === undefined || assigner.merge !== 'overlapping') return undefined
  if (allowedLatenessMs > 0 || !hasDefaultFirings(options)) return undefined
  return sessionAggregate({
    name: assigner.name,
    gap: assigner.sessionGap,
    key: options.key,
    aggregate,
    lateTag: options.lateTag,
    result: options.result as ((result: unknown, window: FiredWindow) => unknown) | undefined,
  })
}

/** The final result of windows that stay for `latenessMs` is that of windows that see the watermark so much later. */
function delayed(operator: Operator<never>, latenessMs: number): Operator<never> {
  if (latenessMs === 0) return operator
  return {
    ...operator,
    processWatermark: (watermark) => operator.processWatermark(watermark - latenessMs),
  }
}

/** Without lateness the only result of a window is also the final one; with it, only the final one may leave. */
export function firesOnce(options: WindowOperatorOptions): boolean {
  const { assigner, allowedLatenessMs = 0 } = options
  if (assigner.merge !== undefined || !hasDefaultFirings(options)) return false
  return allowedLatenessMs === 0 || options.results === 'final'
}

/** Whether windows of event time fire by no rule of the user's. */
function hasDefaultFirings({
  assigner,
  trigger,
  evictor,
  earlyResults,
}: WindowOperatorOptions): boolean {
  if (assigner.time !== 'event' || assigner.defaultTrigger !== undefined) return false
  return trigger === undefined && evictor === undefined && earlyResults === undefined
}

/** Whether every record belongs to one window, known from its timestamp. */
export function isAligned(assigner: WindowAssigner<never>): assigner is AlignedWindowAssigner {
  return 'windowStart' in assigner && 'windowEnd' in assigner
}
