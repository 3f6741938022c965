/**
 * Holds window operators against cases transcribed from Flink's own tests, in all modes of the harness.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag } from '../../api/index.ts'
import type { Emit, KeyedStream, Stream, WindowContext, WindowedStream } from '../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../api/testing/index.ts'
import type { HarnessItem, HarnessMode, HarnessSnapshot } from '../../api/testing/index.ts'
import { skip } from '../runner/expect.ts'
import { casesOf } from './cases.ts'
import {
  assignerOf,
  evictorOf,
  NotUnderstood,
  periodOf,
  timeOf as moved,
  triggerOf,
} from './window-cases.ts'
import type { AssignerConfig, EvictorConfig, Pair, Time, TriggerConfig } from './window-cases.ts'

interface Config {
  readonly keyBy: string
  readonly assigner: AssignerConfig
  readonly trigger?: TriggerConfig
  readonly evictor?: EvictorConfig
  readonly allowedLateness?: number
  readonly lateSideOutput?: boolean
  /** What the window keeps: `reduce` and `aggregate` are computed as records come. */
  readonly state?: string
  readonly windowFunction: string
  readonly custom?: string
}

type Expected = { readonly value: unknown; readonly ts: Time } | { readonly watermark: Time }

type Step =
  | { readonly op: 'element'; readonly value: Pair; readonly ts?: Time | null }
  | { readonly op: 'watermark' | 'processingTime'; readonly ts: Time }
  | { readonly op: 'snapshot' | 'restoreFromSnapshot' }
  | {
      readonly op: 'expect'
      readonly output: 'main' | 'late'
      readonly sorted?: boolean
      readonly records: readonly Expected[]
    }

interface Case {
  readonly name: string
  readonly config: Config
  readonly steps: readonly Step[]
}

type Context = WindowContext<string>

const OPS: readonly string[] = [
  'element',
  'watermark',
  'processingTime',
  'snapshot',
  'restoreFromSnapshot',
  'expect',
] satisfies readonly Step['op'][]

const LATE = outputTag<Pair>('late')

function build(config: Config, records: Stream<Pair>) {
  if (config.keyBy !== 'value[0]') throw new NotUnderstood(`keyBy ${config.keyBy}`)
  const windows = settingsOf(
    withCustom(config),
    records.keyBy(([key]) => key),
  )
  const main = functionOf(config, windows)
  return { main, late: main.sideOutput(LATE) }
}

/** What is said in words of the whole case belongs to its assigner or its trigger. */
function withCustom({ custom, ...config }: Config): Config {
  if (custom === undefined) return config
  if (/assign/i.test(custom)) return { ...config, assigner: { ...config.assigner, custom } }
  return { ...config, trigger: { kind: 'custom', ...config.trigger, custom } }
}

function settingsOf(
  { assigner, trigger, evictor, allowedLateness = 0, lateSideOutput = false }: Config,
  keyed: KeyedStream<string, Pair>,
): WindowedStream<string, Pair> {
  let windows = keyed.window(assignerOf(assigner))
  if (trigger !== undefined && !isDefault(trigger, assigner))
    windows = windows.trigger(triggerOf(trigger, allowedLateness))
  if (evictor !== undefined) windows = windows.evictor(evictorOf(evictor))
  // Where it says nothing, Flink takes it nevertheless.
  if (allowedLateness > 0 && isTimed(assigner)) windows = windows.allowedLateness(allowedLateness)
  if (lateSideOutput && isTimed(assigner)) windows = windows.sideOutputLate(LATE)
  return windows
}

/** Without a trigger of its own a window may take the fast path, which the cases are to hold too. */
function isDefault(
  { kind, custom }: TriggerConfig,
  { kind: assigner, time }: AssignerConfig,
): boolean {
  if (custom !== undefined) return false
  return assigner !== 'global' && kind === `${time ?? 'event'}Time`
}

function isTimed({ kind, time }: AssignerConfig): boolean {
  return kind !== 'global' && time !== 'processing'
}

