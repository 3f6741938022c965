/**
 * Where the records of a collected stream come in during one attempt: an actor of the main slot.
 */
import type { RecordBatch } from '../../mailbox/batch.ts'
import { BarrierAligner } from '../../operators/checkpointing/barrier-aligner.ts'
import type { AlignmentStep } from '../../operators/checkpointing/barrier-aligner.ts'
import { InputGate } from '../../runtime/input-gate.ts'
import type { Progress } from '../../runtime/load-meter.ts'
import type { Slot, SlotActor } from '../../runtime/slot.ts'

/** Who takes what comes in. */
export interface CollectorListener {
  /** Whether more may be taken now. */
  wanted(): boolean
  batch(batch: RecordBatch): void
  /** All that came before belongs to this checkpoint. */
  barrier(checkpointId: number): void
  /** Every channel has ended. */
  ended(): void
  /** What came in could not be read. */
  failed(error: unknown): void
}

/** The receiving end of the channels of one collected stream. */
export class CollectorInput implements SlotActor {
  readonly label: string
  scheduled = false
  readonly inputs: InputGate
  readonly #slot: Slot
  readonly #listener: CollectorListener
  readonly #aligner: BarrierAligner
  #open: number
  #connected = true

  constructor(slot: Slot, name: string, channels: number, listener: CollectorListener) {
    this.#slot = slot
    this.#listener = listener
    this.label = `collect ${name}`
    this.inputs = new InputGate(slot, this)
    for (let channel = 0; channel < channels; channel++) this.inputs.addChannel()
    this.#open = channels
    this.#aligner = new BarrierAligner(channels, 'exactly-once')
  }

  /** There is reason to look again whether more is wanted. */
  awake(): void {
    if (this.#connected) this.#slot.ready(this)
  }

  /** The attempt is over: nothing more is handed on. */
  disconnect(): void {
    this.#connected = false
  }

  turn(): Progress {
    while (this.#connected && this.#listener.wanted() && this.#take()) continue
    return 'idle'
  }

  turnFailed(error: unknown): void {
    if (this.#connected) this.#listener.failed(error)
  }

  /** Takes one item. False when there is none. */
  #take(): boolean {
    const item = this.inputs.take()
    if (item === undefined) return false
    const channel = this.inputs.lastChannel
    if ('values' in item) {
      this.#listener.batch(item)
    } else if (item.kind === 'barrier') {
      this.#align(this.#aligner.barrier(channel, item.checkpointId))
    } else if (item.kind === 'end') {
      this.#align(this.#aligner.end(channel))
      if (--this.#open === 0) this.#listener.ended()
    }
    return true
  }

  #align({ block, unblock, reached }: AlignmentStep): void {
    for (const channel of unblock) this.inputs.unblock(channel)
    for (const channel of block) this.inputs.block(channel)
    if (reached !== undefined) this.#listener.barrier(reached)
  }
}
