/**
 * Operations of the simulated outside world, a disk or a sink, each of which happens when the simulator chooses: in any order where
 * several are under way at the same time. On the simulator's thread.
 */
import type { StepSource } from './step-source.ts'

interface Operation {
  readonly label: string
  readonly happen: () => void
}

/** See the head of this file. */
export class OperationQueue implements StepSource {
  readonly #wake: () => void
  readonly #waiting: Operation[] = []

  /** `wake` is called when there is something to choose. */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  get pending(): number {
    return this.#waiting.length
  }

  perform(number: number): () => string {
    const [operation] = this.#waiting.splice(number, 1)
    operation?.happen()
    return () => operation?.label ?? 'nothing'
  }

  /** Does `act` when it is chosen. Settles as that does. */
  run<T>(label: string, act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        label,
        happen: () => {
          const acting = async (): Promise<T> => act()
          acting().then(resolve, reject)
        },
      })
      this.#wake()
    })
  }
}
