/**
 * Holds watermark generators, the idleness timer and the multiplexer of splits against cases transcribed from Flink's own tests.
 *
 * Outputs of the multiplexer are immediate unless the case says that they are deferred: what is said to an immediate one is combined
 * at once, what is said to a deferred one at the next `periodicEmit`.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { IdlenessTimer, withIdleness } from '../../operators/time/idleness.ts'
import type { PartialWatermark } from '../../operators/time/watermark-multiplexer.ts'
import { WatermarkMultiplexer } from '../../operators/time/watermark-multiplexer.ts'
import { boundedOutOfOrderness, monotonous } from '../../operators/time/watermarks.ts'
import type { WatermarkGenerator, WatermarkStrategy } from '../../operators/time/watermarks.ts'
import { ManualClock } from '../../runtime/manual-clock.ts'
import { testCases } from './cases.ts'

type Time = number | 'MIN' | 'MAX' | null
type OutputId = number | string
/** Which output, or (`immediate`, `deferred`) how what is said to it is combined, or both. */
type OutputSpec =
  | OutputId
  | {
      readonly id?: OutputId
      readonly name?: OutputId
      readonly deferred?: boolean
      readonly kind?: string
      readonly mode?: string
    }

type GeneratorConfig =
  | { readonly kind: 'boundedOutOfOrderness'; readonly delayMs: number }
  | { readonly kind: 'monotonous' | 'ascending' | 'ascendingTimestamps' | 'monotonousTimestamps' }
  | { readonly kind: 'idleness'; readonly timeoutMs: number }
  | {
      readonly kind: 'multiplexer'
      readonly outputs?: number | readonly OutputSpec[]
      /** All outputs, or those with these numbers. */
      readonly deferred?: boolean | readonly OutputId[]
    }

interface Step {
  readonly op: string
  readonly ts?: Time
  readonly ms?: number
  readonly output?: OutputId
  readonly deferred?: boolean
  readonly mode?: string
  readonly expect?: boolean
  readonly value?: boolean
  readonly expectError?: boolean
}

interface Case {
  readonly name: string
  readonly generator: GeneratorConfig
  readonly expectError?: boolean
  readonly steps?: readonly Step[]
}

/** Does one step; false: it does not know it. */
type Machine = (step: Step) => boolean

/** Null: no watermark yet, which is here the same as the smallest. */
function timeOf(time: Time | undefined): number {
  if (time === 'MIN' || time === null || time === undefined) return -Infinity
  return time === 'MAX' ? Infinity : time
}

function generatorMachine(strategy: WatermarkStrategy): Machine {
  const generator: WatermarkGenerator = strategy.createGenerator()
  return ({ op, ts }) => {
    switch (op) {
      case 'event':
        generator.onBatch?.(Float64Array.of(timeOf(ts)), 1)
        return true
      case 'periodicEmit':
        generator.onPeriodicEmit?.()
        return true
      case 'expectWatermark':
        assert.is(generator.current, timeOf(ts))
        return true
      default:
        return false
    }
  }
}

function idlenessMachine(timeoutMs: number): Machine {
  const { idleTimeoutMs = 0 } = withIdleness(monotonous(), timeoutMs)
  const clock = new ManualClock()
  const timer = new IdlenessTimer(clock, idleTimeoutMs)
  return ({ op, ms = 0, expect, value }) => {
    switch (op) {
      case 'event':
        timer.activity()
        return true
      case 'advanceClock':
        clock.advance(ms)
        return true
      case 'checkIdle':
      case 'expectIdle': {
        const { idle } = timer
        const expected = expect ?? value
        if (expected !== undefined) assert.is(idle, expected)
        return true
      }
      default:
        return false
    }
  }
}

interface Known {
  readonly output: PartialWatermark
  readonly deferred: boolean
}

/** The multiplexer as it is seen by what stands behind it. */
class Multiplexed {
  readonly #multiplexer = new WatermarkMultiplexer()
  readonly #outputs = new Map<string, Known>()
  readonly #allDeferred: boolean
  /** As whoever stands behind it sees it: active again with the next watermark. */
  #idle = false

  constructor(config: Extract<GeneratorConfig, { kind: 'multiplexer' }>) {
    const { outputs = 0, deferred = false } = config
    this.#allDeferred = deferred === true
    const specs = typeof outputs === 'number' ? numbers(outputs) : outputs
    specs.forEach((spec, i) => {
      const id = idOf(spec) ?? i + 1
      const listed = Array.isArray(deferred) && deferred.includes(id)
      this.#register(id, listed || isDeferred(spec) || this.#allDeferred)
    })
  }

