/**
 * Calls the user's function, waits for its answers, asks again, and gives up on records that take too long.
 *
 *     waiting ──begin──► asking ──settled──► answered ──► done
 *                          ▲                    │          ▲
 *                          └──time── retrying ◄─┘          │
 *                          timed out, asking or retrying ──┘
 *
 * On the slot's thread. Promises are waited for through the host, and what they bring is only noted (`answered`) until the operator
 * looks at it. An answer that nobody waits for any more is dropped.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { checkIterable } from '../chain/chain-code.ts'
import { operatorError } from '../operator-error.ts'
import type { Counter, OperatorContext } from '../operator.ts'
import { processLog } from '../process/context-objects.ts'
import { Attempt } from './async-function.ts'
import type { AsyncFunction, AttemptHost } from './async-function.ts'
import type { AsyncOperatorOptions } from './async-options.ts'
import type { Outcome, PendingRecord } from './pending-record.ts'
import { RetrySchedule } from './retry-schedule.ts'

const NO_RESULTS: readonly unknown[] = []

/** The questions of one operator of one subtask. */
export class Questions {
  readonly #options: AsyncOperatorOptions
  readonly #fn: AsyncFunction<unknown, unknown>
  readonly #context: OperatorContext
  readonly #done: (record: PendingRecord) => void
  readonly #host: AttemptHost
  readonly #timeouts: Counter
  readonly #retried: Counter
  #answered: PendingRecord[] = []
  /** Records that can time out, in the order of their first attempts. */
  readonly #deadlines = new Set<PendingRecord>()
  readonly #retries = new RetrySchedule()

  /** @param done hears of every record that has its result, or has failed for good */
  constructor(
    options: AsyncOperatorOptions,
    context: OperatorContext,
    done: (record: PendingRecord) => void,
  ) {
    const { subtaskIndex, parallelism } = context
    this.#options = options
    this.#fn = options.fn as AsyncFunction<unknown, unknown>
    this.#context = context
    this.#done = done
    const counter = (name: string): Counter => context.counter(name)
    this.#host = { subtaskIndex, parallelism, log: processLog(context.logger), counter }
    this.#timeouts = counter('timeouts')
    this.#retried = counter('retries')
  }

  /** The first attempt of a record. */
  begin(record: PendingRecord): void {
    const { timeoutMs } = this.#options
    if (timeoutMs !== undefined) {
      record.deadlineMs = this.#context.clock.now() + timeoutMs
      this.#deadlines.add(record)
      this.#context.requestTime(record.deadlineMs)
    }
    this.#ask(record)
  }

  /** Looks at the answers that have come. Throws the error of a record where nobody takes bad ones. */
  takeAnswers(): void {
    if (this.#answered.length === 0) return
    const answered = this.#answered
    this.#answered = []
    for (const record of answered) {
      if (record.state === 'answered') this.#takeResult(record)
      else if (record.state === 'refused') this.#takeError(record, record.result)
    }
  }

  /** Ends what takes too long, and asks again where it is time to. Throws as above. */
  takeTime(now: number): void {
    for (const record of this.#deadlines) {
      if (record.deadlineMs > now) break
      this.#timeOut(record)
    }
    for (let due = this.#retries.takeDue(now); due !== undefined;) {
      this.#ask(due)
      due = this.#retries.takeDue(now)
    }
    const [first] = this.#deadlines
    if (first !== undefined) this.#context.requestTime(first.deadlineMs)
    if (this.#retries.nextMs < Infinity) this.#context.requestTime(this.#retries.nextMs)
  }

  /** Nobody waits for any answer any more. */
  close(records: readonly PendingRecord[]): void {
    const reason = new MillraceError(
      'ASYNC_CLOSED',
      `'${this.#context.operatorName}' has been closed: nobody waits for the answer any more`,
    )
    for (const record of records) {
      const { attempt } = record
      record.attempt = undefined
      attempt?.abort(reason)
    }
    this.#answered = []
    this.#deadlines.clear()
  }

  #ask(record: PendingRecord): void {
    const attempt = new Attempt(this.#host, record, ++record.attempts)
    record.attempt = attempt
    record.state = 'asking'
    try {
      const answer = this.#fn(record.value, attempt)
      if (isThenable(answer)) this.#wait(record, attempt, answer)
      else this.#note(record, attempt, answer, false)
    } catch (error) {
      this.#note(record, attempt, error, true)
    }
  }

  #wait(record: PendingRecord, attempt: Attempt, answer: PromiseLike<unknown>): void {
    this.#context.whenSettled(
      answer,
      (result) => {
        this.#note(record, attempt, result, false)
      },
      (error) => {
        this.#note(record, attempt, error, true)
      },
    )
  }

