/** What no type checker has seen: options that nobody reads, and calls without any. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  defineJob,
  evictors,
  exponentialDelay,
  exponentialDelayRestart,
  failureRateRestart,
  fixedDelay,
  fixedDelayRestart,
  monotonous,
  periodicWatermarks,
  session,
  sliding,
  triggers,
  tumbling,
  withAlignment,
} from '../../api/index.ts'
import { throwsCode } from '../runner/expect.ts'

interface Case {
  readonly call: (options: never) => unknown
  /** What it takes as it is. */
  readonly right: object
  /** A misspelt option and the one that is meant. */
  readonly wrong: readonly [string, string]
  readonly code: string
}

const build = (): void => {}
const strategy = (): never => ({ current: 0 }) as never
const job = { name: 'job', args: { input: { type: 'string' } } }

const CASES: Readonly<Record<string, Case>> = {
  defineJob: {
    call: (spec) => defineJob(spec, build),
    right: job,
    wrong: ['arg', 'args'],
    code: 'INVALID_JOB',
  },
  'the description of an argument': {
    call: (spec) => defineJob({ name: 'job', args: { input: spec } } as never, build),
    right: { type: 'string' },
    wrong: ['requird', 'required'],
    code: 'INVALID_JOB',
  },
  tumbling: {
    call: tumbling,
    right: { size: 1_000 },
    wrong: ['ofset', 'offset'],
    code: 'INVALID_WINDOW',
  },
  sliding: {
    call: sliding,
    right: { size: 1_000, slide: 100 },
    wrong: ['tim', 'time'],
    code: 'INVALID_WINDOW',
  },
  session: {
    call: session,
    right: { gapMs: 1_000 },
    wrong: ['times', 'time'],
    code: 'INVALID_WINDOW',
  },
  'evictors.count': {
    call: (options) => evictors.count(3, options),
    right: { when: 'after' },
    wrong: ['wen', 'when'],
    code: 'INVALID_EVICTOR',
  },
  'triggers.processingTimeTimeout': {
    call: (options) => triggers.processingTimeTimeout(triggers.count(3), 1_000, options),
    right: { clearOnTimeout: false },
    wrong: ['clearOnTimeOut2', 'clearOnTimeout'],
    code: 'INVALID_TRIGGER',
  },
  withAlignment: {
    call: (options) => withAlignment(monotonous(), options),
    right: { group: 'all', maxDriftMs: 1_000 },
    wrong: ['updateInterval', 'updateIntervalMs'],
    code: 'INVALID_WATERMARK_ALIGNMENT',
  },
  periodicWatermarks: {
    call: periodicWatermarks,
    right: { create: strategy },
    wrong: ['interval', 'intervalMs'],
    code: 'INVALID_ARGUMENT',
  },
  fixedDelay: {
    call: fixedDelay,
    right: { attempts: 3, delayMs: 10 },
    wrong: ['whenResults', 'whenResult'],
    code: 'INVALID_ARGUMENT',
  },
  exponentialDelay: {
    call: exponentialDelay,
    right: { attempts: 3, initialMs: 10, maxMs: 100 },
    wrong: ['multiplyer', 'multiplier'],
    code: 'INVALID_ARGUMENT',
  },
  fixedDelayRestart: {
    call: fixedDelayRestart,
    right: { attempts: 3, delayMs: 10 },
    wrong: ['delay', 'delayMs'],
    code: 'INVALID_RESTART_STRATEGY',
  },
  failureRateRestart: {
    call: failureRateRestart,
    right: { failures: 3, intervalMs: 100, delayMs: 10 },
    wrong: ['interval', 'intervalMs'],
    code: 'INVALID_RESTART_STRATEGY',
  },
  exponentialDelayRestart: {
    call: exponentialDelayRestart,
    right: { jitter: 0 },
    wrong: ['initial', 'initialMs'],
    code: 'INVALID_RESTART_STRATEGY',
  },
}

for (const [name, { call, right, wrong, code }] of Object.entries(CASES)) {
  test(`${name} refuses an option that it does not know, and names the one that was meant`, () => {
    const [misspelt, meant] = wrong
    call(right as never)
    const { message } = throwsCode(() => call({ ...right, [misspelt]: 1 } as never), code) as Error
    assert.match(message, `unknown option '${misspelt}'; did you mean '${meant}'? (known are `)
  })

  test(`${name} refuses what is no options`, () => {
    for (const options of ['text', null, [], true]) {
      // A text is the name of a job, and an array a description without one.
      if (name === 'defineJob' && (options === 'text' || Array.isArray(options))) continue
      throwsCode(() => call(options as never), code)
    }
  })
}

test.run()
