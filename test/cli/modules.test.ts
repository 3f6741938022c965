import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assertFailed, fixture, millrace, withFolder } from './command.ts'

test('a file that is no job module is told apart from one that fails to load', async () => {
  const [missing, folder, noDefault, notAJob, throwing] = await Promise.all([
    millrace(['run', 'no-such-job.js']),
    millrace(['run', '.']),
    millrace(['run', fixture('no-default')]),
    millrace(['plan', fixture('not-a-job')]),
    millrace(['run', fixture('throws-on-load')]),
  ])
  assertFailed(missing, 2, 'JOB_MODULE_NOT_FOUND')
  assert.match(missing.stderr, /no-such-job\.js does not exist/)
  assertFailed(folder, 2, 'JOB_MODULE_NOT_FOUND')
  assertFailed(noDefault, 2, 'NOT_A_JOB')
  assert.match(noDefault.stderr, /it has no default export/)
  assertFailed(notAJob, 2, 'NOT_A_JOB')
  assertFailed(throwing, 2, 'JOB_MODULE_FAILED')
  assert.match(throwing.stderr, /not even loaded\n    at .*throws-on-load\.js:1:7/)
})

test('a job that says what cannot be ends with 2, whatever is wrong in it', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'wrong.mjs')
    const from = (path: string): string =>
      JSON.stringify(new URL(`../../${path}/index.js`, import.meta.url).href)
    const bodies: readonly (readonly [code: string, body: string])[] = [
      [
        'INVALID_WINDOW',
        'rows.keyBy(String).window(m.tumbling(0)).aggregate(m.count()).collect("n")',
      ],
      ['TIMERS_WITHOUT_KEY', 'rows.process({ processRecord() {}, onTimer() {} }).collect("n")'],
      ['DEAD_LETTERS_UNREAD', 'rows.map(Number, { onError: "deadLetter" }).collect("n")'],
      [
        'OUTPUT_IN_USE',
        'for (let i = 0; i < 2; i++) rows.to(jsonLinesSink({ path: "never.jsonl" }))',
      ],
    ]
    for (const [code, body] of bodies) {
      writeFileSync(
        path,
        `const m = await import(${from('api')})
const { arraySource } = await import(${from('connectors/collection')})
const { jsonLinesSink } = await import(${from('connectors/json-lines')})
export default m.defineJob('wrong', (env) => {
  const rows = env.from(arraySource([1]))
  ${body}
})
`,
      )
      const ended = await millrace(['run', path])
      assert.is(ended.code, 2, ended.stderr)
      assert.match(ended.stderr, `${code}: `)
    }
  }))

test('who runs what is no module is told of TypeScript only where it is that', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'rows.csv')
    writeFileSync(file, 'a,b\n')
    const { code, stderr } = await millrace(['run', file])
    assert.is(code, 2)
    assert.match(stderr, /JOB_MODULE_FAILED: .*Unknown file extension "\.csv"/)
    assert.not.match(stderr, /TypeScript/)
  }))

test('a syntax error names the line of the module', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'broken.mjs')
    writeFileSync(file, 'const a = 1\nconst = 2\n')
    const { code, stderr } = await millrace(['run', file])
    assert.is(code, 2)
    assert.match(stderr, /JOB_MODULE_FAILED: .*Unexpected token '='\n    at .*broken\.mjs:2\n$/)
  }))

test('an import of what is not exported names the line of the import, also in what the job imports', () =>
  withFolder(async (folder) => {
    const [file, inner] = [join(folder, 'job.mjs'), join(folder, 'in side.mjs')]
    writeFileSync(inner, "const a = 1\nimport { nothing } from 'node:os'\n")
    writeFileSync(file, "import './in side.mjs'\n")
    const { code, stderr } = await millrace(['run', file])
    assert.is(code, 2)
    assert.match(stderr, /an export named 'nothing'\n    at .*in side\.mjs:2\n$/)
  }))

test('what a module throws is shown, whatever it is', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'throws.mjs')
    writeFileSync(file, 'throw { reason: 7 }\n')
    const { code, stderr } = await millrace(['run', file])
    assert.is(code, 2)
    assert.match(stderr, /failed to load: \{ reason: 7 \}\n$/)
  }))

test('a job that TypeScript has compiled to CommonJS runs', () =>
  withFolder(async (folder) => {
    const from = (path: string): string =>
      JSON.stringify(fileURLToPath(new URL(`../../${path}/index.js`, import.meta.url)))
    const file = join(folder, 'job.cjs')
    writeFileSync(
      file,
      `Object.defineProperty(exports, '__esModule', { value: true })
const m = require(${from('api')})
const { arraySource } = require(${from('connectors/collection')})
exports.default = m.defineJob('compiled', (env) => env.from(arraySource([1, 2])).collect('n'))
`,
    )
    const { code, stdout, stderr } = await millrace(['run', file])
    assert.is(code, 0, stderr)
    assert.match(stdout, /^compiled: 2 records/m)
  }))

test('a job that throws while it is built names the line, in run and in plan', async () => {
  const all = await Promise.all(
    ['run', 'plan'].map((command) => millrace([command, fixture('throws-in-build')])),
  )
  for (const ended of all) {
    assertFailed(ended, 2, 'JOB_BUILD_FAILED')
    assert.match(ended.stderr, /no plan today \(at .*throws-in-build\.js:\d+:\d+\)\n$/)
  }
})

test('a build that waits for ever, with nothing that could end the wait, is told', async () => {
  const all = await Promise.all(
    ['run', 'plan'].map((command) => millrace([command, fixture('waits')])),
  )
  for (const ended of all) {
    assertFailed(ended, 1, 'NOTHING_LEFT')
    assert.match(ended.stderr, /a promise in its code never settles/)
  }
})

test('builds that differ between threads name the first difference', async () => {
  const ended = await millrace(['run', fixture('differs')])
  assertFailed(ended, 2, 'BUILDS_DIFFER')
  assert.match(ended.stderr, /on main/)
  assert.match(ended.stderr, /on a worker/)
})

test('MILLRACE_DEBUG=1 adds the stacks', async () => {
  const env = { MILLRACE_DEBUG: '1' }
  const { code, stderr } = await millrace(['run', fixture('throws-on-load')], { env })
  assert.is(code, 2)
  assert.match(stderr, /MillraceError: The module/)
  assert.match(stderr, /caused by: Error: not even loaded/)
})

test.run()
