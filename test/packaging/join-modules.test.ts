import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { joinModules } from '../../packaging/join-modules.ts'

/** A package with the entries of ours, all of them empty but for these. */
const MODULES: Readonly<Record<string, string>> = {
  'mailbox/errors.js': 'export class MillraceError extends Error {}\n',
  'runtime/worker.js':
    "import { MillraceError } from '../mailbox/errors.js'\nexport const url = import.meta.url // and 'import.meta.url'\nexport const E = MillraceError\n",
  'runtime/index.js': "export { MillraceError } from '../mailbox/errors.js'\n",
  'runtime/actors/actor-slot-extension.js': '',
  'runtime/thread-host.js': "import '../runtime/worker.js'\n",
  'checkpoint/alone.js': "export const text = 'import.meta.url'\n",
  'operators/alone.js': '',
  'api/index.js': "export { MillraceError } from '../mailbox/errors.js'\n",
  'api/execution/job-on-slot.js':
    "import { E } from '../../runtime/worker.js'\nexport const failed = new E('failed')\nexport const url = new URL('./', import.meta.url).href\n",
  'api/testing/index.js': '',
  'cli/main.js': "#!/usr/bin/env node\nimport './run.js'\nglobalThis.started = true\n",
  'cli/run.js': "import { failed } from '../api/execution/job-on-slot.js'\nexport { failed }\n",
  'cli/alone.js': "import { failed } from './run.js'\nexport { failed }\n",
  ...Object.fromEntries(
    'collection console csv discard file-sink generator json-lines parquet socket'
      .split(' ')
      .map((name) => [`connectors/${name}/index.js`, `export const name = '${name}'\n`]),
  ),
}

const directory = await mkdtemp(join(tmpdir(), 'millrace-'))
test.after(() => rm(directory, { recursive: true }))

for (const [path, code] of Object.entries(MODULES)) {
  const file = join(directory, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, code)
  const map = { version: 3, sources: [`${path}.ts`], names: [], mappings: 'AAAA' }
  await writeFile(`${file}.map`, JSON.stringify(map))
}
await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
await joinModules(directory)

function load(path: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(join(directory, path)).href) as Promise<Record<string, unknown>>
}

test('every module keeps its path and its exports', async () => {
  for (const path of Object.keys(MODULES)) assert.ok(existsSync(join(directory, path)), path)
  assert.equal(Object.keys(await load('runtime/worker.js')).sort(), ['E', 'url'])
  assert.is((await load('connectors/csv/index.js'))['name'], 'csv')
})

test('a class is the same, whichever module it is taken from', async () => {
  const { MillraceError } = await load('mailbox/errors.js')
  assert.is((await load('api/index.js'))['MillraceError'], MillraceError)
  assert.is((await load('runtime/index.js'))['MillraceError'], MillraceError)
  const { failed } = await load('cli/alone.js')
  assert.instance(failed, MillraceError)
})

test('a module that has moved still knows its own URL, and texts that look like it stay', async () => {
  const worker = pathToFileURL(join(directory, 'runtime/worker.js')).href
  assert.is((await load('runtime/worker.js'))['url'], worker)
  const folder = pathToFileURL(join(directory, 'api/execution/')).href
  assert.is((await load('api/execution/job-on-slot.js'))['url'], folder)
  assert.is((await load('checkpoint/alone.js'))['text'], 'import.meta.url')
})

test('nothing starts the command but its own file, which is still a program', async () => {
  await load('cli/run.js')
  assert.not.ok('started' in globalThis)
  assert.match(await readFile(join(directory, 'cli/main.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/)
})

test('what is loaded together stands in few files, with maps', async () => {
  const files = await readdir(join(directory, 'chunks'))
  assert.ok(files.filter((name) => name.endsWith('.js')).length <= 12, files.join())
  assert.ok(files.includes('runtime.js.map') || files.includes('basics.js.map'), files.join())
})

test.run()
