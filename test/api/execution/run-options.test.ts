import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { resolveOptions } from '../../../api/execution/run-options.ts'
import { resolveParallelism } from '../../../api/plan-parallelism.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { throwsCode } from '../../runner/expect.ts'

test('a module runs on threads, a job given as a value inline; parallelism is the number of slots', () => {
  const module = resolveOptions({}, true)
  assert.is(module.host, 'threads')
  assert.is(module.codec, 'columns')
  assert.is(module.preAggregation, 'auto')
  assert.is(module.parallelism, module.slots)
  assert.equal(module.args, {})
  assert.is(resolveOptions({}, false).host, 'inline')
})

test('slots follow the parallelism, if they are not given, and a simulator has its own', () => {
  assert.is(resolveOptions({ parallelism: 1 }, true).slots, 1)
  assert.equal(
    [resolveOptions({ slots: 3 }, true).slots, resolveOptions({ slots: 3 }, true).parallelism],
    [3, 3],
  )
  const host = new Simulator({ seed: 1, slots: 5 })
  assert.is(resolveOptions({ host }, true).slots, 5)
})

test('what is wrong is refused with a code', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['INVALID_ARGUMENT', null],
    ['INVALID_ARGUMENT', { paralelism: 2 }],
    ['INVALID_ARGUMENT', { args: [] }],
    ['INVALID_PARALLELISM', { parallelism: 0 }],
    ['INVALID_PARALLELISM', { parallelism: -1 }],
    ['INVALID_PARALLELISM', { parallelism: Number.NaN }],
    ['INVALID_PARALLELISM', { parallelism: '2' }],
    ['INVALID_SLOTS', { slots: 0 }],
    ['INVALID_SLOTS', { slots: 257 }],
    ['INVALID_SLOTS', { slots: 1.5 }],
    ['INVALID_HOST', { host: 'cluster' }],
    ['INVALID_CODEC', { codec: 'json' }],
    ['INVALID_ARGUMENT', { preAggregation: 'on' }],
  ]
  for (const [code, options] of wrong) {
    throwsCode(() => resolveOptions(options as never, true), code)
  }
  throwsCode(() => resolveOptions({ host: 'threads' }, false), 'INVALID_HOST')
})

test('parallelism out of range is refused before the run, in the words of the plan', () => {
  const options = { parallelism: 3, maxParallelism: 2, slots: 1 }
  const early = throwsCode(() => resolveOptions(options, true), 'INVALID_PARALLELISM') as Error
  const graph = { jobName: 'none', nodes: [], edges: [] }
  const planned = throwsCode(() => resolveParallelism(graph, options), 'INVALID_PARALLELISM')
  assert.is(
    early.message,
    'the parallelism of the job must be a whole number from 1 to 2, its maxParallelism, got number 3',
  )
  assert.is((planned as Error).message, early.message)
})

test('what cannot be a time without a sign of life, or a limit of memory, is refused', () => {
  for (const options of [
    { heartbeatTimeoutMs: 0 },
    { heartbeatTimeoutMs: '50s' },
    { resourceLimits: 64 },
    { resourceLimits: { maxOldGenerationSizeMb: -1 } },
  ])
    throwsCode(() => resolveOptions(options as never, true), 'INVALID_ARGUMENT')
  assert.is(resolveOptions({}, true).heartbeatTimeoutMs, 50_000)
  assert.is(resolveOptions({ heartbeatTimeoutMs: Infinity }, true).heartbeatTimeoutMs, Infinity)
})

test.run()
