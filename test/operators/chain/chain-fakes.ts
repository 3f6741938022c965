/** What chains are made of in tests: an operator that says what it hears, steps, and a chain in a row. */
import { compileChain, linearChain } from '../../../operators/chain/chain.ts'
import type { ChainElement, CompiledChain } from '../../../operators/chain/chain.ts'
import type { Operator, Output } from '../../../operators/operator.ts'
import { Collector, fakeContext } from '../operator-fakes.ts'

/** Emits every record, then a second one for every third; fires what it has seen at a watermark. */
export class Echo implements Operator<number, number> {
  readonly log: string[] = []
  #output: Output<number> = new Collector()
  #seen: number[] = []

  open(_context: unknown, output: Output<number>): void {
    this.log.push('open')
    this.#output = output
  }

  processRecord(value: number, timestamp: number): void {
    this.#seen.push(value)
    this.#output.emit(value, timestamp)
    if (value % 3 === 0) this.#output.emit(value + 1, timestamp)
  }

  processWatermark(watermark: number): boolean {
    while (this.#seen.length > 0) {
      if (this.#output.full) return false
      this.#output.emit(-(this.#seen.shift() ?? 0), watermark)
    }
    this.log.push(`watermark ${watermark}`)
    return true
  }

  endInput(): boolean {
    this.log.push('end')
    return true
  }

  close(): void {
    this.log.push('close')
  }
}

/** Runs the records from `from` on through a chain, each with its index as its time. Returns where the chain has stopped. */
export function feed(chain: CompiledChain, values: readonly number[], from = 0): number {
  return chain.processBatch(
    values,
    Float64Array.from(values, (_, i) => i),
    from,
    values.length,
  )
}

/** A step that maps. */
export const map = (name: string, fn: (value: never, time: number) => unknown): ChainElement => ({
  name,
  step: { kind: 'map', fn },
})

/** A step that filters. */
export const filter = (name: string, fn: (value: never) => boolean): ChainElement => ({
  name,
  step: { kind: 'filter', fn },
})

/** A chain without branches, opened. */
export function linear(
  elements: readonly ChainElement[],
  output: Output = new Collector(),
  subtaskIndex = 0,
): CompiledChain {
  const chain = compileChain(linearChain(elements, { name: 'tail', output }), { subtaskIndex })
  chain.open((element) => fakeContext(element.name))
  return chain
}

/** What `action` throws. */
export function failureOf(action: () => unknown): Record<string, unknown> {
  try {
    action()
  } catch (error) {
    return error as Record<string, unknown>
  }
  throw new Error('nothing was thrown')
}
