/**
 * The examples of the README are the files in `examples/`, and do what the README says.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findRoot } from '../architecture/repository.ts'
import { asUser } from './page.ts'

const run = promisify(execFile)

test('every example of the README is the file that it names', async () => {
  const root = findRoot()
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/<!-- example: (\S+) -->\n```ts\n([^`]*)```/g)]
  assert.is(examples.length, 2)
  for (const [, file = '', code] of examples) {
    const text = asUser(await readFile(join(root, file), 'utf8'))
    assert.is(code, text, `README.md differs from ${file}`)
  }
})

test('the first job counts clicks per page and minute', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
  try {
    const input = join(folder, 'clicks.jsonl')
    const clicks = [
      { page: '/a', at: 1_000 },
      { page: '/b', at: 61_000 },
      { page: '/a', at: 59_000 },
      { page: '/a', at: 60_000 },
    ]
    await writeFile(input, clicks.map((click) => `${JSON.stringify(click)}\n`).join(''))
    const job = fileURLToPath(new URL('../../examples/clicks.js', import.meta.url))
    const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
    const { stdout } = await run(process.execPath, [main, 'run', job, '--arg', `input=${input}`])
    const lines = stdout
      .split('\n')
      .filter((line) => line.includes('page'))
      .map((line) => line.replace(/^\d+> /, ''))
      .sort()
    assert.equal(lines, [
      "{ page: '/a', windowStart: 0, clicks: 2 }",
      "{ page: '/a', windowStart: 60000, clicks: 1 }",
      "{ page: '/b', windowStart: 60000, clicks: 1 }",
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the first actor answers with the balance', async () => {
  const account = new URL('../../examples/account.js', import.meta.url).href
  const program = `import { main } from '${account}'; await main()`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program])
  assert.is(stdout, '120\n')
})

test.run()
