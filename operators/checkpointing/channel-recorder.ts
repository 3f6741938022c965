/**
 * Keeps what comes in before the barriers of a checkpoint, while the subtask has its snapshot already and works on.
 *
 *     recording ──barrier or end on the last channel──► done
 *         └── a record cannot be packed, or `giveUp` ──► over
 *
 * Told of items as they arrive, in whosever turn that is.
 */
import type { ChannelSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import type { ChannelPacker } from './channel-packer.ts'

/** How a recording ends: called once at the most. */
export interface RecorderListener {
  readonly done: (channels: readonly ChannelSnapshot[]) => void
  readonly failed: (error: unknown) => void
}

/** See the head of this file. */
export class ChannelRecorder {
  readonly #checkpointId: number
  readonly #packers: readonly ChannelPacker[]
  /** Channels whose barrier or end has not arrived. */
  readonly #open: Set<number>
  #listener: RecorderListener | undefined

  /** `packers`: one per channel. `open`: the channels that are recorded; of the others, what their packers have already is taken. */
  constructor(checkpointId: number, packers: readonly ChannelPacker[], open: readonly number[]) {
    this.#checkpointId = checkpointId
    this.#packers = packers
    this.#open = new Set(open)
  }

  /** Begins to tell how it ends, which may be at once. */
  listen(listener: RecorderListener): void {
    this.#listener = listener
    this.#tellIfDone()
  }

  /** Nobody needs it. */
  giveUp(): void {
    this.#open.clear()
    this.#listener = undefined
  }

  /** An item arrives, or has arrived and is not read yet. Errors are for the listener, or thrown while there is none. */
  arrived(channel: number, item: ChannelItem): void {
    if (!this.#open.has(channel)) return
    if ('values' in item || item.kind === 'watermark' || item.kind === 'idle') {
      this.#pack(channel, item)
      return
    }
    // The barrier of an earlier checkpoint, which was given up, divides nothing any more.
    if (item.kind === 'barrier' && item.checkpointId < this.#checkpointId) return
    this.#open.delete(channel)
    this.#tellIfDone()
  }

  #pack(channel: number, item: ChannelItem): void {
    try {
      this.#packers[channel]?.add(item)
    } catch (error) {
      const listener = this.#listener
      if (listener === undefined) throw error
      this.giveUp()
      listener.failed(error)
    }
  }

  #tellIfDone(): void {
    const listener = this.#listener
    if (this.#open.size > 0 || listener === undefined) return
    this.#listener = undefined
    listener.done(this.#packers.flatMap(({ snapshot }) => snapshot ?? []))
  }
}