  readonly step: Machine = (step) => {
    // `deferredWatermark` and the like say in their name what the others say in a field.
    const [, mode, rest = ''] = /^(deferred|immediate)([A-Z]\w*)$/.exec(step.op) ?? []
    if (mode === undefined) return this.#step(step)
    const op = rest.slice(0, 1).toLowerCase() + rest.slice(1)
    return this.#step({ ...step, op, mode })
  }

  #step(step: Step): boolean {
    switch (step.op) {
      case 'register':
      case 'registerOutput':
      case 'registerNewOutput':
        this.#register(step.output ?? 1, isDeferred(step) || this.#allDeferred)
        return true
      case 'remove':
      case 'removeOutput':
      case 'unregister':
      case 'unregisterOutput': {
        const removed = this.#unregister(step.output ?? 1)
        const expected = step.expect ?? step.value
        if (expected !== undefined) assert.is(removed, expected)
        return true
      }
      case 'watermark':
      case 'emitWatermark': {
        const { output, deferred } = this.#known(step)
        const advanced = output.advanceTo(timeOf(step.ts))
        if (!deferred && advanced) this.#update()
        return true
      }
      case 'idle':
      case 'markIdle':
      case 'active':
      case 'markActive': {
        const { output, deferred } = this.#known(step)
        const idle = step.op === 'idle' || step.op === 'markIdle'
        output.setIdle(idle)
        if (!deferred && idle) this.#update()
        return true
      }
      case 'periodicEmit':
      case 'onPeriodicEmit':
        this.#update()
        return true
      case 'expectWatermark':
        assert.is(this.#multiplexer.watermark, timeOf(step.ts))
        return true
      case 'expectIdle':
        assert.is(this.#idle, step.value ?? step.expect ?? true)
        return true
      default:
        return false
    }
  }

  #update(): void {
    const advanced = this.#multiplexer.update()
    if (advanced) this.#idle = false
    else if (this.#multiplexer.idle) this.#idle = true
  }

  #register(id: OutputId, deferred: boolean): void {
    assert.not.ok(this.#outputs.has(String(id)), `output ${id} is registered twice`)
    this.#outputs.set(String(id), { output: this.#multiplexer.add(), deferred })
  }

  #unregister(id: OutputId): boolean {
    const known = this.#outputs.get(String(id))
    this.#outputs.delete(String(id))
    return known !== undefined && this.#multiplexer.remove(known.output)
  }

  /** A step may say itself how it is meant: both kinds may lead to one output. */
  #known(step: Step): Known {
    const known = this.#outputs.get(String(step.output ?? 1))
    if (known === undefined) throw new Error(`The case has no output ${String(step.output)}`)
    if (step.deferred === undefined && step.mode === undefined) return known
    return { output: known.output, deferred: isDeferred(step) }
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

function idOf(spec: OutputSpec): OutputId | undefined {
  if (spec === 'immediate' || spec === 'deferred') return undefined
  return typeof spec === 'object' ? (spec.id ?? spec.name) : spec
}

function isDeferred(spec: OutputSpec | Step): boolean {
  if (typeof spec !== 'object') return spec === 'deferred'
  if (spec.deferred !== undefined) return spec.deferred
  return spec.mode === 'deferred' || ('kind' in spec && spec.kind === 'deferred')
}

function machineOf(config: GeneratorConfig): Machine {
  switch (config.kind) {
    case 'boundedOutOfOrderness':
      return generatorMachine(boundedOutOfOrderness(config.delayMs))
    case 'monotonous':
    case 'ascending':
    case 'ascendingTimestamps':
    case 'monotonousTimestamps':
      return generatorMachine(monotonous())
    case 'idleness':
      return idlenessMachine(config.timeoutMs)
    case 'multiplexer':
      return new Multiplexed(config).step
  }
  throw new Error(`The adapter knows no generator ${JSON.stringify(config)}`)
}

testCases<Case>('watermark-generator-cases.json', ({ generator, expectError, steps = [] }) => {
  if (expectError === true) {
    assert.throws(() => machineOf(generator), /expects a number of milliseconds/)
    return
  }
  const machine = machineOf(generator)
  for (const step of steps) {
    if (step.expectError === true) {
      assert.throws(() => machine(step))
      continue
    }
    if (!machine(step)) throw new Error(`The adapter knows no step ${JSON.stringify(step)}`)
  }
})

test.run()
