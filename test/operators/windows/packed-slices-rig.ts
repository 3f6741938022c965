/**
 * Sliding windows whose slices are packed, or objects, or in turns, through steps that a test spells: records, partial results, watermarks and
 * snapshots that are packed meanwhile. And what the definition of sliding windows says of the same steps.
 */
import * as assert from 'uvu/assert'
import type { AggregateFunction } from '../../../api/index.ts'
import { canonicalKey } from '../../../checkpoint/canonical-key.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { SnapshotCut } from '../../../checkpoint/state/snapshot-cut.ts'
import type { Operator } from '../../../operators/operator.ts'
import { partialForm } from '../../../operators/windows/partial-result.ts'
import { slidingAggregate } from '../../../operators/windows/sliding-aggregate.ts'
import type { FiredWindow } from '../../../operators/windows/window-aggregate.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { Collector, fakeContext, testBackend, untilDone } from '../operator-fakes.ts'

export type Key = string | number | bigint | readonly (string | number)[]

/** A record. */
export interface Sale {
  readonly shop: Key
  readonly amount: number | null
}

/** What happens to an operator. */
export type Step =
  | {
      readonly kind: 'sales'
      readonly shop: Key
      readonly amounts: readonly (number | null)[]
      readonly at: number
      readonly partial: boolean
    }
  /** `waits`: the output may be full, and what follows comes while the firing waits. */
  | { readonly kind: 'watermark'; readonly at: number; readonly waits?: boolean }
  /** A snapshot begins and some of it is packed; `restore` finishes it, and another operator begins where it was cut. */
  | { readonly kind: 'cut'; readonly entries: number }
  | { readonly kind: 'pack'; readonly entries: number }
  | { readonly kind: 'restore' }

/** Of sliding windows, in ms. */
export interface Shape {
  readonly size: number
  readonly slide: number
  readonly offset: number
}

export type Sales = AggregateFunction<Sale, unknown, unknown>

/** An operator and its steps. `stubborn`: its output refuses every second call. */
export interface Case {
  readonly aggregate: () => Sales
  readonly shape: Shape
  readonly keyed: boolean
  readonly stubborn: boolean
  readonly steps: readonly Step[]
}

interface Row {
  readonly key: unknown
  readonly windowStart: number
  readonly windowEnd: number
  readonly result: unknown
}

/** What has left, and how many records were late. */
export interface Outcome {
  readonly rows: readonly Row[]
  readonly late: number
}

export type Kind = 'packed' | 'objects'

/** An operator, and all that was done with it. */
class Rig {
  readonly #how: Omit<Case, 'steps'>
  readonly #kinds: readonly Kind[]
  readonly #aggregate: Sales
  #output: Collector
  #operator: Operator<never>
  #context: ReturnType<typeof fakeContext>
  #turn = 0
  /** What happened before the operator was opened. */
  #before: Outcome = { rows: [], late: 0 }
  #cut: SnapshotCut | undefined
  #atCut: Outcome = this.#before

