/** The runner is run as a user runs it, on the files in `fixtures`. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const fixtures = fileURLToPath(new URL('./fixtures', import.meta.url))

interface Run {
  readonly exitCode: number | null
  readonly output: string
  readonly lastLine: string | undefined
}

function run(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], (_error, stdout, stderr) => {
      const lastLine = stdout.trimEnd().split('\n').at(-1)
      resolve({ exitCode: child.exitCode, output: stdout + stderr, lastLine })
    })
  })
}

const runFixture = (...names: string[]) => run('--root', fixtures, ...names.map((n) => `${n}.test`))

/** File, last line, and what the output must say; every one of them must fail. */
const failures: [file: string, lastLine: string, says: RegExp][] = [
  ['failing', '1 passed, 1 failed, 0 skipped', /"does not hold"[^]*equal/],
  ['hung', '0 passed, 1 failed, 0 skipped', /hung in the test "never ends", killed after 1\.5 s/],
  ['without-run', '0 passed, 1 failed, 0 skipped', /test\.run\(\) is missing/],
  ['late-suite', '1 passed, 1 failed, 0 skipped', /other\.run\(\) is missing/],
  ['empty', '0 passed, 1 failed, 0 skipped', /reported no tests/],
  ['crashing', '0 passed, 1 failed, 0 skipped', /test "ends the process": exit code 0/],
  ['crashing-late', '1 passed, 1 failed, 0 skipped', /died after its tests[^]*too late/],
  ['stuck', '0 passed, 1 failed, 0 skipped', /test "waits for nothing": exit code 13/],
  ['broken-import', '0 passed, 1 failed, 0 skipped', /while it was loaded[^]*cannot be loaded/],
  ['hook', '0 passed, 1 failed, 0 skipped', /a hook threw/],
  ['skipping-silently', '1 passed, 1 failed, 1 skipped', /without a reason/],
]

for (const [name, lastLine, says] of failures) {
  test(`a ${name} file fails, is named, and its output is shown`, async () => {
    const result = await runFixture(name)
    assert.is(result.lastLine, lastLine, result.output)
    assert.is(result.exitCode, 1)
    assert.match(result.output, new RegExp(`FAIL {2}${name}\\.test\\.js`))
    assert.match(result.output, says)
  })
}

test('a passing file succeeds with its count as the last line, and its output is not shown', async () => {
  const result = await runFixture('passing')
  assert.is(result.lastLine, '2 passed, 0 failed, 0 skipped', result.output)
  assert.is(result.exitCode, 0)
  assert.not.match(result.output, /printed/)
})

test('skipped tests are counted and say what they lack', async () => {
  const result = await runFixture('skipping')
  assert.is(result.lastLine, '1 passed, 0 failed, 2 skipped', result.output)
  assert.is(result.exitCode, 0)
  assert.match(result.output, /"reads the moon" lacks a telescope/)
})

test('a file whose process does not end after its tests is killed', async () => {
  const result = await run('--root', fixtures, '--deadline-ms', '3000', 'lingering')
  assert.is(result.lastLine, '1 passed, 1 failed, 0 skipped', result.output)
  assert.match(result.output, /hung after its last test/)
})

test('what a hung file has started dies with it', async () => {
  const { output } = await runFixture('hung')
  const pid = Number(/started (\d+)/.exec(output)?.[1])
  assert.ok(pid > 0, output)
  assert.not.ok(await runs(pid), `process ${pid} still runs`)
})

test('counts add up over the files of several filters', async () => {
  const result = await runFixture('passing', 'failing')
  assert.is(result.lastLine, '3 passed, 1 failed, 0 skipped', result.output)
  assert.is(result.exitCode, 1)
})

test('a filter that matches nothing fails, even beside one that matches', async () => {
  const result = await runFixture('passing', 'no-such-file')
  assert.is(result.lastLine, '0 passed, 1 failed, 0 skipped', result.output)
  assert.is(result.exitCode, 1)
  assert.match(result.output, /no-such-file/)
})

test('a filter may be the path of the source, as a shell completes it', async () => {
  const result = await run('--root', fixtures, './test/passing.test.ts')
  assert.is(result.lastLine, '2 passed, 0 failed, 0 skipped', result.output)
})

test('a root without tests fails', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-'))
  try {
    const result = await run('--root', root)
    assert.is(result.lastLine, '0 passed, 1 failed, 0 skipped', result.output)
    assert.is(result.exitCode, 1)
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('fixtures are left out of a normal run', async () => {
  const result = await run('fixtures/')
  assert.is(result.exitCode, 1)
  assert.match(result.output, /no test file/)
})

/** Whether a process runs; a zombie that nobody has reaped does not. */
async function runs(pid: number): Promise<boolean> {
  const state = await new Promise<string>((resolve) => {
    execFile('ps', ['-o', 'stat=', '-p', String(pid)], (_error, stdout) => resolve(stdout.trim()))
  })
  return state !== '' && !state.startsWith('Z')
}

test.run()
