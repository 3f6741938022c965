/**
 * What a user installs: the pages that the README leads to, and nothing that only who works on Millrace needs.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findRoot } from '../architecture/repository.ts'

const run = promisify(execFile)

/** The paths that `npm pack` would put into the package. */
async function packed(): Promise<readonly string[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout } = await run('npm', args, {
    cwd: findRoot(),
    shell: process.platform === 'win32',
  })
  const [{ files } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[]
  return files.map(({ path }) => path)
}

test('the package holds the guides that the README leads to, and neither tests nor benchmarks', async () => {
  const paths = await packed()
  const readme = await readFile(join(findRoot(), 'README.md'), 'utf8')
  const guides = [...readme.matchAll(/\]\((docs\/[\w/-]+\.md)(?:#[\w-]+)?\)/g)]
  assert.ok(guides.length > 10, `expected the guides, found ${guides.length}`)
  for (const [, guide = ''] of guides) assert.ok(paths.includes(guide), `${guide} is missing`)
  assert.ok(
    paths.some((path) => path.startsWith('dist/')),
    'nothing has been built',
  )
  const others = /^(?:dist\/(?:test|benchmarks|packaging)|test|benchmarks|node_modules)\/|\.svg$/
  assert.equal(
    paths.filter((path) => others.test(path)),
    [],
  )
})

test.run()