  constructor(kinds: readonly Kind[], how: Omit<Case, 'steps'>) {
    this.#kinds = kinds
    this.#how = how
    this.#aggregate = how.aggregate()
    this.#output = new Collector(how.stubborn)
    ;({ operator: this.#operator, context: this.#context } = this.#open([]))
  }

  #open(restored: readonly OperatorSnapshot[]) {
    const { shape, keyed } = this.#how
    const operator = slidingAggregate({
      name: 'sliding',
      ...shape,
      aggregate: this.#aggregate,
      key: keyed ? (sale: Sale) => sale.shop : undefined,
      result: (result, { key, windowStart, windowEnd }: FiredWindow<Key>): Row => {
        return { key, windowStart, windowEnd, result }
      },
      takesPartialResults: true,
      isPacked: this.#kinds[this.#turn++ % this.#kinds.length] === 'packed',
    })
    this.#output = new Collector(this.#how.stubborn)
    const state = testBackend('operator', new ManualClock(), restored)
    const context = { ...fakeContext(), state }
    operator.open(context, this.#output)
    return { operator: operator as Operator<never>, context }
  }

  get outcome(): Outcome {
    const { rows, late } = this.#before
    return {
      rows: [...rows, ...(this.#output.values as Row[])],
      late: late + (this.#context.counters.get('lateRecordsDropped')?.value ?? 0),
    }
  }

  step(step: Step): 'restored' | undefined {
    if (step.kind === 'watermark') {
      const fire = (): boolean => this.#operator.processWatermark(step.at)
      if (step.waits === true) fire()
      else untilDone(fire)
    } else if (step.kind === 'sales') this.#add(step)
    else if (step.kind === 'cut') {
      this.#cut = this.#context.state.cut()
      this.#atCut = this.outcome
      this.#cut.step(step.entries)
    } else if (step.kind === 'pack') {
      this.#cut?.step(step.entries)
    } else if (this.#cut !== undefined) {
      const snapshot = this.#cut.finish()
      this.#cut = undefined
      this.#before = this.#atCut
      this.#operator.close()
      ;({ operator: this.#operator, context: this.#context } = this.#open([snapshot]))
      return 'restored'
    }
    return undefined
  }

  #add({ shop, amounts, at, partial }: Extract<Step, { readonly kind: 'sales' }>): void {
    if (!partial) {
      for (const amount of amounts) this.#operator.processRecord({ shop, amount } as never, at)
      return
    }
    const accumulator = amounts.reduce(
      (all: unknown, amount) => this.#aggregate.add(all, { shop, amount }),
      this.#aggregate.createAccumulator(),
    )
    const { make } = partialForm(this.#aggregate)
    const result = make(accumulator, amounts.length, this.#how.keyed ? shop : null)
    this.#operator.processRecord(result as never, at)
  }

  close(): Outcome {
    untilDone(() => this.#operator.endInput())
    const { outcome } = this
    assert.equal(this.#context.state.snapshot().groups, [], 'something is left')
    this.#operator.close()
    return outcome
  }
}

/** Runs the steps. After a restore, what came since the cut comes again. */
export function outcome(kinds: readonly Kind[], { steps, ...how }: Case): Outcome {
  const rig = new Rig(kinds, how)
  let sinceCut: Step[] = []
  let watermark = Number.NEGATIVE_INFINITY
  let watermarkAtCut = watermark
  for (const step of steps) {
    if (step.kind === 'watermark') watermark = step.at
    if (step.kind === 'cut') {
      sinceCut = []
      watermarkAtCut = watermark
    } else if (step.kind !== 'restore') sinceCut.push(step)
    if (rig.step(step) !== 'restored') continue
    if (watermarkAtCut > Number.NEGATIVE_INFINITY)
      rig.step({ kind: 'watermark', at: watermarkAtCut })
    for (const again of sinceCut) rig.step(again)
    sinceCut = []
  }
  return rig.close()
}

/** From the definition: every window is the list of what came for it before the watermark passed its end. */
export function defined({ aggregate: make, shape, keyed, steps }: Case): Outcome {
  const { size, slide, offset } = shape
  const aggregate = make()
  const windows = new Map<string, { key: unknown; start: number; sales: Sale[] }>()
  const rows: Row[] = []
  let late = 0
  let watermark = Number.NEGATIVE_INFINITY
  const fire = (): void => {
    for (const [id, { key, start, sales }] of windows) {
      if (start + size - 1 > watermark) continue
      windows.delete(id)
      const all = sales.reduce(
        (before: unknown, sale) => aggregate.add(before, sale),
        aggregate.createAccumulator(),
      )
      const result = aggregate.getResult(all)
      rows.push({ key, windowStart: start, windowEnd: start + size, result })
    }
  }
  for (const step of steps) {
    if (step.kind === 'watermark') {
      watermark = Math.max(watermark, step.at)
      fire()
    }
    if (step.kind !== 'sales') continue
    const { shop, amounts, at } = step
    let counted = false
    for (
      let start = Math.floor((at - offset) / slide) * slide + offset;
      start > at - size;
      start -= slide
    ) {
      if (start + size - 1 <= watermark) continue
      counted = true
      const id = `${keyed ? `${typeof shop} ${String(canonicalKey(shop))}` : ''} ${start}`
      const key = keyed ? (shop === 0 ? 0 : shop) : undefined
      const window = windows.get(id) ?? { key, start, sales: [] }
      window.sales.push(...amounts.map((amount) => ({ shop, amount })))
      windows.set(id, window)
    }
    if (!counted) late += amounts.length
  }
  watermark = Number.POSITIVE_INFINITY
  fire()
  return { rows, late }
}

/** As text that tells -0 from 0 and bigints from numbers. */
export function spelled(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value !== 'number') return value
    return Object.is(value, -0) ? '-0' : String(value)
  })
}

/** Rows in any order, but in that of their windows. */
export function inAnyOrder({ rows, late }: Outcome): unknown {
  const lines = rows.map((row) => ({ end: row.windowEnd, line: spelled(row) }))
  lines.sort((a, b) => a.end - b.end || (a.line < b.line ? -1 : 1))
  return { lines, late }
}
