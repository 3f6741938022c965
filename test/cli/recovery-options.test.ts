import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { resolve } from 'node:path'
import { durationText, parseDurationMs } from '../../cli/durations.ts'
import { parseInterval, parseRestarts, recoveryRunOptions } from '../../cli/recovery-options.ts'
import { throwsCode } from '../runner/expect.ts'
import { assertFailed, millrace } from './command.ts'

test('a duration is a number with a unit', () => {
  const durations: readonly (readonly [string, number | undefined])[] = [
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['0s', 0],
    ['10', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['1e3s', undefined],
    ['1 s', undefined],
    ['1d', undefined],
    ['', undefined],
  ]
  for (const [text, milliseconds] of durations) assert.is(parseDurationMs(text), milliseconds, text)
  assert.equal([1, 999, 1_500, 60_000, 600_000, 36_000_000].map(durationText), [
    '1 ms',
    '999 ms',
    '1.5 s',
    '60 s',
    '10 min',
    '10 h',
  ])
})

test('--restarts names a strategy with its numbers', () => {
  const strategies: readonly (readonly [string, string])[] = [
    ['none', 'noRestart'],
    ['fixed:3:1s', 'fixedDelay(3 × 1000 ms)'],
    ['fixed:0:0ms', 'fixedDelay(0 × 0 ms)'],
    ['rate:5:10m:500ms', 'failureRate(5 in 600000 ms)'],
    ['exponential', 'exponentialDelay(1000 to 60000 ms)'],
    ['exponential:50ms:2s', 'exponentialDelay(50 to 2000 ms)'],
  ]
  for (const [text, name] of strategies) assert.is(parseRestarts(text).name, name, text)
  const wrong = [
    '',
    'never',
    'none:1',
    'fixed',
    'fixed:3',
    'fixed:3:1',
    'fixed:-1:1s',
    'fixed:1.5:1s',
    'rate:0:1m:1s',
    'rate:1:0s:1s',
    'rate:1:1m',
    'exponential:1s',
    'exponential:2s:1s',
    'exponential:0s:1s',
    'constructor',
    'FIXED:1:1s',
  ]
  for (const text of wrong) throwsCode(() => parseRestarts(text), 'USAGE')
  for (const text of ['0s', '10', 'soon', '']) throwsCode(() => parseInterval(text), 'USAGE')
})

test('the options become those of the engine; without --checkpoints nothing is made', () => {
  assert.equal(recoveryRunOptions({}), {})
  assert.equal(recoveryRunOptions({ checkpoints: 'c' }), {
    checkpoints: { directory: 'c', intervalMs: 10_000 },
    resume: false,
  })
  const all = { checkpoints: 'c', checkpointInterval: 5, checkpointMode: 'at-least-once' } as const
  assert.equal(recoveryRunOptions({ checkpoints: 'c', unalignedAfter: 0 }).checkpoints, {
    directory: 'c',
    intervalMs: 10_000,
    unaligned: true,
    alignedTimeoutMs: 0,
  })
  assert.equal(recoveryRunOptions({ ...all, resume: true }), {
    checkpoints: { directory: 'c', intervalMs: 5, mode: 'at-least-once' },
    resume: true,
  })
})

test('--from takes a directory, or the folder of one checkpoint in it', () => {
  assert.equal(recoveryRunOptions({ from: 'saved' }), {
    from: { directory: 'saved', allowNonRestoredState: false },
  })
  assert.equal(
    recoveryRunOptions({ from: 'saved/savepoint-000007/', allowNonRestoredState: true }),
    { from: { directory: resolve('saved'), checkpointId: 7, allowNonRestoredState: true } },
  )
})

test('an option that lacks another, or has a value that is none, ends with 2 and says what is expected', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--resume'], /--resume expects --checkpoints too/],
    [['--checkpoint-interval', '1s'], /--checkpoint-interval expects --checkpoints too/],
    [['--incremental'], /--incremental expects --checkpoints too/],
    [['--unaligned-after', '1s'], /--unaligned-after expects --checkpoints too/],
    [['--checkpoints', 'c', '--unaligned-after', '1'], /such as 0s, 500ms or 10s, got '1'/],
    [['--checkpoint-mode', 'exactly-once'], /--checkpoint-mode expects --checkpoints too/],
    [['--allow-non-restored-state'], /expects --from too/],
    [['--checkpoints', 'c', '--checkpoint-interval', '10'], /such as 500ms, 10s or 5m, got '10'/],
    [['--checkpoints', ''], /expected the path of a directory/],
    [['--checkpoints', 'c', '--checkpoint-mode', 'never'], /Allowed choices are exactly-once/],
    [['--restarts', 'fixed:3'], /fixed:TIMES:DELAY .* got 'fixed:3'/],
    [['--checkpoint', 'c'], /Did you mean --checkpoints\?/],
  ]
  await Promise.all(
    wrong.map(async ([args, message]) => {
      const ended = await millrace(['run', 'job.js', ...args])
      assertFailed(ended, 2, 'USAGE')
      assert.match(ended.stderr, message)
    }),
  )
})

test.run()
