/**
 * A nested loop that says what an interval join must do, and the random streams to try it with.
 */
import * as fc from 'fast-check'
import type { Stream } from '../../../api/index.ts'
import { outputTag } from '../../../api/index.ts'
import type { IntervalJoinKind } from '../../../operators/joins/interval-join.ts'

/** A record; its time is its event time. */
export interface Item {
  readonly key: string
  readonly id: number
  readonly time: number
}

/** What happens to a join. */
export type Step =
  | { readonly side: 'left' | 'right'; readonly item: Item }
  | { readonly watermark: number }

/** What a join is asked for. */
export interface Setup {
  readonly kind: IntervalJoinKind
  readonly lowerMs: number
  readonly upperMs: number
  readonly lowerInclusive: boolean
  readonly upperInclusive: boolean
}

/** A result: the ids of the pair, -1 for nobody, and its time. */
export type Row = readonly [left: number, right: number, time: number]

export const LATE_LEFT = outputTag<Item>('late left')
export const LATE_RIGHT = outputTag<Item>('late right')

/** The join under test. */
export const joinOf =
  ({ kind, ...bounds }: Setup) =>
  (left: Stream<Item>, right: Stream<Item>) => {
    const joined = left
      .keyBy(({ key }) => key)
      .intervalJoin(
        right.keyBy(({ key }) => key),
        { ...bounds, lateLeft: LATE_LEFT, lateRight: LATE_RIGHT },
      )
    const idOf = (item: Item | undefined): number => item?.id ?? -1
    const pair = (l: Item | undefined, r: Item | undefined, { key }: { key: string }): Row => {
      for (const item of [l, r])
        if (item !== undefined && item.key !== key) throw new Error(`key ${key} of ${item.key}`)
      return [idOf(l), idOf(r), Math.max(l?.time ?? -Infinity, r?.time ?? -Infinity)]
    }
    const main = joined[kind](pair, { name: 'join' })
    return { main, left: main.sideOutput(LATE_LEFT), right: main.sideOutput(LATE_RIGHT) }
  }

interface Kept {
  readonly side: 'left' | 'right'
  readonly item: Item
  readonly needless: number
  matched: boolean
}

/** Goes through all records kept for every record that comes. */
export class Model {
  readonly late: Item[] = []
  readonly #setup: Setup
  readonly #lower: number
  readonly #upper: number
  #kept: Kept[] = []
  #watermark = -Infinity

  constructor(setup: Setup) {
    this.#setup = setup
    this.#lower = setup.lowerMs + (setup.lowerInclusive ? 0 : 1)
    this.#upper = setup.upperMs - (setup.upperInclusive ? 0 : 1)
  }

  /** How many records it keeps. */
  get size(): number {
    return this.#kept.length
  }

  /** What leaves at a step, in no particular order. */
  step(step: Step): Row[] {
    return 'watermark' in step ? this.#advance(step.watermark) : this.#add(step.side, step.item)
  }

  belong(left: Item, right: Item): boolean {
    const distance = right.time - left.time
    return left.key === right.key && distance >= this.#lower && distance <= this.#upper
  }

  #add(side: 'left' | 'right', item: Item): Row[] {
    if (item.time < this.#watermark) {
      this.late.push(item)
      return []
    }
    const rows: Row[] = []
    const reach = side === 'left' ? Math.max(this.#upper, 0) : Math.max(-this.#lower, 0)
    const mine: Kept = { side, item, needless: item.time + reach, matched: false }
    for (const other of this.#kept) {
      if (other.side === side) continue
      const [l, r] = side === 'left' ? [item, other.item] : [other.item, item]
      if (!this.belong(l, r)) continue
      mine.matched = true
      other.matched = true
      rows.push([l.id, r.id, Math.max(l.time, r.time)])
    }
    this.#kept.push(mine)
    return rows
  }

  #advance(watermark: number): Row[] {
    if (watermark <= this.#watermark) return []
    this.#watermark = watermark
    const gone = this.#kept.filter(({ needless }) => needless <= watermark)
    this.#kept = this.#kept.filter(({ needless }) => needless > watermark)
    const { kind } = this.#setup
    return gone.flatMap(({ side, item, matched }) => {
      if (matched || (kind !== 'full' && kind !== side)) return []
      return [
        side === 'left' ? ([item.id, -1, item.time] as const) : ([-1, item.id, item.time] as const),
      ]
    })
  }
}

const smallTime = fc.integer({ min: -12, max: 30 })

/** Kinds and bounds of any sign that are not empty. */
export const anySetup: fc.Arbitrary<Setup> = fc
  .record({
    kind: fc.constantFrom<IntervalJoinKind>('inner', 'left', 'right', 'full'),
    lowerMs: fc.integer({ min: -8, max: 8 }),
    width: fc.integer({ min: 0, max: 10 }),
    lowerInclusive: fc.boolean(),
    upperInclusive: fc.boolean(),
  })
  .filter(
    ({ width, lowerInclusive, upperInclusive }) =>
      width >= (lowerInclusive ? 0 : 1) + (upperInclusive ? 0 : 1),
  )
  .map(({ width, ...setup }) => ({ ...setup, upperMs: setup.lowerMs + width }))

/** Records in any order, of which many are late, with watermarks between them. One side may be empty. */
export const anySteps: fc.Arbitrary<Step[]> = fc
  .record({
    sides: fc.constantFrom<readonly ('left' | 'right')[]>(['left', 'right'], ['left'], ['right']),
    moves: fc.array(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({
            key: fc.constantFrom('a', 'b', 'c'),
            time: smallTime,
            pick: fc.nat(1),
          }),
        },
        { weight: 1, arbitrary: fc.record({ watermark: smallTime }) },
      ),
      { maxLength: 60 },
    ),
    drift: fc.boolean(),
  })
  .map(({ sides, moves, drift }) =>
    moves.map((move, id): Step => {
      // With drift, times go up as they do in practice, and few records are late.
      const base = drift ? id : 0
      if ('watermark' in move) return { watermark: move.watermark + (drift ? base - 20 : 0) }
      const item = { key: move.key, id, time: base + (drift ? move.time % 6 : move.time) }
      return { side: sides[move.pick % sides.length] ?? 'left', item }
    }),
  )

/** In an order of their own. */
export function sorted(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
}
