/**
 * The object behind the contexts of an interval join: one per operator, changed before each call of the user.
 */
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { OperatorContext } from '../operator.ts'
import { ContextObject } from '../process/context-objects.ts'

/** Key and times of a pair, with counters and side outputs. `timestamp` is the time of the result. */
export class IntervalJoinContextObject extends ContextObject {
  key: unknown = undefined
  leftTimestamp = MIN_TIMESTAMP
  rightTimestamp = MIN_TIMESTAMP

  constructor(context: OperatorContext) {
    super(context, { operatorState: {}, broadcast: {} })
  }
}
