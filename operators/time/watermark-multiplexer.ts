/**
 * Combines the watermarks of the splits that one subtask reads.
 *
 * The rule is that of Flink's WatermarkOutputMultiplexer: the smallest watermark of the active outputs; idle ones are left out, and the
 * combined watermark never goes back. When all are idle, so is the whole, and the watermark stays where it is. (The valve for the
 * inputs of an operator, `watermark-valve.ts`, has another rule for that, and makes inputs that wake catch up.)
 *
 * A passive state machine: outputs are changed one by one, and `update` combines them.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'

/** The part of one split. Starts active, without a watermark. */
export class PartialWatermark {
  #watermark = MIN_TIMESTAMP
  #idle = false

  /** How far it has come; never back. */
  get watermark(): number {
    return this.#watermark
  }

  /** Whether nobody waits for it. */
  get idle(): boolean {
    return this.#idle
  }

  /** It has reached `watermark`, and is active. Returns whether it has advanced. Errors: `BAD_TIMESTAMP` for NaN. */
  advanceTo(watermark: number): boolean {
    if (Number.isNaN(watermark)) {
      throw new MillraceError('BAD_TIMESTAMP', 'A watermark must be a number, got NaN')
    }
    this.#idle = false
    if (watermark <= this.#watermark) return false
    this.#watermark = watermark
    return true
  }

  /** It has no records, or has some again. */
  setIdle(idle: boolean): void {
    this.#idle = idle
  }
}

/** Watermarks of outputs in, one watermark out. */
export class WatermarkMultiplexer {
  readonly #outputs = new Set<PartialWatermark>()
  #watermark = MIN_TIMESTAMP
  #idle = false

  /** The combined watermark as of the last `update`, `MIN_TIMESTAMP` before the first. */
  get watermark(): number {
    return this.#watermark
  }

  /** Whether all outputs were idle at the last `update` that found any. */
  get idle(): boolean {
    return this.#idle
  }

  /** Number of outputs. */
  get size(): number {
    return this.#outputs.size
  }

  /** One more output: until its first watermark it holds the combined one back. */
  add(): PartialWatermark {
    const output = new PartialWatermark()
    this.#outputs.add(output)
    return output
  }

  /** The output counts no longer. Returns whether it did until now. */
  remove(output: PartialWatermark): boolean {
    return this.#outputs.delete(output)
  }

  /** Combines what the outputs say now. Returns whether the watermark has advanced. */
  update(): boolean {
    if (this.#outputs.size === 0) return false
    let smallest = MAX_TIMESTAMP
    let idle = true
    for (const output of this.#outputs) {
      if (output.idle) continue
      idle = false
      if (output.watermark < smallest) smallest = output.watermark
    }
    this.#idle = idle
    if (idle || smallest <= this.#watermark) return false
    this.#watermark = smallest
    return true
  }
}