/** The functions of the cases: on what an aggregate has made of the records, or on the records. */
function functionOf(
  { windowFunction, state = 'list' }: Config,
  windows: WindowedStream<string, Pair>,
): Stream<unknown> {
  const incremental = state !== 'list'
  switch (windowFunction) {
    case 'sum':
      return incremental
        ? windows.reduce(add)
        : windows.process({
            process: ({ key }: Context, records, emit: Emit<Pair>) => {
              emit([key, sumOf(records)])
            },
          })
    case 'session-sum':
      return incremental
        ? windows.reduce(add, ([, sum], { key, windowStart, windowEnd }) => [
            `${key}-${sum}`,
            windowStart,
            windowEnd,
          ])
        : windows.process({
            process: ({ key, window }: Context, records, emit: Emit<unknown>) => {
              emit([`${key}-${sumOf(records)}`, window.start, window.end])
            },
          })
    case 'each':
      return incremental ? windows.reduce(add) : each(windows, (record) => record)
    case 'got-each':
      return incremental
        ? windows.reduce(add, ([key, value]) => `GOT: (${key},${value})`)
        : each(windows, ([key, value]) => `GOT: (${key},${value})`)
    default:
      throw new NotUnderstood(`the window function '${windowFunction}'`)
  }
}

function each(
  windows: WindowedStream<string, Pair>,
  show: (record: Pair) => unknown,
): Stream<unknown> {
  return windows.process({
    process: (_context: Context, records, emit: Emit<unknown>) => {
      for (const record of records) emit(show(record))
    },
  })
}

function add([key, a]: Pair, [, b]: Pair): Pair {
  return [key, a + b]
}

function sumOf(records: readonly Pair[]): number {
  return records.reduce((sum, [, value]) => sum + value, 0)
}

/** Records in a defined order, to compare those of one time in any order, as Flink's tests do. */
function inOrder(items: readonly HarnessItem<unknown>[], sorted: boolean): unknown[] {
  if (!sorted) return [...items]
  const watermarks = items.map((item) => ('watermark' in item ? item : 'record'))
  const records = items
    .filter((item) => !('watermark' in item))
    .map((item) => JSON.stringify(item))
    .sort()
  return [watermarks, records]
}

function open(config: Config, mode: HarnessMode, startMs: number, restore: HarnessSnapshot) {
  return operatorHarness((records: Stream<Pair>) => build(config, records), {
    mode,
    startMs,
    restore,
  })
}

function check({ config, steps }: Case, mode: HarnessMode): void {
  let harness = open(config, mode, 0, [])
  let snapshot: HarnessSnapshot = []
  const period = periodOf(config.assigner)
  const timeOf = (time: Time): number => moved(time, period)
  const collected: Record<'main' | 'late', HarnessItem<unknown>[]> = { main: [], late: [] }
  const collect = (): void => {
    collected.main.push(...harness.takeItems('main'))
    collected.late.push(...harness.takeItems('late').filter((item) => !('watermark' in item)))
  }
  for (const step of steps) {
    switch (step.op) {
      case 'element':
        harness.processRecord(step.value, timeOf(step.ts ?? 'MIN'))
        break
      case 'watermark':
        harness.processWatermark(timeOf(step.ts))
        break
      case 'processingTime':
        harness.setProcessingTime(timeOf(step.ts))
        break
      case 'snapshot':
        snapshot = harness.snapshot()
        break
      case 'restoreFromSnapshot':
        collect()
        harness.close()
        harness = open(config, mode, harness.clock.now(), snapshot)
        break
      case 'expect': {
        collect()
        const expected = step.records.map((record) =>
          'watermark' in record
            ? { watermark: timeOf(record.watermark) }
            : { value: record.value, timestamp: timeOf(record.ts) },
        )
        const { sorted = true } = step
        assert.equal(inOrder(collected[step.output].splice(0), sorted), inOrder(expected, sorted))
        break
      }
    }
  }
  harness.close()
}

/** What a case describes that this adapter cannot read; undefined where it can. */
function notUnderstood({ config, steps }: Case): string | undefined {
  const unknown = steps.find(({ op }) => !OPS.includes(op))
  if (unknown !== undefined) return `the step '${unknown.op}'`
  try {
    for (const step of steps) if ('ts' in step && step.ts !== null) moved(step.ts ?? 'MIN')
    open(config, 'straight', 0, []).close()
    return undefined
  } catch (error) {
    if (error instanceof NotUnderstood) return error.message
    throw error
  }
}

for (const { name, given } of casesOf<Case>('window-operator-cases.json')) {
  const lacks = notUnderstood(given)
  if (lacks !== undefined) {
    skip(test, name, `an adapter for ${lacks}`)
    continue
  }
  for (const mode of HARNESS_MODES) {
    test(`${mode}: ${name}`, () => {
      check(given, mode)
    })
  }
}

test.run()
