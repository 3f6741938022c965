/**
 * The link inside one thread: for the inline host and the simulator, where several slots share a thread.
 *
 * It copies the bytes, as the ring does, so that a caller that reuses its buffer too early fails here too.
 */
import { Fifo } from './fifo.ts'
import type { LinkReceiver, LinkSender } from './link.ts'

/** Both ends of a link in memory. */
export interface MemoryLink {
  readonly sender: LinkSender
  /** `queued`: frames sent and not yet received. */
  readonly receiver: LinkReceiver & { readonly queued: number }
}

/**
 * Makes a link whose two ends live on the calling thread. A frame can be received as soon as `send`
 * returns; the sender never has anything pending. Nobody is woken: the host that owns both slots looks.
 */
export function createMemoryLink(): MemoryLink {
  const frames = new Fifo<Uint8Array>()
  return { sender: new MemoryLinkSender(frames), receiver: new MemoryLinkReceiver(frames) }
}

class MemoryLinkSender implements LinkSender {
  readonly #frames: Fifo<Uint8Array>

  constructor(frames: Fifo<Uint8Array>) {
    this.#frames = frames
  }

  get pendingBytes(): number {
    return 0
  }

  send(frame: Uint8Array): void {
    // Not `slice`: on a Buffer that makes a view.
    this.#frames.push(new Uint8Array(frame))
  }

  flush(): boolean {
    return true
  }
}

class MemoryLinkReceiver implements LinkReceiver {
  readonly #frames: Fifo<Uint8Array>

  constructor(frames: Fifo<Uint8Array>) {
    this.#frames = frames
  }

  get queued(): number {
    return this.#frames.size
  }

  get hasMail(): boolean {
    return this.#frames.size > 0
  }

  receive(): Uint8Array | undefined {
    return this.#frames.shift()
  }
}
