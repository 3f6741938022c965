import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { assertFailed, fixture, start, withFolder } from './command.ts'
import type { Ended, RunningCommand } from './command.ts'

/** Long enough for a loaded machine; a stop takes a few milliseconds, one by force half a second. */
const FAR_TOO_LONG_MS = 10_000

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
    const sent = performance.now()
    run.signal('SIGINT')
    const ended = await run.ended
    assertFailed(withoutJobOutput(ended), 130, 'JOB_CANCELLED')
    assert.ok(performance.now() - sent < FAR_TOO_LONG_MS)
    assert.not.ok(existsSync(output))
  }))

test('a second signal ends the process at once', async () => {
  const run = await endlessRun('-a', 'hang=true')
  run.signal('SIGINT')
  run.signal('SIGINT')
  const { code } = await run.ended
  assert.is(code, 130)
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
