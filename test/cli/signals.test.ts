import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { watchSignals } from '../../cli/signals.ts'
import { assertFailed, fixture, start, withFolder } from './command.ts'
import type { Ended, RunningCommand } from './command.ts'

async function endlessRun(...args: readonly string[]): Promise<RunningCommand> {
  const run = start(['run', fixture('endless'), '-p', '2', ...args])
  await run.printed('stderr', 'flowing')
  return run
}

/** The error of the command line without what the job itself has printed. */
function withoutJobOutput(ended: Ended): Ended {
  return { ...ended, stderr: ended.stderr.replaceAll('flowing\n', '') }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} stops the job, ends with ${code} and leaves no output behind`, () =>
    withFolder(async (folder) => {
      const output = join(folder, 'out.jsonl')
      const run = await endlessRun('-a', `output=${output}`)
      assert.is(readdirSync(folder).length, 1, 'the temporary file')
      run.signal(signal)
      const ended = await run.ended
      assertFailed(withoutJobOutput(ended), code, 'JOB_CANCELLED')
      assert.equal(readdirSync(folder), [])
    }))
}

test('an operator that never returns is stopped by force', () =>
  withFolder(async (folder) => {
    const output = join(folder, 'out.jsonl')
    const run = await endlessRun('-a', 'hang=true', '-a', `output=${output}`)
    run.signal('SIGINT')
    const ended = await run.ended
    assertFailed(withoutJobOutput(ended), 130, 'JOB_CANCELLED')
    assert.not.ok(existsSync(output))
  }))

test('the first signal asks for a stop, the second ends the process', () => {
  const asked: string[] = []
  const exits: unknown[] = []
  const exit = process.exit.bind(process)
  process.exit = ((code: unknown) => {
    exits.push(code)
  }) as typeof process.exit
  const watch = watchSignals((signal) => asked.push(signal))
  try {
    process.emit('SIGTERM', 'SIGTERM')
    assert.equal([asked, exits, watch.exitCode], [['SIGTERM'], [], 143])
    process.emit('SIGINT', 'SIGINT')
    assert.equal([asked, exits[0]], [['SIGTERM'], 130])
  } finally {
    watch.release()
    process.exit = exit
  }
  assert.is(process.listenerCount('SIGINT'), 0)
})

test('a signal that comes while the engine is loaded ends the process with its exit code', async () => {
  // Sends it as soon as somebody listens.
  const preload = `process.on('newListener', (name) => {
    if (name === 'SIGTERM') setImmediate(() => process.kill(process.pid, name))
  })`
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` }
  const ended = await start(['run', fixture('endless')], { env }).ended
  assert.equal([ended.code, ended.stderr], [143, ''])
})

test('--json of a cancelled job says so', async () => {
  const run = await endlessRun('--json')
  run.signal('SIGINT')
  const { code, stdout } = await run.ended
  assert.is(code, 130)
  assert.is((JSON.parse(stdout) as { state: string }).state, 'cancelled')
})

test('the job ends quietly when nobody reads what it prints', async () => {
  const run = await endlessRun('-a', 'print=true')
  run.closeStdout()
  const { code, stderr } = withoutJobOutput(await run.ended)
  assert.is(code, 141)
  assert.is(stderr, '')
})

test('a report that nobody reads is no error', async () => {
  const run = start(['run', fixture('rows')])
  run.closeStdout()
  const { code, stderr } = await run.ended
  assert.is(code, 141)
  assert.is(stderr, '')
})

test.run()
