/** The handles of states with one value per key: value, reducing and aggregating state. */
import type { AggregateFunction } from '../aggregate-function.ts'
import type { Cells } from './cells.ts'
import type { AggregatingState, ReducingState, ValueState } from './states.ts'

/** A value that is replaced. */
export class HeapValueState<T> implements ValueState<T> {
  readonly #cells: Cells<T>
  readonly #initial: (() => T) | undefined

  constructor(cells: Cells<T>, initial: (() => T) | undefined) {
    this.#cells = cells
    this.#initial = initial
  }

  get(): T | undefined {
    const cell = this.#cells.cell()
    if (cell !== undefined) return cell.value
    return this.#initial === undefined ? undefined : this.#initial()
  }

  set(value: T): void {
    if (value === undefined) this.#cells.clear()
    else this.#cells.put(value)
  }

  clear(): void {
    this.#cells.clear()
  }
}

/** A value into which others are combined. */
export class HeapReducingState<T> implements ReducingState<T> {
  readonly #cells: Cells<T>
  readonly #reduce: (a: T, b: T) => T

  constructor(cells: Cells<T>, reduce: (a: T, b: T) => T) {
    this.#cells = cells
    this.#reduce = reduce
  }

  get(): T | undefined {
    return this.#cells.cell()?.value
  }

  add(value: T): void {
    const cell = this.#cells.cell()
    const reduce = this.#reduce
    this.#cells.put(cell === undefined ? value : reduce(cell.value, value))
  }

  clear(): void {
    this.#cells.clear()
  }
}

/** An accumulator. */
export class HeapAggregatingState<In, Acc, Out> implements AggregatingState<In, Out> {
  readonly #cells: Cells<Acc>
  readonly #aggregate: AggregateFunction<In, Acc, Out>

  constructor(cells: Cells<Acc>, aggregate: AggregateFunction<In, Acc, Out>) {
    this.#cells = cells
    this.#aggregate = aggregate
  }

  get(): Out | undefined {
    const cell = this.#cells.cell()
    return cell === undefined ? undefined : this.#aggregate.getResult(cell.value)
  }

  add(value: In): void {
    const cell = this.#cells.cell()
    const accumulator = cell === undefined ? this.#aggregate.createAccumulator() : cell.value
    this.#cells.put(this.#aggregate.add(accumulator, value))
  }

  clear(): void {
    this.#cells.clear()
  }
}
