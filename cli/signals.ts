/**
 * Ctrl-C and `kill`: the first signal asks the job to stop cleanly, a second one, or two seconds, end the process.
 */
import { EXIT } from './errors.ts'
import { writeErrorNow } from './terminal.ts'

/** How long a clean stop may take where nothing else is said. The engine ends a thread that does not react well before. */
const PATIENCE_MS = 2_000

/** The signals that ask for an end, and the exit codes that stand for them. */
const EXIT_CODES = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: 129,
} as const

/** One of the signals that ask for an end. */
export type StopSignal = keyof typeof EXIT_CODES

/** Watches for signals while a job runs. */
export interface SignalWatch {
  /** The signal that came first, if one has come. */
  readonly received: StopSignal | undefined
  /** The exit code that stands for it. */
  readonly exitCode: number | undefined
  /** Stops watching: a signal ends the process again. */
  release(): void
}

/** Ends the process at the first signal, with the exit code that stands for it, as long as nothing has begun that would have to be stopped. */
export function endAtSignals(): Pick<SignalWatch, 'release'> {
  return watchSignals((signal) => process.exit(EXIT_CODES[signal]), Number.POSITIVE_INFINITY)
}

/**
 * Calls `stop` at the first signal, and ends the process at the second, or when stopping takes longer than `patienceMs`; default: two seconds,
 * `Infinity`: as long as it takes.
 */
export function watchSignals(
  stop: (signal: StopSignal) => void,
  patienceMs = PATIENCE_MS,
): SignalWatch {
  let received: StopSignal | undefined
  let deadline: NodeJS.Timeout | undefined

  function onSignal(signal: NodeJS.Signals): void {
    const code = EXIT_CODES[signal as StopSignal]
    if (received !== undefined) return process.exit(code)
    received = signal as StopSignal
    if (patienceMs < Number.POSITIVE_INFINITY) {
      deadline = setTimeout(() => {
        writeErrorNow(
          `millrace: the job did not stop within ${patienceMs / 1000} s and was ended\n`,
        )
        process.exit(code)
      }, patienceMs)
      deadline.unref()
    }
    stop(received)
  }

  const signals = Object.keys(EXIT_CODES) as StopSignal[]
  for (const signal of signals) process.on(signal, onSignal)
  return {
    get received() {
      return received
    },
    get exitCode() {
      return received === undefined ? undefined : EXIT_CODES[received]
    },
    release: () => {
      clearTimeout(deadline)
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
