/**
 * What a window holds until it fires: an accumulator, its records, or its records with their times where an evictor needs them.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { unshareFor } from '../aggregates/unshared.ts'
import type { Unshare } from '../aggregates/unshared.ts'
import type { AnyEvictor, EvictorContext, WindowElement } from './evictor.ts'
import { isPartialResult, partialForm } from './partial-result.ts'
import type { PartialForm } from './partial-result.ts'
import type { WindowEntry } from './window-entry.ts'

/** What `read` returns where there is no result. */
export const NOTHING = Symbol('nothing')

/** How the contents of windows are kept. */
export interface WindowContents {
  /** In snapshots: contents of another kind are refused. */
  readonly kind: string
  add(entry: WindowEntry, value: unknown, timestamp: number): void
  /** Moves what `from` holds into `into`. */
  merge(into: WindowEntry, from: WindowEntry): void
  /** What the window's function is given: the result of the aggregate, or the records; of a window that is filled. */
  read(entry: WindowEntry, context: EvictorContext): unknown
  /** The window's function has seen what `read` returned. */
  afterFiring?(entry: WindowEntry, context: EvictorContext): void
}

/** Some aggregate. */
type AnyAggregate = AggregateFunction<unknown, unknown, unknown>

/** Chooses the contents that an aggregate, or none, and an evictor, or none, need. */
export function windowContents(
  aggregate: AggregateFunction<never, unknown, unknown> | undefined,
  evictor: AnyEvictor | undefined,
): WindowContents {
  const any = aggregate as AnyAggregate | undefined
  if (evictor !== undefined) return new EvictedContents(evictor, any)
  return any === undefined ? new ElementContents() : new AccumulatedContents(any)
}

/** The contents for an aggregate where partial results come among the records. `share`: a partial result may belong to several windows. */
export function partialContents(
  aggregate: AggregateFunction<never, unknown, unknown>,
  share: boolean,
): WindowContents {
  return new PartialContents(aggregate as AnyAggregate, share)
}

class AccumulatedContents implements WindowContents {
  readonly kind = 'windows of accumulators'
  readonly #aggregate: AnyAggregate

  constructor(aggregate: AnyAggregate) {
    this.#aggregate = aggregate
  }

  add(entry: WindowEntry, value: unknown): void {
    const accumulator = entry.filled ? entry.contents : this.#aggregate.createAccumulator()
    entry.contents = this.#aggregate.add(accumulator, value)
    entry.filled = true
  }

  merge(into: WindowEntry, from: WindowEntry): void {
    into.contents = into.filled
      ? this.#aggregate.merge(into.contents, from.contents)
      : from.contents
    into.filled = true
  }

  read(entry: WindowEntry): unknown {
    return this.#aggregate.getResult(entry.contents)
  }
}

class PartialContents extends AccumulatedContents {
  readonly #aggregate: AnyAggregate
  readonly #form: PartialForm<unknown>
  readonly #share: boolean
  /** Undefined: what `merge` is given may lie in several windows. */
  readonly #unshare: Unshare<unknown> | undefined

  constructor(aggregate: AnyAggregate, share: boolean) {
    super(aggregate)
    this.#aggregate = aggregate
    this.#form = partialForm(aggregate)
    this.#share = share
    this.#unshare = share ? unshareFor(aggregate) : undefined
  }

  override add(entry: WindowEntry, value: unknown): void {
    if (!isPartialResult(value)) {
      super.add(entry, value)
      return
    }
    let arrived = this.#form.accumulatorOf(value)
    if (this.#unshare !== undefined) arrived = this.#unshare(arrived)
    if (entry.filled) entry.contents = this.#aggregate.merge(entry.contents, arrived)
    else if (this.#share)
      entry.contents = this.#aggregate.merge(this.#aggregate.createAccumulator(), arrived)
    else entry.contents = arrived
    entry.filled = true
  }
}

class ElementContents implements WindowContents {
  readonly kind = 'windows of records'

  add(entry: WindowEntry, value: unknown): void {
    addElement(entry, value)
  }

  merge(into: WindowEntry, from: WindowEntry): void {
    mergeElements(into, from)
  }

  read(entry: WindowEntry): unknown {
    // A copy: users may hand it on, and later records must not appear in it.
    return (entry.contents as readonly unknown[]).slice()
  }
}

class EvictedContents implements WindowContents {
  readonly kind = 'windows of records with times'
  readonly #evictor: AnyEvictor
  readonly #aggregate: AnyAggregate | undefined

  constructor(evictor: AnyEvictor, aggregate: AnyAggregate | undefined) {
    this.#evictor = evictor
    this.#aggregate = aggregate
  }

  add(entry: WindowEntry, value: unknown, timestamp: number): void {
    addElement(entry, { value, timestamp })
  }

  merge(into: WindowEntry, from: WindowEntry): void {
    mergeElements(into, from)
  }

  read(entry: WindowEntry, context: EvictorContext): unknown {
    const all = entry.contents as readonly WindowElement<unknown>[]
    const elements = this.#evictor.evictBefore?.(all, context) ?? all
    entry.contents = elements
    if (this.#aggregate === undefined) return elements.map(({ value }) => value)
    if (elements.length === 0) return NOTHING
    let accumulator = this.#aggregate.createAccumulator()
    for (const { value } of elements) accumulator = this.#aggregate.add(accumulator, value)
    return this.#aggregate.getResult(accumulator)
  }

  afterFiring(entry: WindowEntry, context: EvictorContext): void {
    const all = entry.contents as readonly WindowElement<unknown>[]
    const elements = this.#evictor.evictAfter?.(all, context) ?? all
    // A copy: records are added to it, and the evictor's may be anything.
    entry.contents = [...elements]
    entry.filled = elements.length > 0
  }
}

function addElement(entry: WindowEntry, element: unknown): void {
  if (entry.filled) (entry.contents as unknown[]).push(element)
  else {
    entry.contents = [element]
    entry.filled = true
  }
}

function mergeElements(into: WindowEntry, from: WindowEntry): void {
  const elements = from.contents as unknown[]
  if (!into.filled) {
    into.contents = elements
    into.filled = true
    return
  }
  const all = into.contents as unknown[]
  for (const element of elements) all.push(element)
}
