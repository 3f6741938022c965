/**
 * Decides whether a job that has failed gets another attempt, and waits for it. On the main thread.
 */
import { CheckpointError } from '../../checkpoint/coordinator/checkpoint-failure.ts'
import type { RestartDecisions } from '../../checkpoint/recovery/restart-strategy.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { OperatorError } from '../../operators/operator-error.ts'
import type { Cancel, Clock } from '../../runtime/clock.ts'
import type { Slot } from '../../runtime/slot.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import type { ResolvedOptions } from './run-options.ts'

/** The same failure after more time than this, the wait for the attempt included, is a new one. */
const SAME_WITHIN_MS = 300_000

/** What a restarter needs to know of a run. */
export type RestarterOptions = Pick<ResolvedOptions, 'restart' | 'onRestart'>

/** The failures of one run of a job. */
export class Restarter {
  readonly #options: RestarterOptions
  readonly #clock: Clock
  readonly #decisions: RestartDecisions | undefined
  #restarts = 0
  /** The error after which it does not start again. */
  #final: { readonly error: unknown } | undefined
  /** The last failure, when it came, and how often it has come in a row. */
  #lastText = ''
  #lastMs = 0
  #inRow = 0

  constructor(options: RestarterOptions, { clock, random }: Slot) {
    this.#options = options
    this.#clock = clock
    this.#decisions = options.restart?.start({ now: () => clock.monotonicMs(), random })
  }

  /** How often the job was started again. */
  get restarts(): number {
    return this.#restarts
  }

  /**
   * The job, or the part of it with these tasks, has failed with this error. Returns the milliseconds until it may start again; throws the
   * error if it may not, and again whenever it is given.
   */
  failed(error: unknown, tasks?: readonly string[]): number {
    const decisions = this.#decisions
    if (decisions === undefined || this.#final?.error === error) throw error
    decisions.failed()
    const hopeless = this.#isHopeless(error)
    if (hopeless || !decisions.canRestart) {
      this.#final = { error }
      throw this.#last(error, hopeless)
    }
    this.#restarts++
    const delayMs = decisions.backoffMs()
    this.#options.onRestart({ error, restarts: this.#restarts, delayMs, tasks })
    return delayMs
  }

  /** The error that ends the job, which says how often it was tried. */
  #last(error: unknown, hopeless: boolean): unknown {
    if (!(error instanceof MillraceError) || this.#restarts === 0) return error
    const often = this.#restarts === 1 ? 'once' : `${this.#restarts} times`
    const same = hopeless ? `, and the same has failed ${this.#inRow} times in a row` : ''
    error.message += ` (the job was started again ${often}${same})`
    return error
  }

  /** A record that always fails would be read again for ever. */
  #isHopeless(error: unknown): boolean {
    const same = described(error)
    const nowMs = this.#clock.monotonicMs()
    const isSame = same === this.#lastText && nowMs - this.#lastMs < SAME_WITHIN_MS
    this.#inRow = isSame ? this.#inRow + 1 : 1
    this.#lastText = same
    this.#lastMs = nowMs
    return this.#inRow >= (this.#options.restart?.sameFailures ?? Infinity)
  }
}

/**
 * What two failures have in common that are the same: not the subtask, the number of a checkpoint or the name of a file, which another attempt
 * may choose otherwise.
 */
function described(error: unknown): string {
  const { cause } = (error ?? {}) as { readonly cause?: unknown }
  if (error instanceof OperatorError)
    return `${error.operatorName} ${error.record ?? ''} ${described(cause)}`
  const isOfCheckpoint = error instanceof CheckpointError
  if (cause !== undefined && (isOfCheckpoint || isOfCheckpoints(error)))
    return `${isOfCheckpoint ? error.reason : error.code} ${described(cause)}`
  const refused = refusedBySystem(error)
  if (refused !== undefined) return refused
  return isOfCheckpoint ? error.message.replace(/^checkpoint \d+/, '') : String(error)
}

function isOfCheckpoints(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.code === 'TOO_MANY_FAILED_CHECKPOINTS'
}

/** With what the operating system has refused a call, e.g. `write ENOSPC`; undefined: it was something else. */
function refusedBySystem(error: unknown): string | undefined {
  for (let next = error; next instanceof Error; next = next.cause) {
    const { code, syscall } = next as NodeJS.ErrnoException
    if (code !== undefined && syscall !== undefined) return `${syscall} ${code}`
  }
  return undefined
}

/**
 * Waits by the clock of a slot; not beyond the moment when `given` settles. Between two attempts there may be no slot: only a
 * simulator, which has clocks of its own, keeps its slots.
 */
export async function wait(
  slot: Slot | undefined,
  delayMs: number,
  given: Promise<unknown>,
): Promise<void> {
  let cancelTimer: Cancel = () => {}
  const clock = slot?.clock ?? systemClock
  const over = new Promise<void>((ring) => {
    cancelTimer = clock.schedule(delayMs, ring)
  })
  // A simulation's clock moves only while it has something to do, or has just had.
  slot?.ready({
    label: 'the wait for the next attempt',
    scheduled: false,
    turn: () => 'idle',
    turnFailed: () => {},
  })
  try {
    await Promise.race([over, given.catch(() => {})])
  } finally {
    cancelTimer()
  }
}
