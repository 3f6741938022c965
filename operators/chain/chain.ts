/**
 * Compiles the operators that are joined by forward edges into one loop.
 *
 * A chain is a tree: what reads the chain's input, each with what reads it in turn. Runs of stateless steps are
 * fused: the loop over a batch holds their calls side by side, and what follows a stateful operator becomes
 * the `emit` of that operator's output. All code of a chain is generated for it alone (`chain-code`), so each
 * call site sees one function and V8 inlines it.
 *
 * Used by one thread; a batch is processed in order; a record that several branches read is handed to them in the
 * order of the tree, by reference.
 */
import type { OperatorSnapshot } from '../../checkpoint/state/snapshot.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { BadRecordHandler } from '../bad-records.ts'
import type { Attention } from './attention.ts'
import { ChainCut } from './chain-cut.ts'
import type { ChainCutOptions, OperatorCut } from './chain-cut.ts'
import { generateChain, type BatchLoop, type ChainCode, type ChainShape } from './chain-code.ts'
import { operatorError } from '../operator-error.ts'
import type { Operator, OperatorContext, Output, Step, TwoInputOperator } from '../operator.ts'

/** What steps and operators have in common. */
interface ChainMember {
  /** Shown in errors. */
  readonly name: string
  /** Takes the records for which it throws; without it the first one fails the chain. */
  readonly onBadRecord?: BadRecordHandler | undefined
}

/** A stateless step. */
export interface ChainStep extends ChainMember {
  readonly step: Step
}

/** A stateful operator. One with two inputs is the only reader of the chain's input. */
export interface ChainOperator extends ChainMember {
  readonly operator: Operator | TwoInputOperator
  /** It keeps nothing across a barrier: snapshots know nothing of it. */
  readonly stateless?: true
}

/** One member of a chain. */
export type ChainElement = ChainStep | ChainOperator

/** An end of the chain: a partitioner, a sink, a collector. `name` shows in errors. */
export interface ChainTail {
  readonly name: string
  readonly output: Output
}

/** Who reads one stream of records inside the chain: elements and ends. */
export interface ChainBranches {
  readonly next: readonly ChainNode[]
  readonly tails: readonly ChainTail[]
}

/** An element and who reads its results. */
export interface ChainNode extends ChainBranches {
  readonly element: ChainElement
}

/** Something that says whether there is room behind the chain, as a plain field. */
export interface Gate {
  readonly full: boolean
}

/** How a chain is compiled. */
export interface ChainOptions {
  /** For error messages. */
  readonly subtaskIndex: number
  /** One flag for all ends of the chain, cheaper to ask than each end. Default: any end that is full. */
  readonly gate?: Gate
  /** What operators with `holds` set, to stop the loop. Needed where there are any. */
  readonly hold?: { readonly held: boolean }
}

/** What `open` asks its owner for: the context of an operator, given its number in the chain. */
export type ContextOf = (element: ChainOperator, index: number) => OperatorContext

/** A chain ready to run. Life cycle: `open`, then batches and watermarks, then `endInput`, then `close`. */
export interface CompiledChain {
  /** Opens the stateful operators, first to last. */
  open(contextOf: ContextOf): void
  /**
   * Processes records `from` up to `length` (exclusive), stopping before a record when the output is full.
   * Returns the index after the last record consumed. Errors: `OperatorError`.
   */
  processBatch(
    values: readonly unknown[],
    timestamps: Float64Array,
    from: number,
    length: number,
  ): number
  /** The same for records of the second input, in a chain that begins with a two-input operator. */
  processBatch2(
    values: readonly unknown[],
    timestamps: Float64Array,
    from: number,
    length: number,
  ): number
  /**
   * Tells every operator that event time has advanced, first to last. False when the output filled up on the
   * way: call again, with the same or a larger watermark, before any further record.
   */
  processWatermark(watermark: number): boolean
  /** How far the watermark may go on behind the chain; `MAX_TIMESTAMP` where no operator holds it back. */
  readonly outputWatermark: number
  /**
   * Calls the operators whose wishes are pending: those that were woken, then those whose time has come. Before that it ends what
   * an operator is in the middle of, a watermark too. Stops early where `outputWatermark` has risen, to be called again for what is
   * pending once that has gone on. False when one of them stopped because the output filled up: call again before any further record.
   */
  attend(attention: Attention): boolean
  /** Lets the operators emit what belongs before the barrier or idleness that follows. Room or not; nothing is half done. */
  handOn(): void
  /** What every stateful operator has in its state, in the order of the chain. Not while a call above has answered false. */
  snapshot(): OperatorSnapshot[]
  /** The same, but only the cut is made now; what was there is packed by its steps. Replaces the cut before. */
  cut(options?: ChainCutOptions): ChainCut
  /** Whether some operator has state that was restored and is still to be made, see `StateBackend.restoring`. */
  readonly restoring: boolean
  /** Makes some more of it. Errors: `DAMAGED_SNAPSHOT` in an `OperatorError`. */
  restoreStep(): void
  /** All input has ended. False as above. */
  endInput(): boolean
  /** Closes every operator that was opened, even when one of them throws; then throws the first error. */
  close(): void
  /**
   * The largest event time that a `timestamp` step gave since the last call, `MIN_TIMESTAMP` for none: what the
   * watermark generator behind such a step needs.
   */
  takeMaxTimestamp(): number
}

