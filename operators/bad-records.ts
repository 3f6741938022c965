/**
 * What happens to a record that an operator or a source can't process.
 *
 * A policy stands between the user's function and the job: `fail` lets the error end the job, the others count the record and go
 * on with the next one. On the slot's thread; never called for records that are all right.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { OperatorError } from './operator-error.ts'
import type { Counter, Output } from './operator.ts'

/** `fail`: the error ends the job. `skip`: the record is dropped and counted. `deadLetter`: it is counted and leaves as a `DeadLetter`. */
export type ErrorPolicy = 'fail' | 'skip' | 'deadLetter'

/** All policies. */
export const ERROR_POLICIES: readonly ErrorPolicy[] = ['fail', 'skip', 'deadLetter']

/** The tag of the side output that carries dead letters. */
export const DEAD_LETTERS = 'millrace.deadLetters'

/** A record that could not be processed, and why. Plain data. */
export interface DeadLetter<T = unknown> {
  /** The record as it came; from a source what it could make of it, e.g. the line of text. */
  readonly record: T
  /** Event time in ms, `-Infinity` for none. */
  readonly timestamp: number
  readonly error: {
    readonly name: string
    readonly message: string
    /** The error's `code`, where it has one. */
    readonly code: string | undefined
  }
  readonly operatorName: string
  readonly subtaskIndex: number
  /** Where the record stood, as the source tells it, e.g. `orders.jsonl, line 17`. */
  readonly place: string | undefined
}

/** Takes the record that failed. Throws where it is none of its business: an error of an operator behind this one. */
export type BadRecordHandler = (
  record: unknown,
  timestamp: number,
  error: unknown,
  place?: string,
) => void

/** What could not be made a record of, or processed. */
export interface BadRecord {
  readonly record: unknown
  readonly error: unknown
  /** Where it stood, where that is known. */
  readonly place: string | undefined
}

/** Who an operator is, and where its bad records go. */
export interface BadRecordOptions {
  readonly policy: Exclude<ErrorPolicy, 'fail'>
  readonly operatorName: string
  readonly subtaskIndex: number
  readonly skipped: Counter
  /** Needed with `deadLetter`. */
  readonly deadLetters: Output | undefined
}

/** Makes the handler of one operator of one subtask. */
export function badRecordHandler(options: BadRecordOptions): BadRecordHandler {
  const { policy, operatorName, subtaskIndex, skipped, deadLetters } = options
  if (policy === 'deadLetter' && deadLetters === undefined) {
    throw new MillraceError(
      'DEAD_LETTERS_UNREAD',
      `Nobody reads the dead letters of '${operatorName}'`,
    )
  }
  return (record, timestamp, error, place) => {
    // An operator behind this one has failed: that is decided there, and was.
    if (error instanceof OperatorError) throw error
    skipped.value++
    const letter: DeadLetter = {
      record,
      timestamp,
      error: describeError(error),
      operatorName,
      subtaskIndex,
      place,
    }
    deadLetters?.emit(letter, timestamp)
  }
}

function describeError(error: unknown): DeadLetter['error'] {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined }
  const { code } = error as { readonly code?: unknown }
  return {
    name: error.name,
    message: error.message,
    code: typeof code === 'string' ? code : undefined,
  }
}
