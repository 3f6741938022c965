/**
 * Holds the interval join against cases transcribed from Flink's own tests: in all modes of the harness, and in both feeding orders
 * where a case asks for it.
 *
 * Records are their own timestamps; the result of a pair is `[left, right]`. What the other files say differently is understood here
 * too: results as `{ value, ts }`, `sorted` for any order, and errors as a step of their own.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag } from '../../api/index.ts'
import type { Stream } from '../../api/index.ts'
import { HARNESS_MODES, twoInputHarness } from '../../api/testing/index.ts'
import type { HarnessItem, HarnessMode, HarnessSnapshot } from '../../api/testing/index.ts'
import type { BufferPayload } from '../../operators/joins/interval-join-buffer.ts'
import { rejects } from '../runner/expect.ts'
import { testCases } from './cases.ts'

type Time = number | 'MIN' | 'MAX' | null
type Result<T> = T | { readonly value: T; readonly ts: number }
type Side = 'left' | 'right'
type Pair = readonly [left: number, right: number]

type Step =
  | {
      readonly op: 'element'
      readonly input: Side
      readonly ts?: Time
      readonly expectError?: unknown
    }
  | { readonly op: 'watermark'; readonly input?: Side; readonly ts: Time }
  | { readonly op: 'snapshot' }
  | { readonly op: 'restoreFromSnapshot' }
  | {
      readonly op: 'expect'
      readonly unordered?: boolean
      readonly sorted?: boolean
      readonly output?: string
      readonly records: readonly Result<Pair | number>[]
    }
  | { readonly op: 'expectError' }
  | { readonly op: 'expectBuffer'; readonly input: Side; readonly ts: readonly number[] }
  | { readonly op: 'expectNoRecordBehindWatermark' }

interface Case {
  readonly name: string
  readonly config: {
    readonly lower: number
    readonly lowerInclusive: boolean
    readonly upper: number
    readonly upperInclusive: boolean
    readonly lateLeft?: unknown
    readonly lateRight?: unknown
  }
  readonly steps: readonly Step[]
  readonly alsoTry?: string
}

interface Outputs {
  readonly main: Pair
  readonly lateLeft: number
  readonly lateRight: number
}

const lateLeft = outputTag<number>('late left')
const lateRight = outputTag<number>('late right')

function timeOf(time: Time | undefined): number {
  if (time === 'MAX') return Infinity
  // The smallest time, or whatever word there is for none.
  return typeof time === 'number' ? time : -Infinity
}

function isStamped<T>(result: Result<T>): result is { readonly value: T; readonly ts: number } {
  return typeof result === 'object' && result !== null && 'ts' in result
}

function open({ config }: Case, mode: HarnessMode, restore?: HarnessSnapshot) {
  return twoInputHarness(
    (left: Stream<number>, right: Stream<number>) => {
      const main = left
        .keyBy(() => 'key')
        .intervalJoin(
          right.keyBy(() => 'key'),
          {
            lowerMs: config.lower,
            upperMs: config.upper,
            lowerInclusive: config.lowerInclusive,
            upperInclusive: config.upperInclusive,
            lateLeft,
            lateRight,
          },
        )
        .inner((l, r, { leftTimestamp, rightTimestamp }): Pair => {
          assert.equal([l, r], [leftTimestamp, rightTimestamp])
          return [l, r]
        })
      return { main, lateLeft: main.sideOutput(lateLeft), lateRight: main.sideOutput(lateRight) }
    },
    { mode, ...(restore === undefined ? {} : { restore }) },
  )
}

/** Runs the steps of one case, with any number of operators one after the other. */
class Run {
  readonly #given: Case
  readonly #mode: HarnessMode
  #harness: ReturnType<typeof open>
  #snapshot: HarnessSnapshot = []
  /** All that came out so far, for the rules about all of it. */
  readonly #items: HarnessItem<Pair>[] = []
  #expectFrom = 0
  #lastFailed = false

  constructor(given: Case, mode: HarnessMode) {
    this.#given = given
    this.#mode = mode
    this.#harness = open(given, mode)
  }

