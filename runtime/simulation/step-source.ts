/**
 * What a simulator can choose a step from: whoever has several things that may happen next. On the simulator's thread.
 */

/** Things that wait to happen, in any order. */
export interface StepSource {
  /** How many of them could happen now. */
  readonly pending: number
  /** Lets the one with this number happen, 0 to `pending` - 1. Returns what says what it was, for a trace. */
  perform(number: number): () => string
}
