/**
 * What the loss of a slot means for a job: names the subtasks that were on it, one of which may be the cause. On the main thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ExecutionPlan } from '../plan.ts'

/** Subtasks that a message names. */
const NAMED = 8

/** The same error, of the same code, with the subtasks in its message; one that is not of a slot as it is. */
export function lostWithSubtasks(plan: ExecutionPlan, slot: number, error: Error): Error {
  if (!(error instanceof MillraceError) || !error.code.startsWith('SLOT_')) return error
  const names = plan.tasks.flatMap(({ name, subtasks }) =>
    subtasks.filter((subtask) => subtask.slot === slot).map(({ index }) => `${name}[${index}]`),
  )
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  const which = names.length === 0 ? 'none' : names.slice(0, NAMED).join(', ') + more
  const { code, cause, retryable } = error
  return new MillraceError(code, `${error.message} (its subtasks: ${which})`, { cause, retryable })
}
