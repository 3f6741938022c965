/**
 * Decides when a subtask with several input channels has reached a barrier, and which channels must wait meanwhile.
 *
 * A passive state machine without a clock, on the slot's thread: told of barriers and ends as they are taken from the channels, it
 * answers which channels to block and unblock. A channel that has ended counts as one whose barrier is there, for whatever follows
 * its last record follows the barrier too.
 *
 *     no barrier ──first barrier──► aligning ──last barrier or end──► no barrier, and the checkpoint is due
 *                                    │    ▲
 *                                    └────┘ barrier of a later checkpoint: the earlier one was given up
 *
 * A barrier may be announced before it is taken, because it waits in the mailbox: then the subtask need not wait until all are taken, but can let them
 * overtake (`overtake`) when their time for alignment is up. Some channels can't be overtaken on; theirs are waited for in any case.
 *
 *     aligning ──overtake──► no barrier: those of this checkpoint that are taken later have no effect
 *
 * Checkpoint ids only grow. Chandy and Lamport, "Distributed Snapshots" (1985), in the form of Flink's SingleCheckpointBarrierHandler
 * (aligned) and CheckpointBarrierTracker (at least once; unlike that one it follows a single checkpoint at a time).
 */
import { MillraceError } from '../../mailbox/errors.ts'

/**
 * `exactly-once`: a channel whose barrier has come is not read until the others have theirs, so that state holds what came before the
 * barriers and nothing else. `at-least-once`: it is read on; after a restore some records are seen twice.
 */
export type CheckpointMode = 'exactly-once' | 'at-least-once'

/** What follows from a barrier or an end: to be done at once, before anything else is taken from a channel. */
export interface AlignmentStep {
  /** Channels to read again; before `block`. */
  readonly unblock: readonly number[]
  /** Channels not to be read. */
  readonly block: readonly number[]
  /** The checkpoint whose barrier has been reached on all channels; undefined: none. */
  readonly reached: number | undefined
}

const NONE: readonly number[] = []
const NOTHING: AlignmentStep = { unblock: NONE, block: NONE, reached: undefined }

/** The barriers of one subtask. */
export class BarrierAligner {
  readonly #mode: CheckpointMode
  readonly #ended: boolean[]
  /** Channels that have not ended. */
  #open: number
  /** The newest checkpoint that a barrier has named. */
  #newest = -1
  #aligning = false
  /** Channels that have not ended and whose barrier of the newest checkpoint is there. */
  #arrived: number[] = []
  readonly #neverOvertaken: readonly number[]
  #alignedUntilMs = Number.POSITIVE_INFINITY