/** The branches of a chain without forks. */
export function linearChain(elements: readonly ChainElement[], tail: ChainTail): ChainBranches {
  let branches: ChainBranches = { next: [], tails: [tail] }
  for (let i = elements.length - 1; i >= 0; i--) {
    const element = elements[i]
    if (element !== undefined) branches = { next: [{ element, ...branches }], tails: [] }
  }
  return branches
}

/** Generates the code of a chain. Cheap enough to do once per subtask (well under a millisecond). */
export function compileChain(input: ChainBranches, options: ChainOptions): CompiledChain {
  return new Chain(input, options)
}

interface OpenOperator {
  readonly element: ChainOperator
  readonly output: Output
  context: OperatorContext | undefined
}

class Chain implements CompiledChain {
  processBatch: BatchLoop
  readonly processBatch2: BatchLoop
  readonly #operators: readonly OpenOperator[]
  readonly #subtaskIndex: number
  readonly #highest = Float64Array.of(MIN_TIMESTAMP)
  #opened = 0
  /** The watermark (or end of input) that is under way, and the first operator that has not finished it. */
  #pendingWatermark: number | undefined
  #watermarkAt = 0
  #endAt = 0
  /** The operator whose `processTime` has not finished; -1: none. */
  #timeAt = -1
  readonly #holders: readonly { readonly outputWatermark?: number }[]

