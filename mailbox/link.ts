/**
 * A link carries frames, in order and exactly once, from one slot to another.
 *
 * Two kinds exist: a byte ring in shared memory (threads) and an array (inline host, simulator). A link
 * knows no channels and never blocks: the credits above it bound what can be in flight.
 */

/** The sending end. Used by one thread only: the sending slot's. */
export interface LinkSender {
  /**
   * Takes over one frame. The bytes are copied before this returns, into the link or, where the link has
   * no room, into a queue that `flush` empties; the caller may reuse them.
   */
  send(frame: Uint8Array): void
  /** Moves queued bytes on as far as there is room. Returns true when nothing is left in the queue. */
  flush(): boolean
  /** Bytes that wait for room. Bounded by the credits of the channels above. */
  readonly pendingBytes: number
}

/** The receiving end. Used by one thread only: the receiving slot's. */
export interface LinkReceiver {
  /** The next whole frame in memory of its own (never shared), or undefined when there is none yet. */
  receive(): Uint8Array | undefined
  /** Whether `receive` may find something; may say true for an unfinished large frame. */
  readonly hasMail: boolean
}
