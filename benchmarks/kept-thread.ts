/**
 * A thread that runs one thing again and again, for what competes with jobs on a cluster: both become warm in their first runs.
 */
import { once } from 'node:events'
import { parentPort, Worker } from 'node:worker_threads'
import type { TransferListItem } from 'node:worker_threads'
import { memoryLimits } from '../runtime/memory-limits.ts'

/** The side of who asks. One request at a time. */
export class KeptThread<Request, Answer> {
  readonly #worker: Worker

  /** Starts it, with as much memory as the threads of jobs. `module` calls `answerRequests`. */
  constructor(module: URL) {
    this.#worker = new Worker(module, { resourceLimits: memoryLimits() })
  }

  /** Resolves with the answer. Rejects with the error that has ended the thread. */
  async ask(request: Request, transfer: TransferListItem[] = []): Promise<Answer> {
    this.#worker.postMessage(request, transfer)
    const [answer] = (await once(this.#worker, 'message')) as [Answer]
    return answer
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** The side of the thread: answers every request. An error ends the thread. */
export function answerRequests<Request, Answer>(
  answer: (request: Request) => Answer | Promise<Answer>,
): void {
  const send = async (request: Request): Promise<void> => {
    parentPort?.postMessage(await answer(request))
  }
  // What it rejects with ends the thread, and so reaches who asks.
  parentPort?.on('message', (request: Request) => void send(request))
}

/** Calls `use` with what is kept for it, and ends that whatever comes. */
export async function keeping<Kept extends { stop(): Promise<void> }, Result>(
  kept: readonly Kept[],
  use: () => Promise<Result>,
): Promise<Result> {
  try {
    return await use()
  } finally {
    await Promise.all(kept.map((each) => each.stop()))
  }
}