  constructor(input: ChainBranches, options: ChainOptions) {
    this.#subtaskIndex = options.subtaskIndex
    const shape: ChainShape = {
      functions: [],
      filters: new Set(),
      operators: [],
      tails: [],
      handlers: [],
      names: [],
    }
    const code = generateChain(input, shape, {
      gate: options.gate,
      hold: options.hold,
      highest: this.#highest,
      fail: (at, value, error) => this.#failure(shape.names[at] ?? '?', error, { value }),
    })
    this.processBatch = this.#firstBatchOf(code)
    this.processBatch2 = code.processBatch2
    this.#operators = shape.operators.map((element, i) => ({
      element,
      output: code.outputs[i] as Output,
      context: undefined,
    }))
    this.#holders = shape.operators
      .map(({ operator }) => operator)
      .filter((operator) => 'outputWatermark' in operator)
  }

  /** The loop for all batches, but for the first one that which looks at what filters return; for all, where that was wrong and is survived. */
  #firstBatchOf({ firstBatch, processBatch }: ChainCode): BatchLoop {
    if (firstBatch === undefined) return processBatch
    return (values, timestamps, from, length) => {
      const next = firstBatch.process(values, timestamps, from, length)
      if (next > from && !firstBatch.filters.sawPromise) this.processBatch = processBatch
      return next
    }
  }

  get outputWatermark(): number {
    let least = MAX_TIMESTAMP
    for (const { outputWatermark = MAX_TIMESTAMP } of this.#holders) {
      if (outputWatermark < least) least = outputWatermark
    }
    return least
  }

  open(contextOf: ContextOf): void {
    this.#operators.forEach((entry, index) => {
      const { element, output } = entry
      this.#opened++
      try {
        entry.context = contextOf(element, index)
        element.operator.open(entry.context, output)
      } catch (error) {
        throw this.#failure(element.name, error)
      }
    })
  }

  attend(attention: Attention): boolean {
    const watermark = this.outputWatermark
    if (!this.#goOn(attention)) return false
    // A watermark that may go on now goes before whatever the next calls emit. What is pending stays so.
    if (this.outputWatermark > watermark) return true
    if (!this.#resume(attention)) return false
    return this.outputWatermark > watermark || this.#processTime(attention)
  }

  /** What an operator is in the middle of comes first, or it would get records of one before it. */
  #goOn(attention: Attention): boolean {
    const pending = this.#pendingWatermark
    if (pending !== undefined && !this.processWatermark(pending)) return false
    return this.#timeAt < 0 || this.#processTimeOf(this.#timeAt, attention.now())
  }

  #resume(attention: Attention): boolean {
    for (let index = 0; index < this.#operators.length; index++) {
      if (!attention.isWoken(index)) continue
      const { element } = this.#operators[index] as OpenOperator
      // Before the call, because what settles during it counts as new.
      attention.clearWake(index)
      if (this.#call(element, () => element.operator.resume?.() ?? true)) continue
      attention.wake(index)
      return false
    }
    return true
  }

  #processTime(attention: Attention): boolean {
    const now = attention.now()
    for (let index = 0; index < this.#operators.length; index++) {
      if (attention.takeTime(index, now) && !this.#processTimeOf(index, now)) return false
    }
    attention.timesDone()
    return true
  }

  #processTimeOf(index: number, now: number): boolean {
    const { element } = this.#operators[index] as OpenOperator
    this.#timeAt = index
    if (!this.#call(element, () => element.operator.processTime?.(now) ?? true)) return false
    this.#timeAt = -1
    return true
  }

  #call(element: ChainOperator, action: () => boolean): boolean {
    try {
      return action()
    } catch (error) {
      throw this.#failure(element.name, error)
    }
  }

  handOn(): void {
    for (const { element } of this.#operators) {
      try {
        element.operator.handOn?.()
      } catch (error) {
        throw this.#failure(element.name, error)
      }
    }
  }

  snapshot(): OperatorSnapshot[] {
    return this.cut().finish()
  }

  cut({ since, isBase = false }: ChainCutOptions = {}): ChainCut {
    const cuts: OperatorCut[] = []
    for (const { element, context } of this.#operators) {
      if (context === undefined || element.stateless === true) continue
      const failure = (error: unknown): Error => this.#failure(element.name, error)
      try {
        cuts.push({ cut: context.state.cut({ since: since?.[cuts.length], isBase }), failure })
      } catch (error) {
        new ChainCut(cuts).giveUp()
        throw failure(error)
      }
    }
    return new ChainCut(cuts)
  }

  get restoring(): boolean {
    return this.#operators.some(({ context }) => context?.state.restoring === true)
  }

  restoreStep(): void {
    for (const { element, context } of this.#operators) {
      if (context?.state.restoring !== true) continue
      try {
        context.state.restoreStep()
      } catch (error) {
        throw this.#failure(element.name, error)
      }
      return
    }
  }

  processWatermark(watermark: number): boolean {
    // A larger watermark must not overtake one that stopped half-way: operators in the middle of it may not get records.
    while (this.#pendingWatermark !== undefined) {
      const pending = this.#pendingWatermark
      if (!this.#runWatermark(pending)) return false
      this.#pendingWatermark = undefined
      if (watermark <= pending) return true
    }
    this.#pendingWatermark = watermark
    if (!this.#runWatermark(watermark)) return false
    this.#pendingWatermark = undefined
    return true
  }

  #runWatermark(watermark: number): boolean {
    for (; this.#watermarkAt < this.#operators.length; this.#watermarkAt++) {
      const { element } = this.#operators[this.#watermarkAt] as OpenOperator
      try {
        if (!element.operator.processWatermark(watermark)) return false
      } catch (error) {
        throw this.#failure(element.name, error)
      }
    }
    this.#watermarkAt = 0
    return true
  }

  endInput(): boolean {
    if (this.#pendingWatermark !== undefined && !this.processWatermark(this.#pendingWatermark))
      return false
    for (; this.#endAt < this.#operators.length; this.#endAt++) {
      const { element } = this.#operators[this.#endAt] as OpenOperator
      try {
        if (!element.operator.endInput()) return false
      } catch (error) {
        throw this.#failure(element.name, error)
      }
    }
    return true
  }

  close(): void {
    let first: unknown
    for (let i = 0; i < this.#opened; i++) {
      const { element } = this.#operators[i] as OpenOperator
      try {
        element.operator.close()
      } catch (error) {
        first ??= this.#failure(element.name, error)
      }
    }
    this.#opened = 0
    if (first !== undefined) throw first
  }

  takeMaxTimestamp(): number {
    const highest = this.#highest[0] ?? MIN_TIMESTAMP
    this.#highest[0] = MIN_TIMESTAMP
    return highest
  }

  #failure(operatorName: string, error: unknown, record?: { readonly value: unknown }): Error {
    const failure = { operatorName, subtaskIndex: this.#subtaskIndex }
    return operatorError(record === undefined ? failure : { ...failure, record }, error)
  }
}
