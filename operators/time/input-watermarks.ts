/**
 * Event time of a subtask with inputs: the watermarks of all its channels in, one watermark out.
 *
 * The channels of one input are combined by a valve, as Flink's StatusWatermarkValve does; the two inputs of an operator as its
 * IndexedCombinedWatermarkStatus does: the smaller one of those that are not idle, and an input that wakes holds the watermark where
 * it is until it has caught up, so that its records are not late for that alone.
 *
 * A passive state machine; ask `watermark` and `idle` after every call.
 */
import { WatermarkMultiplexer } from './watermark-multiplexer.ts'
import type { PartialWatermark } from './watermark-multiplexer.ts'
import { WatermarkValve } from './watermark-valve.ts'

/** One input of the operator. */
interface Input {
  readonly valve: WatermarkValve
  readonly part: PartialWatermark
}

/** A channel and where it leads. */
interface Channel {
  readonly input: Input
  /** Its number among the channels of its input. */
  readonly index: number
}

/** The watermarks of all channels of a subtask. */
export class InputWatermarks {
  readonly #channels: readonly Channel[]
  readonly #inputs = new WatermarkMultiplexer()

  /** `inputOf`: by channel, the input of the operator that it feeds. Errors: `INVALID_INPUT_COUNT` without any. */
  constructor(inputOf: readonly (0 | 1)[]) {
    const counts = [0, 0]
    const indices = inputOf.map((input) => (counts[input] as number)++)
    // Where nothing comes in there is nothing to wait for.
    const inputs = counts.map((count, i): Input | undefined =>
      count === 0 && i > 0
        ? undefined
        : { valve: new WatermarkValve(count), part: this.#inputs.add() },
    )
    this.#channels = inputOf.map((input, channel) => ({
      input: inputs[input] as Input,
      index: indices[channel] as number,
    }))
  }

  /** The combined watermark; never back. */
  get watermark(): number {
    return this.#inputs.watermark
  }

  /** Whether all channels are idle. */
  get idle(): boolean {
    return this.#inputs.idle
  }

  /** A channel has records. */
  active(channel: number): void {
    const { input, index } = this.#channel(channel)
    if (input.valve.inputActive(index)) this.#combine(input)
  }

  /** A channel has reached `watermark`, and is active. Errors: `BAD_TIMESTAMP` for NaN. */
  reached(channel: number, watermark: number): void {
    const { input, index } = this.#channel(channel)
    input.valve.inputActive(index)
    input.valve.inputWatermark(index, watermark)
    this.#combine(input)
  }

  /** A channel has gone idle. */
  idled(channel: number): void {
    const { input, index } = this.#channel(channel)
    if (input.valve.inputIdle(index)) this.#combine(input)
  }

  /** What a channel has reached, and whether it is idle. */
  statusOf(channel: number): { readonly watermark: number; readonly idle: boolean } {
    const { input, index } = this.#channel(channel)
    return input.valve.statusOf(index)
  }

  #combine({ valve, part }: Input): void {
    if (valve.watermark > part.watermark) {
      // Before the idleness that may have moved it.
      part.advanceTo(valve.watermark)
      this.#inputs.update()
    }
    part.setIdle(valve.idle)
    this.#inputs.update()
  }

  #channel(channel: number): Channel {
    return this.#channels[channel] as Channel
  }
}
