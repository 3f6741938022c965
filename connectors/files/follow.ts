/**
 * Waits for a file to grow. Used by one reader, in one subtask.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Clock } from '../../runtime/clock.ts'
import { checkOptions } from '../../runtime/known-options.ts'

const DEFAULT_POLL_MS = 200

/** What following a file needs of a clock. */
export type FollowClock = Pick<Clock, 'schedule'>

/** How a growing file is followed. */
export interface FollowOptions {
  /** How long to wait at the end of the file before looking again, in milliseconds. Default: 200. */
  readonly pollMs?: number
  /** Time for `pollMs`. Default: the machine's clock. */
  readonly clock?: FollowClock
}

/** The option of a source: undefined where files are read as they are. Errors: `INVALID_ARGUMENT`. */
export function followOptions(
  follow: boolean | FollowOptions | undefined,
  where: string,
): Required<FollowOptions> | undefined {
  if (follow === undefined || follow === false) return undefined
  if (follow !== true && (typeof follow !== 'object' || follow === null)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: "follow" must be true, false, or options like { pollMs: 200 }`,
    )
  }
  if (follow !== true) checkOptions(follow, ['pollMs', 'clock'], `${where}: follow`)
  const { pollMs = DEFAULT_POLL_MS, clock = machineClock } = follow === true ? {} : follow
  if (!(Number.isFinite(pollMs) && pollMs >= 1)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: "follow.pollMs" must be a number of milliseconds of at least 1, got ${pollMs}`,
    )
  }
  return { pollMs, clock }
}

const machineClock: FollowClock = {
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** See the head of this file. */
export class Follower {
  readonly #options: Required<FollowOptions>
  readonly #signal: AbortSignal

  constructor(options: Required<FollowOptions>, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Whether the job is over: nothing is waited for any more. */
  get stopped(): boolean {
    return this.#signal.aborted
  }

  /** Resolves after a while, or when the job is over. */
  pause(): Promise<void> {
    const signal = this.#signal
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const stop = (): void => {
        cancel()
        resolve()
      }
      const cancel = this.#options.clock.schedule(this.#options.pollMs, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
