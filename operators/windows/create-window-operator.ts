/**
 * Chooses the operator for a window: a fast one where the options allow it, else the general one.
 */
import type { Operator } from '../operator.ts'
import { earlyTrigger, finalTrigger } from './closing-triggers.ts'
import { fastSessionOperator, fastWindowOperator } from './fast-window-operator.ts'
import type { AnyTrigger } from './trigger.ts'
import { triggers } from './triggers.ts'
import { WindowOperator } from './window-operator.ts'
import type { WindowOperatorOptions } from './window-operator-options.ts'

/**
 * Makes the operator for one subtask. The options are taken as they are: what does not go together is the caller's to refuse.
 * Errors while it runs: as `WindowOperator`.
 */
export function createWindowOperator(options: WindowOperatorOptions): Operator<never> {
  return (
    fastWindowOperator(options) ??
    fastSessionOperator(options) ??
    new WindowOperator(options, triggerOf(options))
  )
}

/** The trigger that the options stand for. */
export function triggerOf(options: WindowOperatorOptions): AnyTrigger {
  const { assigner, trigger, earlyResults, results, allowedLatenessMs = 0 } = options
  if (trigger !== undefined) return trigger
  if (earlyResults !== undefined) return earlyTrigger(assigner.time, earlyResults)
  if (results === 'final') return finalTrigger(assigner.time, allowedLatenessMs)
  if (assigner.defaultTrigger !== undefined) return assigner.defaultTrigger
  return assigner.time === 'event' ? triggers.eventTime() : triggers.processingTime()
}
