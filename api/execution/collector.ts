/**
 * A collected stream on the main thread: an async iterator over what comes in.
 *
 * It outlives the attempts to run its job; each of them connects it anew (`collector-input`). Without checkpoints a batch is taken only
 * while a caller waits for a record, which is the backpressure; when the rest of the job has finished what is left is taken, which the
 * credits bound. With checkpoints what comes is held until the checkpoint behind it is complete, so that a caller sees each record
 * once; what a failed attempt has brought since is thrown away. Used on the main thread only.
 */
import type { RecordBatch } from '../../mailbox/batch.ts'
import { Fifo } from '../../mailbox/fifo.ts'
import type { Slot } from '../../runtime/slot.ts'
import { CollectorInput } from './collector-input.ts'

/** Batches that may be shown and unread before no more are taken, where they are held first. */
const UNREAD_BATCHES = 4_096

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** How a collected stream ends: with its input, with an error, or because the reader left. */
type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'left' }

/** Batches that one checkpoint makes visible; undefined: they came behind the last barrier. */
interface Held {
  checkpointId: number | undefined
  readonly batches: RecordBatch[]
}

/** One collected stream. Each record reaches one caller of `next`. */
export class Collector implements AsyncIterableIterator<unknown, undefined> {
  readonly name: string
  /** Told when what came in could not be read: the attempt has to fail. */
  onFailed: (error: unknown) => void = () => {}
  /** Told when all that belongs to a checkpoint has come in. */
  onBarrier: (checkpointId: number) => void = () => {}
  /** Told when all input of the attempt has come in. */
  onEnded: () => void = () => {}
  readonly #holds: boolean
  readonly #visible = new Fifo<RecordBatch>()
  readonly #waiting = new Fifo<Waiting>()
  /** The oldest first; the last is open. Empty where nothing is held. */
  #held: Held[] = []
  #next = 0
  /** All input of this attempt has come in. */
  #hasEnded = false
  /** The newest checkpoint whose barrier has come in, in this attempt. */
  #newestBarrier = 0
  #eager = false
  #ending: Ending | undefined
  #input: CollectorInput | undefined
  #received: Promise<void> = Promise.resolve()
  #tellReceived: () => void = () => {}

  /** `holds`: what comes is shown only when a checkpoint behind it is complete. Default: at once. */
  constructor(name: string, { holds = false }: { readonly holds?: boolean } = {}) {
    this.name = name
    this.#holds = holds
  }

  /** Resolves when all input of this attempt has come in, or the stream has ended otherwise. */
  get received(): Promise<void> {
    return this.#received
  }

  /** Makes the receiving end for an attempt. What the one before has brought and no checkpoint covers is gone. */
  connect(slot: Slot, channels: number): CollectorInput {
    this.#input?.disconnect()
    this.#held = []
    this.#hasEnded = false
    this.#newestBarrier = 0
    this.#eager = false
    this.#received = new Promise((resolve) => {
      this.#tellReceived = resolve
    })
    this.#input = new CollectorInput(slot, this.name, channels, {
      wanted: () => this.#wantsMore(),
      batch: (batch) => {
        this.#take(batch)
      },
      barrier: (checkpointId) => {
        this.#newestBarrier = checkpointId
        const open = this.#held.at(-1)
        if (open?.checkpointId === undefined && open !== undefined) open.checkpointId = checkpointId
        else this.#held.push({ checkpointId, batches: [] })
        this.onBarrier(checkpointId)
      },
      ended: () => {
        this.#hasEnded = true
        if (!this.#holds) this.#end({ kind: 'complete' })
        this.onEnded()
        this.#tellReceived()
        this.#answerAll()
      },
      failed: (error) => {
        this.onFailed(error)
      },
    })
    return this.#input
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next record. Rejects with the job's error once it has failed. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      // What has come already needs no turn of the slot, which may have ended with the job.
      if (!this.#serve()) this.#input?.awake()
    })
  }

  /** The caller wants no more: what still comes is thrown away, so that the job can end. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#end({ kind: 'left' })
    this.#visible.clear()
    this.#held = []
    this.#next = 0
    this.#answerAll()
    this.#eager = true
    this.#input?.awake()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The job is over without having finished: whoever waits hears why. */
  fail(error: unknown): void {
    this.#end({ kind: 'failed', error })
    this.#tellReceived()
    // At once: the slot ends with the job and may have no turn any more.
    this.#answerAll()
  }

  /** Everything else has finished or stops: take what is left, whether or not anybody reads it yet; false: it goes on after all. */
  takeRest(eager = true): void {
    this.#eager = eager
    this.#input?.awake()
  }

  /** A checkpoint is complete: what came before its barrier is shown; everything, if all had come in before it. */
  checkpointComplete(checkpointId: number): void {
    // A job that fails between its last checkpoint and its end begins there again, and nothing of this comes once more.
    const coversAll = this.#hasEnded && checkpointId > this.#newestBarrier
    const upTo = coversAll ? Infinity : checkpointId
    while (this.#held.length > 0 && (this.#held[0]?.checkpointId ?? Infinity) <= upTo)
      this.#showOldest()
    this.#answerAll()
    this.#input?.awake()
  }

  /** The job has finished and is committed: everything is shown. */
  complete(): void {
    while (this.#held.length > 0) this.#showOldest()
    this.#end({ kind: 'complete' })
    this.#answerAll()
  }

  #showOldest(): void {
    const { batches } = this.#held.shift() as Held
    for (const batch of batches) this.#visible.push(batch)
  }

  #wantsMore(): boolean {
    if (this.#eager) return true
    // What is held counts not: the barrier that shows it may be behind.
    if (this.#holds) return this.#visible.size < UNREAD_BATCHES
    return this.#waiting.size > 0
  }

  #take(batch: RecordBatch): void {
    if (this.#ending !== undefined) return
    if (!this.#holds) {
      this.#visible.push(batch)
      this.#answerAll()
      return
    }
    const last = this.#held.at(-1)
    if (last !== undefined && last.checkpointId === undefined) last.batches.push(batch)
    else this.#held.push({ checkpointId: undefined, batches: [batch] })
  }

  /** Answers all callers that what is in memory, or the end, can answer. */
  #answerAll(): void {
    while (this.#waiting.size > 0 && this.#serve()) continue
  }

  /** Answers the caller who has waited longest. False when there is nothing for it yet. */
  #serve(): boolean {
    if (this.#ending?.kind === 'failed') return this.#tellEnd(this.#ending)
    const batch = this.#visible.peek()
    if (batch !== undefined) {
      const value = batch.values[this.#next++]
      if (this.#next === batch.length) {
        this.#visible.shift()
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

  #end(ending: Ending): void {
    this.#ending ??= ending
  }
}