  /**
   * `neverOvertaken`: the channels on which barriers keep their places; default: none. Errors: `INVALID_ARGUMENT` unless
   * `channelCount` is a whole number from 0.
   */
  constructor(channelCount: number, mode: CheckpointMode, neverOvertaken: readonly number[] = []) {
    if (!Number.isSafeInteger(channelCount) || channelCount < 0) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `BarrierAligner: expected a number of channels from 0, got ${channelCount}`,
      )
    }
    this.#mode = mode
    this.#neverOvertaken = neverOvertaken
    this.#ended = Array.from({ length: channelCount }, () => false)
    this.#open = channelCount
  }

  /** The checkpoint whose barrier is there on some channels and not on all; undefined: none. */
  get aligning(): number | undefined {
    return this.#aligning ? this.#newest : undefined
  }

  /** Until when the barriers of the newest checkpoint keep their places, in ms; Infinity: for ever. */
  get alignedUntilMs(): number {
    return this.#alignedUntilMs
  }

  /** Whether the barriers that are still missing are all on channels where they may overtake. */
  get mayOvertake(): boolean {
    if (!this.#aligning) return false
    return this.#neverOvertaken.every((channel) => this.isAligned(channel))
  }

  /** Whether all records of a channel that come before the barrier have been taken. Errors: `UNKNOWN_CHANNEL`. */
  isAligned(channel: number): boolean {
    return this.#hasEnded(channel) || (this.#aligning && this.#arrived.includes(channel))
  }

  /**
   * A barrier waits in the mailbox, with others on their way; it stays in its place until `alignedUntilMs`. Returns what to unblock, when it
   * begins a checkpoint. `block` is empty and `reached` undefined. Errors: `UNKNOWN_CHANNEL`.
   */
  announce(channel: number, checkpointId: number, alignedUntilMs: number): AlignmentStep {
    if (this.#hasEnded(channel) || checkpointId < this.#newest) return NOTHING
    if (checkpointId > this.#newest) {
      const unblock = this.#blocked
      this.#newest = checkpointId
      this.#aligning = true
      this.#arrived = []
      this.#alignedUntilMs = alignedUntilMs
      return { ...NOTHING, unblock }
    }
    this.#alignedUntilMs = Math.min(this.#alignedUntilMs, alignedUntilMs)
    return NOTHING
  }

  /**
   * The subtask takes its snapshot now, without waiting. Returns what to unblock and the checkpoint. To be called when `mayOvertake`; a broken
   * invariant, `NOT_ALIGNING`, otherwise.
   */
  overtake(): AlignmentStep {
    if (this.mayOvertake) return this.#reach(this.#blocked)
    throw new MillraceError(
      'NOT_ALIGNING',
      'barriers: expected a checkpoint whose barriers may overtake, there is none',
    )
  }

  /**
   * A barrier was taken from a channel. One of a checkpoint that was reached or given up has no effect, and neither has one that
   * is there already. Errors: `UNKNOWN_CHANNEL`.
   */
  barrier(channel: number, checkpointId: number): AlignmentStep {
    if (this.#hasEnded(channel) || checkpointId < this.#newest) return NOTHING
    if (checkpointId > this.#newest) return this.#begin(channel, checkpointId)
    if (!this.#aligning || this.#arrived.includes(channel)) return NOTHING
    return this.#arrive(channel, NONE)
  }

  /** The end was taken from a channel. Errors: `UNKNOWN_CHANNEL`. */
  end(channel: number): AlignmentStep {
    if (this.#hasEnded(channel)) return NOTHING
    this.#ended[channel] = true
    this.#open--
    if (!this.#aligning) return NOTHING
    const blocked = this.#blocked
    this.#arrived = this.#arrived.filter((each) => each !== channel)
    if (this.#isReached) return this.#reach(blocked)
    return { ...NOTHING, unblock: blocked.filter((each) => each === channel) }
  }

  /** Whoever gave up the earlier checkpoint does not send its barriers any more: they must not be waited for. */
  #begin(channel: number, checkpointId: number): AlignmentStep {
    const unblock = this.#blocked
    this.#newest = checkpointId
    this.#aligning = true
    this.#arrived = []
    this.#alignedUntilMs = Number.POSITIVE_INFINITY
    return this.#arrive(channel, unblock)
  }

  #arrive(channel: number, unblock: readonly number[]): AlignmentStep {
    const blocked = this.#blocked
    this.#arrived = [...this.#arrived, channel]
    if (this.#isReached) return this.#reach([...unblock, ...blocked])
    const block = this.#mode === 'exactly-once' ? [channel] : NONE
    return { unblock, block, reached: undefined }
  }

  get #isReached(): boolean {
    return this.#arrived.length === this.#open
  }

  #reach(unblock: readonly number[]): AlignmentStep {
    this.#aligning = false
    this.#arrived = []
    return { unblock, block: NONE, reached: this.#newest }
  }

  get #blocked(): readonly number[] {
    return this.#mode === 'exactly-once' ? this.#arrived : NONE
  }

  #hasEnded(channel: number): boolean {
    const ended = this.#ended[channel]
    if (ended !== undefined) return ended
    throw new MillraceError(
      'UNKNOWN_CHANNEL',
      `barriers: expected the index of one of ${this.#ended.length} channels, got ${channel}`,
    )
  }
}