  async step(step: Step): Promise<void> {
    switch (step.op) {
      case 'element':
        return this.#element(step)
      case 'watermark':
        return this.#watermark(step.input, timeOf(step.ts))
      case 'snapshot':
        this.#snapshot = this.#harness.snapshot()
        return
      case 'restoreFromSnapshot':
        this.#collect()
        this.#harness.close()
        this.#harness = open(this.#given, this.#mode, this.#snapshot)
        return
      case 'expect':
        return this.#expect(step)
      case 'expectError':
        assert.ok(this.#lastFailed, 'the last element was an error')
        return
      case 'expectBuffer':
        assert.equal(this.#buffered(step.input), step.ts, `buffered on the ${step.input} side`)
        return
      case 'expectNoRecordBehindWatermark':
        return this.#expectInTime()
      default:
        throw new Error(`the adapter does not know the step ${JSON.stringify(step)}`)
    }
  }

  close(): void {
    this.#harness.close()
  }

  async #element(step: Step & { readonly op: 'element' }): Promise<void> {
    const time = timeOf(step.ts)
    const feed = (): void => {
      if (step.input === 'left') this.#harness.processRecord1(time, time)
      else this.#harness.processRecord2(time, time)
    }
    // Flink's test of records without a timestamp expects an exception.
    this.#lastFailed = time === -Infinity || step.expectError !== undefined
    if (this.#lastFailed) await rejects(feed, { code: 'NO_TIMESTAMP' })
    else feed()
  }

  #watermark(input: Side | undefined, time: number): void {
    if (input !== 'right') this.#harness.processWatermark1(time)
    if (input !== 'left') this.#harness.processWatermark2(time)
  }

  #collect(): void {
    this.#items.push(...this.#harness.takeItems('main'))
  }

  #expect(step: Step & { readonly op: 'expect' }): void {
    const { output = 'main', records } = step
    this.#collect()
    const got = output === 'main' ? this.#newPairs() : this.#late(output)
    const anyOrder = step.unordered === true || step.sorted === true
    const order = (a: unknown, b: unknown): number =>
      JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
    const expected = records.map((result) => (isStamped(result) ? result.value : result))
    assert.equal(
      anyOrder ? got.toSorted(order) : got,
      anyOrder ? expected.toSorted(order) : expected,
    )
    for (const result of records)
      if (isStamped(result)) assert.is([result.value].flat().reduce(later), result.ts)
  }

  #newPairs(): Pair[] {
    const items = this.#items.slice(this.#expectFrom)
    this.#expectFrom = this.#items.length
    return items.flatMap((item) => {
      if ('watermark' in item) return []
      assert.is(item.timestamp, Math.max(...item.value))
      return [item.value]
    })
  }

  #late(output: string): number[] {
    const name: keyof Outputs = /right/i.test(output) ? 'lateRight' : 'lateLeft'
    return this.#harness.takeValues(name)
  }

  #buffered(side: Side): readonly number[] {
    const entry = this.#harness.stateEntries().find(({ state }) => state === 'buffers')
    if (entry === undefined) return []
    const [, left, right] = entry.value as readonly [number, BufferPayload, BufferPayload]
    return (side === 'left' ? left : right)[0]
  }

  #expectInTime(): void {
    this.#collect()
    let watermark = -Infinity
    for (const item of this.#items) {
      if ('watermark' in item) watermark = item.watermark
      else assert.ok(item.timestamp >= watermark, `${item.timestamp} is behind ${watermark}`)
    }
  }
}

const later = (a: number, b: number): number => Math.max(a, b)

function isInput(step: Step): boolean {
  return step.op === 'element' || step.op === 'watermark'
}

/** The elements and watermarks of the right side first, then those of the left one. */
function rightFirst(steps: readonly Step[]): Step[] {
  const inputs = steps.filter(isInput)
  const of = (side: Side): Step[] => inputs.filter((step) => 'input' in step && step.input === side)
  return [...of('right'), ...of('left'), ...steps.filter((step) => !isInput(step))]
}

async function runSteps(given: Case, steps: readonly Step[], mode: HarnessMode): Promise<void> {
  const run = new Run(given, mode)
  for (const step of steps) await run.step(step)
  run.close()
}

testCases('interval-join-cases.json', async (given: Case) => {
  for (const mode of HARNESS_MODES) {
    await runSteps(given, given.steps, mode)
    if (given.alsoTry !== undefined) await runSteps(given, rightFirst(given.steps), mode)
  }
})

test.run()
