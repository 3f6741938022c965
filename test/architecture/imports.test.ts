import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import type { Sources } from './imports.ts'
import { cycles, directionViolations, packageViolations, readImports } from './imports.ts'
import { findRoot, readFiles } from './repository.ts'

const root = findRoot()
const sources = readFiles(root, (path) => path.endsWith('.ts'))
const imports = readImports(sources)

/**
 * The one exception: these classes return each other (`keyBy` leads from a stream to a keyed stream, `reduce`
 * back), so they must load each other; none of them uses another before it is called.
 */
const FLUENT = [
  'api/stream.ts',
  'api/keyed-stream.ts',
  'api/windowed-stream.ts',
  'api/all-windowed-stream.ts',
  'api/connect.ts',
  'api/connected-streams.ts',
  'api/broadcast-stream.ts',
  'api/window-join.ts',
  'api/interval-join.ts',
]

/** What a source tree of these files would look like: the planted faults below are never on disk. */
const plant = (files: Record<string, string>): Sources => new Map(Object.entries(files))

test('folders import only folders below them', () => {
  assert.equal(directionViolations(imports), [])
})

test('folders import only the packages they are meant for', () => {
  assert.equal(packageViolations(imports, installedPackages()), [])
})

test('no files load each other in a circle', () => {
  const circles = cycles(imports).filter((circle) => {
    return !circle.split(' → ').every((file) => FLUENT.includes(file))
  })
  assert.equal(circles, [])
})

test('the scan sees the imports of this file and of the sources', () => {
  const mine = imports.filter(({ from }) => from === 'test/architecture/imports.test.ts')
  const seen = mine.map(({ to, typeOnly }) => (typeOnly ? `type ${to}` : to))
  const ours = ['type test/architecture/imports.ts', 'test/architecture/imports.ts']
  // What follows are the planted imports below, which look like imports to the scan.
  assert.equal(seen.slice(0, 7), [
    'node:fs',
    'node:path',
    'uvu',
    'uvu/assert',
    ...ours,
    'test/architecture/repository.ts',
  ])
  assert.ok(imports.some(({ from }) => from.startsWith('mailbox/')))
})

test('an upward import is found, however it is written', () => {
  const upward = [
    "import { Slot } from '../runtime/slot.ts'",
    "import type { Slot } from '../runtime/slot.ts'",
    "import {\n  Slot,\n  type SlotOptions,\n} from '../runtime/slot.ts'",
    "import * as slot from '../runtime/slot.ts'",
    "import Slot from '../runtime/slot.ts'",
    "import '../runtime/slot.ts'",
    "export * from '../runtime/slot.ts'",
    "export type { Slot } from '../runtime/slot.ts'",
    "const slot = await import('../runtime/slot.ts')",
    "let slot: import('../runtime/slot.ts').Slot",
    "const url = new URL('../runtime/slot.js', import.meta.url)",
  ]
  for (const text of upward) {
    const found = directionViolations(readImports(plant({ 'mailbox/ring.ts': text })))
    const expected = 'mailbox/ring.ts imports runtime/slot.ts: mailbox may import no other folder'
    assert.equal(found, [expected], text)
  }
})

test('a downward import, and an import in a comment, are fine', () => {
  const comment = "/**\n * import { run } from '../cli/main.ts'\n */\n// import '../cli/main.ts'\n"
  const text = `${comment}import { ring } from '../mailbox/ring.ts'`
  assert.equal(directionViolations(readImports(plant({ 'runtime/slot.ts': text }))), [])
})

test('api never imports connectors, and no folder imports tests', () => {
  const files = {
    'api/job.ts': "import { csv } from '../connectors/csv/index.ts'",
    'cli/main.ts': "import { rejects } from '../test/runner/expect.ts'",
  }
  assert.is(directionViolations(readImports(plant(files))).length, 2)
})

test('a package of another folder, and the outside world in an operator, are found', () => {
  const files = {
    'operators/map.ts': "import { pack } from 'msgpackr'\nimport { open } from 'node:fs/promises'",
    'connectors/csv/index.ts': "import { open } from 'node:fs/promises'",
    'benchmarks/codec.ts': "import { x } from '@not/installed/deep'",
    'benchmarks/actors.ts': "import * as assert from 'uvu/assert'",
  }
  assert.equal(packageViolations(readImports(plant(files)), ['uvu']), [
    'operators/map.ts imports msgpackr: operators may import no package',
    'operators/map.ts imports node:fs/promises: operators leaves the outside world to the hosts',
    'benchmarks/codec.ts imports @not/installed: benchmarks may import uvu',
  ])
})

test('of the snapshot store, only its edge may use the outside world', () => {
  const text = "import { open } from 'node:fs/promises'"
  const files = {
    'checkpoint/store/node-file-system.ts': text,
    'checkpoint/store/process-table.ts': "import { readFileSync } from 'node:fs'",
    'checkpoint/store/directory-store.ts': text,
    'checkpoint/node-file-system.ts': text,
  }
  assert.equal(packageViolations(readImports(plant(files)), []), [
    'checkpoint/store/directory-store.ts imports node:fs/promises: checkpoint leaves the outside world to the hosts',
    'checkpoint/node-file-system.ts imports node:fs/promises: checkpoint leaves the outside world to the hosts',
  ])
})

test('a circle of files is found and told as a path', () => {
  const files = {
    'mailbox/a.ts': "import { b } from './b.ts'",
    'mailbox/b.ts': "import { c } from './c.ts'",
    'mailbox/c.ts': "export { a } from './a.ts'\nimport type { D } from './d.ts'",
    'mailbox/d.ts': "import type { C } from './c.ts'",
  }
  assert.equal(cycles(readImports(plant(files))), [
    'mailbox/a.ts → mailbox/b.ts → mailbox/c.ts → mailbox/a.ts',
  ])
})

function installedPackages(): string[] {
  const text = readFileSync(join(root, 'package.json'), 'utf8')
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as {
    dependencies?: Record<string, string>
    devDependencies?: Record<string, string>
  }
  return ['millrace', ...Object.keys(dependencies), ...Object.keys(devDependencies)]
}

test.run()
