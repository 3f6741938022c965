/**
 * Combines the watermarks of several inputs into one, and their idleness into one status.
 *
 * The rule is that of Flink's StatusWatermarkValve. Each input is active or idle, and an active one is aligned or
 * not. The combined watermark is the smallest among active, aligned inputs and never goes back. An input that wakes
 * is aligned again once its own watermark has caught up with the combined one; until then it neither holds the
 * watermark back nor moves it. When the last active input goes idle while it is the one that held the watermark back,
 * the watermark moves to the largest that any input has reached.
 *
 * A passive state machine: every method says whether `watermark` or `idle` has changed. When one call changes both,
 * the watermark comes first.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'

interface InputStatus {
  watermark: number
  idle: boolean
  aligned: boolean
}

/** Watermarks in, one watermark out. All inputs start active, aligned and without a watermark. */
export class WatermarkValve {
  readonly #inputs: readonly InputStatus[]
  #activeCount: number
  #watermark = MIN_TIMESTAMP

  /** Errors: `INVALID_INPUT_COUNT` unless `inputCount` is an integer of at least 1. */
  constructor(inputCount: number) {
    if (!Number.isInteger(inputCount) || inputCount < 1) {
      throw new MillraceError(
        'INVALID_INPUT_COUNT',
        `Expected at least one input, got ${String(inputCount)}`,
      )
    }
    this.#inputs = Array.from({ length: inputCount }, () => ({
      watermark: MIN_TIMESTAMP,
      idle: false,
      aligned: true,
    }))
    this.#activeCount = inputCount
  }

  /** The combined watermark, `MIN_TIMESTAMP` before the first one. */
  get watermark(): number {
    return this.#watermark
  }

  /** True when every input is idle. */
  get idle(): boolean {
    return this.#activeCount === 0
  }

  /**
   * An input has reached `watermark`. Ignored for an idle input (wake it first) and where it does not advance
   * the input. Returns whether the combined watermark has changed. Errors: `INVALID_INPUT`, `BAD_TIMESTAMP` for NaN.
   */
  inputWatermark(input: number, watermark: number): boolean {
    const status = this.#status(input)
    if (Number.isNaN(watermark))
      throw new MillraceError('BAD_TIMESTAMP', 'A watermark must be a number, got NaN')
    if (status.idle || watermark <= status.watermark) return false
    status.watermark = watermark
    status.aligned ||= watermark >= this.#watermark
    return this.#advanceToSmallest()
  }

  /**
   * An input has gone idle: nobody waits for it. Returns whether the watermark or the idle status has changed.
   * Errors: `INVALID_INPUT`.
   */
  inputIdle(input: number): boolean {
    const status = this.#status(input)
    if (status.idle) return false
    status.idle = true
    status.aligned = false
    this.#activeCount--
    const heldBack = status.watermark === this.#watermark
    if (this.#activeCount > 0) return heldBack && this.#advanceToSmallest()
    if (heldBack) this.#advanceToLargest()
    return true
  }

  /** An input has records again. Returns whether the idle status has changed. Errors: `INVALID_INPUT`. */
  inputActive(input: number): boolean {
    const status = this.#status(input)
    if (!status.idle) return false
    status.idle = false
    status.aligned = status.watermark >= this.#watermark
    this.#activeCount++
    return this.#activeCount === 1
  }

  /** What an input has reached, and whether it is idle. Errors: `INVALID_INPUT`. */
  statusOf(input: number): { readonly watermark: number; readonly idle: boolean } {
    const { watermark, idle } = this.#status(input)
    return { watermark, idle }
  }

  #status(input: number): InputStatus {
    const status = this.#inputs[input]
    if (status === undefined) {
      throw new MillraceError(
        'INVALID_INPUT',
        `Expected an input from 0 to ${this.#inputs.length - 1}, got ${input}`,
      )
    }
    return status
  }

  #advanceToSmallest(): boolean {
    let smallest = Number.POSITIVE_INFINITY
    let found = false
    for (const { aligned, watermark } of this.#inputs) {
      if (!aligned) continue
      found = true
      if (watermark < smallest) smallest = watermark
    }
    return found && this.#advanceTo(smallest)
  }

  #advanceToLargest(): boolean {
    let largest = MIN_TIMESTAMP
    for (const { watermark } of this.#inputs) if (watermark > largest) largest = watermark
    return this.#advanceTo(largest)
  }

  #advanceTo(watermark: number): boolean {
    if (watermark <= this.#watermark) return false
    this.#watermark = watermark
    return true
  }
}
