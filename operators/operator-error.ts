/**
 * The error of a failed operator: which one, in which subtask, on which record.
 */
import { inspect } from 'node:util'
import { MillraceError } from '../mailbox/errors.ts'

const RECORD_CHARACTERS = 200

/** Where an error happened. */
export interface OperatorFailure {
  readonly operatorName: string
  readonly subtaskIndex: number
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
  readonly subtaskIndex: number
  /** The record, shortened to some 200 characters. */
  readonly record: string | undefined

  constructor(failure: OperatorFailure, cause: unknown) {
    const record = failure.record && describeRecord(failure.record.value)
    const where = `Operator '${failure.operatorName}' (subtask ${failure.subtaskIndex}) failed`
    const what = record === undefined ? '' : ` on record ${record}`
    const code = cause instanceof MillraceError ? cause.code : 'OPERATOR_FAILED'
    super(code, `${where}${what}: ${describeCause(cause)}`, { cause })
    this.operatorName = failure.operatorName
    this.subtaskIndex = failure.subtaskIndex
    this.record = record
  }
}

/** Wraps `cause`, unless an operator further down the chain has already been named. */
export function operatorError(failure: OperatorFailure, cause: unknown): OperatorError {
  return cause instanceof OperatorError ? cause : new OperatorError(failure, cause)
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
