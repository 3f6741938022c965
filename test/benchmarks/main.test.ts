/** The harness is run as a user runs it, on the benchmarks in `fixtures`. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const main = fileURLToPath(new URL('../../benchmarks/main.js', import.meta.url))
const fixtures = fileURLToPath(new URL('./fixtures', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'millrace-'))
test.after(() => rmSync(scratch, { recursive: true }))

interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function bench(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const command = [main, '--folder', fixtures, ...args]
    const child = execFile(process.execPath, command, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, stdout, stderr })
    })
  })
}

test('without a name, the benchmarks are listed, and nothing else that lies in the folder', async () => {
  const { exitCode, stdout } = await bench()
  assert.is(exitCode, 0)
  assert.match(stdout, 'Benchmarks: broken, refusing, steady, waiting\n')
})

test('an unknown name ends with exit code 2 and the known ones', async () => {
  const { exitCode, stderr } = await bench('steady', 'helper')
  assert.is(exitCode, 2)
  assert.match(stderr, /\(broken, refusing, steady, waiting\), got helper/)
  assert.is((await bench('--no-such-option')).exitCode, 2)
  assert.is((await bench('steady', '--events', '1e6')).exitCode, 2)
})

test('what can be asked for is told, and what is refused has no stack', async () => {
  const help = await bench('--help')
  assert.is(help.exitCode, 0)
  assert.match(help.stdout, /Benchmarks: broken[^]*--json FILE/)
  const refused = await bench('refusing', 'steady', '--query', 'q1,q99')
  assert.is(refused.exitCode, 2)
  assert.match(refused.stderr, "refusing failed: expected queries among q0, q1, got 'q99'\n")
  assert.not.match(refused.stderr, '    at ')
  assert.match(refused.stdout, 'ours / theirs', 'the others still run')
  const failed = await bench('refusing')
  assert.is(failed.exitCode, 1)
  assert.is(failed.stderr, 'refusing failed: needs a machine\n')
})

test('a file that cannot be written is refused before anything runs', async () => {
  for (const file of [scratch, join(scratch, 'none', 'figures.json')]) {
    const { exitCode, stdout, stderr } = await bench('steady', '--json', file)
    assert.is(exitCode, 2)
    assert.match(stderr, `cannot write ${file}: `)
    assert.is(stdout, '')
  }
})

test('the table says where it was measured, and which bounds hold', async () => {
  const { exitCode, stdout } = await bench('steady')
  assert.is(exitCode, 0)
  assert.match(stdout, `Node ${process.version}, commit `)
  assert.match(stdout, /ours \/ theirs .* 3 .* 67 % .* 3 .*≥ 2\.5 holds.*≥ 3\.5 missed/)
  assert.match(stdout, /memory, end \/ start .*≤ 1\.1 holds.*≤ 1\.02 missed/)
  assert.match(stdout, /1,234,567/)
})

test('the JSON file has one entry per figure, also when another benchmark fails', async () => {
  const file = join(scratch, 'figures.json')
  const { exitCode, stderr } = await bench('broken', 'steady', '--json', file)
  assert.is(exitCode, 1)
  assert.match(stderr, /broken failed[^]*the benchmark is broken/)
  const entries: unknown = JSON.parse(readFileSync(file, 'utf8'))
  assert.ok(Array.isArray(entries) && entries.length === 3)
  const keys = 'name metric value reach aim runs spread machine node commit'.split(' ')
  assert.equal(Object.keys(entries[0] as object), keys)
})

test('a signal ends it, and no folder of a benchmark stays behind', async () => {
  const folder = join(scratch, 'temporary')
  mkdirSync(folder)
  const child = spawn(process.execPath, [main, '--folder', fixtures, 'waiting'], {
    env: { ...process.env, TMPDIR: folder },
  })
  await once(child.stderr, 'data')
  assert.equal(readdirSync(folder).length, 1)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'close')) as [number]
  assert.is(code, 143)
  assert.equal(readdirSync(folder), [])
})

test.run()
