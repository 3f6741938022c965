/**
 * What an interval join is made of: bounds, kind, and the function for pairs.
 */
import type { ProcessContext } from '../process/contexts.ts'
import type { IntervalJoinContextObject } from './interval-join-context.ts'

/** Which records leave without a partner: none, those of one side, or those of both. */
export type IntervalJoinKind = 'inner' | 'left' | 'right' | 'full'

/** How far a right record may be from a left one, in ms, both ends included: `left + lower <= right <= left + upper`. */
export interface IntervalBounds {
  readonly lower: number
  readonly upper: number
}

/** What the operator is made of. */
export interface IntervalJoinParts {
  readonly kind: IntervalJoinKind
  readonly bounds: IntervalBounds
  readonly leftKey: (value: never) => unknown
  readonly rightKey: (value: never) => unknown
  /** Names of the side outputs for late records; undefined: they are dropped. */
  readonly lateLeft?: string | undefined
  readonly lateRight?: string | undefined
  /** Calls the user for a pair, or for a record of an outer join that has no partner. */
  readonly join: JoinPair
}

/** Calls the user. `context` says key and times; what is emitted leaves at `context.timestamp`. */
export type JoinPair = (
  left: unknown,
  right: unknown,
  context: IntervalJoinContextObject,
  emit: (value: unknown) => void,
) => void

/** What the user's function can know of a pair. One object for all pairs of an operator: read it in the call, don't keep it. */
export interface IntervalJoinInfo<K> {
  readonly key: K
  /** Event time of the left record in ms; `-Infinity` where there is none (outer joins). */
  readonly leftTimestamp: number
  /** The same of the right record. */
  readonly rightTimestamp: number
}

/**
 * What `processJoin` is given besides the pair (Flink's ProcessJoinFunction.Context). `timestamp` is the later one of the two: that of
 * the result.
 */
export interface IntervalJoinContext<K>
  extends IntervalJoinInfo<K>, Omit<ProcessContext, 'operatorState'> {}