  #note(record: PendingRecord, attempt: Attempt, result: unknown, failed: boolean): void {
    if (record.attempt !== attempt) return
    record.attempt = undefined
    record.state = failed ? 'refused' : 'answered'
    record.result = result
    this.#answered.push(record)
    this.#context.wake()
  }

  #takeResult(record: PendingRecord): void {
    const { flat, retry } = this.#options
    if (flat || retry?.whenResult !== undefined) {
      try {
        // Once only: it may be a generator.
        if (flat) record.result = listOf(record.result)
        const mayRetry = this.#mayRetry(record) && retry?.whenResult !== undefined
        if (mayRetry && retry.whenResult(record.result as never)) {
          this.#retryLater(record)
          return
        }
      } catch (error) {
        this.#fail(record, error)
        return
      }
    }
    this.#finish(record, flat ? 'many' : 'one')
  }

  #takeError(record: PendingRecord, error: unknown): void {
    const { retry } = this.#options
    try {
      if (this.#mayRetry(record) && (retry?.when === undefined || retry.when(error))) {
        this.#retryLater(record)
        return
      }
    } catch (strategyError) {
      this.#fail(record, strategyError)
      return
    }
    this.#fail(record, error)
  }

  #mayRetry(record: PendingRecord): boolean {
    return record.attempts < (this.#options.retry?.attempts ?? 1)
  }

  #retryLater(record: PendingRecord): void {
    const random = (): number => this.#context.random()
    const delayMs = this.#options.retry?.delayMs(record.attempts, random) ?? 0
    if (!(delayMs >= 0 && delayMs < Infinity)) {
      throw new MillraceError(
        'BAD_RETRY_DELAY',
        `the delayMs of a retry strategy must return a finite number from 0, got ${String(delayMs)}`,
      )
    }
    record.state = 'retrying'
    record.result = undefined
    this.#retried.value++
    const atMs = this.#context.clock.now() + delayMs
    this.#retries.add(record, atMs)
    this.#context.requestTime(atMs)
  }

  #timeOut(record: PendingRecord): void {
    const { timeoutMs, onTimeout, flat } = this.#options
    const calls = record.attempts === 1 ? 'one attempt' : `${record.attempts} attempts`
    const error = new MillraceError('ASYNC_TIMEOUT', `no result within ${timeoutMs} ms (${calls})`)
    this.#timeouts.value++
    if (record.state === 'retrying') this.#retries.remove(record)
    const attempt = record.attempt ?? new Attempt(this.#host, record, record.attempts)
    record.attempt = undefined
    attempt.abort(error)
    if (onTimeout === undefined) {
      this.#fail(record, error)
      return
    }
    try {
      const replacement = onTimeout(record.value as never, attempt)
      const none = replacement === undefined
      record.result = none ? NO_RESULTS : flat ? listOf(replacement) : replacement
      this.#finish(record, none || flat ? 'many' : 'one')
    } catch (replacementError) {
      this.#fail(record, replacementError)
    }
  }

  /** It has failed for good. */
  #fail(record: PendingRecord, error: unknown): void {
    const { badRecords, operatorName, subtaskIndex } = this.#context
    if (badRecords === undefined) {
      const failure = { operatorName, subtaskIndex, record: { value: record.value } }
      throw operatorError(failure, error)
    }
    record.result = error
    this.#finish(record, 'bad')
  }

  #finish(record: PendingRecord, outcome: Outcome): void {
    record.state = 'done'
    record.outcome = outcome
    if (this.#options.timeoutMs !== undefined) this.#deadlines.delete(record)
    this.#done(record)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  )
}

function listOf(result: unknown): readonly unknown[] {
  return Array.isArray(result) ? result : Array.from(checkIterable(result))
}
