/** docs/guarantees.md names files that exist, a test for every promise, and every source and sink that there is. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findRoot } from '../architecture/repository.ts'

const root = findRoot()
const page = readFileSync(join(root, 'docs/guarantees.md'), 'utf8')
const FILE = /`((?:test|docs|api|connectors|checkpoint|operators|runtime|cli|examples)\/[\w./-]+)`/g

/** The cells of each row of each table, without heads. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\||\|$/g, '').trim()))
  .filter((cells) => cells.at(-1) !== 'how it is tested')

test('every file that the page names exists', () => {
  const files = [...page.matchAll(FILE)].map(([, file = '']) => file)
  assert.ok(files.length > 50, `${files.length} files`)
  assert.equal(
    files.filter((file) => !existsSync(join(root, file)) || statSync(join(root, file)).size === 0),
    [],
  )
  const pages = [...page.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
  assert.equal(
    pages.filter((target) => !existsSync(join(root, 'docs', target))),
    [],
  )
})

test('every promise names a test', () => {
  assert.ok(rows.length > 25, `${rows.length} rows`)
  assert.equal(
    rows
      .filter((cells) => !/`test\/[\w./-]+\.test\.ts`/.test(cells.at(-1) ?? ''))
      .map(([what]) => what),
    [],
  )
})

test('every source, sink and format of the connectors has its row', () => {
  const named = new Set(
    rows.flatMap(([what = '']) => [...what.matchAll(/`(\w+)`/g)].map(([, name]) => name)),
  )
  const missing: string[] = []
  for (const folder of readdirSync(join(root, 'connectors'))) {
    const index = join(root, 'connectors', folder, 'index.ts')
    if (!existsSync(index)) continue
    for (const [, names = ''] of readFileSync(index, 'utf8').matchAll(/^export \{([^}]*)\}/gm)) {
      for (const name of names.split(',').map((part) => part.trim())) {
        if (name !== '' && !named.has(name)) missing.push(name)
      }
    }
  }
  assert.equal(missing, [])
})

test.run()
