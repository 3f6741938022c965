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
    alignedForMs: Number.POSITIVE_INFINITY,
    incremental: false,
    keep: 3,
    onCancel: 'keep',
    directory: undefined,
    takeOver: false,
  })
})

test('what is said stays as it is', () => {
  const options = {
    intervalMs: 0.5,
    minPauseMs: 0,
    timeoutMs: 1,
    tolerableFailures: Number.POSITIVE_INFINITY,
    mode: 'at-least-once',
    incremental: true,
    keep: 1,
    onCancel: 'remove',
    directory: 'checkpoints',
    takeOver: true,
  } as const
  const never = { alignedForMs: Number.POSITIVE_INFINITY }
  assert.equal(resolveCheckpointOptions(options), { ...options, ...never })
})

test('unaligned checkpoints overtake at once, or when they have been aligned for as long as is said', () => {
  assert.is(resolveCheckpointOptions({ unaligned: true }).alignedForMs, 0)
  const patient = { unaligned: true, alignedTimeoutMs: 50 }
  assert.is(resolveCheckpointOptions(patient).alignedForMs, 50)
  assert.is(resolveCheckpointOptions({ unaligned: false }).alignedForMs, Number.POSITIVE_INFINITY)
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
    [{ unaligned: 1 }, /true or false as unaligned, got 1$/],
    [
      { unaligned: true, mode: 'at-least-once' },
      /'exactly-once' together with unaligned: true as mode, got "at-least-once"$/,
    ],
    [{ alignedTimeoutMs: 5 }, /together with unaligned: true, as alignedTimeoutMs, got 5$/],
    [{ unaligned: true, alignedTimeoutMs: -1 }, /from 0, .* as alignedTimeoutMs, got -1$/],
    [{ incremental: 'yes' }, /true or false as incremental, got "yes"$/],
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
