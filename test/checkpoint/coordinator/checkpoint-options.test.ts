import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { resolveCheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import type { CheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import { throwsCode } from '../../runner/expect.ts'

test('what is not said has a default', () => {
  assert.equal(resolveCheckpointOptions(), {
    intervalMs: undefined,
    minPauseMs: 0,
    timeoutMs: 600_000,
    tolerableFailures: 0,
    mode: 'exactly-once',
    keep: 3,
    onCancel: 'keep',
    directory: undefined,
  })
})

test('what is said stays as it is', () => {
  const options = {
    intervalMs: 0.5,
    minPauseMs: 0,
    timeoutMs: 1,
    tolerableFailures: Number.POSITIVE_INFINITY,
    mode: 'at-least-once',
    keep: 1,
    onCancel: 'remove',
    directory: 'checkpoints',
  } as const
  assert.equal(resolveCheckpointOptions(options), options)
})

test('what makes no sense is refused, with what was expected and what came', () => {
  const cases: readonly [object, RegExp][] = [
    [{ intervalMs: 0 }, /job: expected a finite .* above 0 as intervalMs, got 0$/],
    [{ intervalMs: '5 s' }, /as intervalMs, got "5 s"$/],
    [{ minPauseMs: -1 }, /from 0 as minPauseMs, got -1$/],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, /as timeoutMs, got Infinity$/],
    [
      { tolerableFailures: 1.5 },
      /a whole number from 0, or Infinity, as tolerableFailures, got 1.5$/,
    ],
    [{ mode: 'twice' }, /'exactly-once' or 'at-least-once' as mode, got "twice"$/],
    [{ keep: 0 }, /a whole number from 1 as keep, got 0$/],
    [{ onCancel: true }, /'keep' or 'remove' as onCancel, got true$/],
    [{ directory: '' }, /the path of a directory as directory, got ""$/],
  ]
  for (const [options, message] of cases) {
    const resolve = (): unknown => resolveCheckpointOptions(options, 'job')
    const error = throwsCode(resolve, 'INVALID_CHECKPOINT_OPTIONS') as Error
    assert.match(error.message, message)
  }
})

test('an unknown option, and what is no object, are refused', () => {
  const misspelt = { interval: 5 } as CheckpointOptions
  throwsCode(() => resolveCheckpointOptions(misspelt), 'INVALID_ARGUMENT')
  for (const options of [null, [], 5000]) {
    const resolve = (): unknown => resolveCheckpointOptions(options as CheckpointOptions)
    throwsCode(resolve, 'INVALID_ARGUMENT')
  }
})

test.run()
