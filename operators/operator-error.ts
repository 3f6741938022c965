/**
 * The error of a failed operator: which one, in which subtask, on which record.
 */
import { inspect } from 'node:util'
import { MillraceError } from '../mailbox/errors.ts'

const RECORD_CHARACTERS = 200

/** Where an error happened. */
export interface OperatorFailure {
  readonly operatorName: string
  /** Undefined on the coordinator, where a source is enumerated for all subtasks. */
  readonly subtaskIndex: number | undefined
  /** The record that was being processed, if there was one; kept only as shortened text. */
  readonly record?: { readonly value: unknown }
}

/**
 * An operator has thrown. `cause` is what it threw. `code` is `OPERATOR_FAILED` for errors of user code; an error
 * that Millrace raised itself (`NO_TIMESTAMP`, `INVALID_KEY` …) keeps its code.
 */
export class OperatorError extends MillraceError {
  override readonly name = 'OperatorError'
  readonly operatorName: string
  /** Undefined on the coordinator, where a source is enumerated for all subtasks. */
  readonly subtaskIndex: number | undefined
  /** The record, shortened to some 200 characters. */
  readonly record: string | undefined
  /**
   * The line of the program that declared the operator, as `file:line:column`. Set on the coordinator; undefined where several
   * operators share the name.
   */
  readonly declaredAt: string | undefined

  constructor(failure: OperatorFailure, cause: unknown) {
    const record = failure.record && describeRecord(failure.record.value)
    const { operatorName, subtaskIndex } = failure
    const subtask = subtaskIndex === undefined ? '' : ` (subtask ${subtaskIndex})`
    const where = `Operator '${operatorName}'${subtask} failed`
    const what = record === undefined ? '' : ` on record ${record}`
    const code = cause instanceof MillraceError ? cause.code : 'OPERATOR_FAILED'
    super(code, `${where}${what}: ${describeCause(cause)}`, { cause })
    this.operatorName = operatorName
    this.subtaskIndex = subtaskIndex
    this.record = record
    this.declaredAt = undefined
  }
}

/** Wraps `cause`, unless an operator further down the chain, or on the coordinator, has already been named. */
export function operatorError(failure: OperatorFailure, cause: unknown): OperatorError {
  const named = revivedOperatorError(cause)
  return named instanceof OperatorError ? named : new OperatorError(failure, cause)
}

/**
 * An error as it was before it crossed threads: an `OperatorError` again, with code, message, stack, cause and fields, if it
 * was one; anything else as it is.
 */
export function revivedOperatorError(error: unknown): unknown {
  if (!(error instanceof MillraceError) || error instanceof OperatorError) return error
  const { operatorName, subtaskIndex, record } = error as Partial<OperatorError>
  if (error.name !== 'OperatorError' || operatorName === undefined) return error
  const { code, message, stack, retryable } = error
  const revived = new OperatorError({ operatorName, subtaskIndex }, error.cause)
  return Object.assign(revived, { code, message, stack, retryable, record })
}

/** A record as text of at most some 200 characters, whatever it is. Never throws. */
export function describeRecord(value: unknown): string {
  let text: string
  try {
    text = inspect(value, {
      depth: 2,
      maxArrayLength: 5,
      maxStringLength: 100,
      breakLength: Infinity,
    })
  } catch {
    text = `a ${typeof value} that cannot be shown`
  }
  return text.length > RECORD_CHARACTERS ? `${text.slice(0, RECORD_CHARACTERS)}…` : text
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : describeRecord(cause)
}
