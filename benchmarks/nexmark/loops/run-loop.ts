/**
 * Runs hand-written loops, each on a thread that is kept for it.
 */
import { KeptThread } from '../../kept-thread.ts'
import { inTemporaryFolder } from '../../temporary-folder.ts'

const THREAD = new URL('./thread.js', import.meta.url)

/** What a thread gets. */
export interface LoopRequest {
  readonly query: string
  readonly events: number
  /** Where a query writes that is about writing. */
  readonly folder: string
}

/** What one run has shown. */
export interface LoopRun {
  /** Rows that came out, every update counted. */
  readonly rows: number
  /** From the first event until all rows were out. */
  readonly seconds: number
}

/** A thread for the loop of one query: others would teach its code other types. */
export class LoopThread {
  readonly #query: string
  readonly #thread = new KeptThread<LoopRequest, LoopRun>(THREAD)

  constructor(query: string) {
    this.#query = query
  }

  /** Runs the loop once. Rejects with its error. */
  async run(events: number): Promise<LoopRun> {
    return inTemporaryFolder('loop', async (folder) => {
      return await this.#thread.ask({ query: this.#query, events, folder })
    })
  }

  /** Ends the thread. */
  stop(): Promise<void> {
    return this.#thread.stop()
  }
}
