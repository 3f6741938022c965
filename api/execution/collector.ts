/**
 * The end of a collected stream on the main thread: an async iterator over what comes in, with backpressure.
 *
 * Takes a batch from its gate only while a caller waits for a record; when the rest of the job has finished, it takes what is left,
 * which the credits bound. Used on the main thread only.
 */
import type { RecordBatch } from '../../mailbox/batch.ts'
import { Fifo } from '../../mailbox/fifo.ts'
import { InputGate } from '../../runtime/input-gate.ts'
import type { Progress } from '../../runtime/load-meter.ts'
import type { Slot, SlotActor } from '../../runtime/slot.ts'

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** How a collected stream ends: with its input, with an error, or because the reader left. */
type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'left' }

/** One collected stream. Each record reaches one caller of `next`. */
export class Collector implements SlotActor, AsyncIterableIterator<unknown, undefined> {
  readonly label: string
  readonly name: string
  scheduled = false
  readonly inputs: InputGate
  /** Resolves when all input has come in, or the stream has ended otherwise. */
  readonly received: Promise<void>
  /** Told when what came in could not be read: the job has to fail. */
  onFailed: (error: unknown) => void = () => {}
  readonly #slot: Slot
  readonly #batches = new Fifo<RecordBatch>()
  readonly #waiting = new Fifo<Waiting>()
  #next = 0
  #open: number
  #eager = false
  #ending: Ending | undefined
  #tellReceived: () => void = () => {}

  constructor(slot: Slot, name: string, channels: number) {
    this.#slot = slot
    this.name = name
    this.label = `collect ${name}`
    this.inputs = new InputGate(slot, this)
    for (let channel = 0; channel < channels; channel++) this.inputs.addChannel()
    this.#open = channels
    this.received = new Promise((resolve) => {
      this.#tellReceived = resolve
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next record. Rejects with the job's error once it has failed. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      // What has come already needs no turn of the slot, which may have ended with the job.
      if (!this.#serveFromMemory()) this.#slot.ready(this)
    })
  }

  /** The caller wants no more: what still comes is thrown away, so that the job can end. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#end({ kind: 'left' })
    this.#batches.clear()
    this.#next = 0
    this.#answerAll()
    this.#eager = true
    this.#slot.ready(this)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The job is over without having finished: whoever waits hears why. */
  fail(error: unknown): void {
    this.#end({ kind: 'failed', error })
    this.#tellReceived()
    // At once: the slot ends with the job and may have no turn any more.
    this.#answerAll()
  }

  /** Everything else has finished: take what is left, whether or not anybody reads it yet. */
  takeRest(): void {
    this.#eager = true
    this.#slot.ready(this)
  }

  turn(): Progress {
    while (this.#waiting.size > 0 && this.#serve()) continue
    while (this.#eager && this.#take()) continue
    return 'idle'
  }

  turnFailed(error: unknown): void {
    this.fail(error)
    this.onFailed(error)
  }

  /** Answers all callers that what is in memory, or the end, can answer. */
  #answerAll(): void {
    while (this.#waiting.size > 0 && this.#serveFromMemory()) continue
  }

  /** Answers the caller who has waited longest. False when nothing has come yet. */
  #serve(): boolean {
    return this.#serveFromMemory() || this.#take()
  }

  #serveFromMemory(): boolean {
    if (this.#ending?.kind === 'failed') return this.#tellEnd(this.#ending)
    const batch = this.#batches.peek()
    if (batch !== undefined) {
      const value = batch.values[this.#next++]
      if (this.#next === batch.length) {
        this.#batches.shift()
        this.#next = 0
      }
      this.#waiting.shift()?.resolve({ done: false, value })
      return true
    }
    return this.#ending !== undefined && this.#tellEnd(this.#ending)
  }

  #tellEnd(ending: Ending): boolean {
    const waiting = this.#waiting.shift()
    if (ending.kind === 'failed') waiting?.reject(ending.error)
    else waiting?.resolve({ done: true, value: undefined })
    return true
  }

  /** Takes one item from the gate. False when there is none. */
  #take(): boolean {
    const item = this.inputs.take()
    if (item === undefined) return false
    if ('values' in item) {
      if (this.#ending === undefined) this.#batches.push(item)
      return true
    }
    if (item.kind === 'end' && --this.#open === 0) {
      this.#end({ kind: 'complete' })
      this.#tellReceived()
    }
    return true
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
  }
}
