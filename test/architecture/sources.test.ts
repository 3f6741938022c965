import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { folderOf, withoutComments } from './imports.ts'
import { findRoot, readFiles } from './repository.ts'

const MAX_LINES = 500
const BINARY = /\.(?:parquet|png|gz|zst|bin|snappy)$/
/** Folders whose time and chance come from their host, so that the simulator can replay them. */
const HOSTED = ['mailbox', 'checkpoint', 'operators']
/** What wakes real threads is a part of their host; the simulator has no doorbells. */
const NOT_HOSTED = ['mailbox/doorbell.ts']

const files = readFiles(findRoot(), (path) => !BINARY.test(path))
const sources = new Map([...files].filter(([path]) => path.endsWith('.ts')))

/** Paths and hosts of somebody's machine. Written in pieces, so that this file does not find itself; `/home/me` is nobody. */
const PRIVATE = new RegExp(
  [
    ['/', 'work/'],
    ['/', 'root/'],
    ['/', 'tmp/'],
    ['/', 'home/', String.raw`(?!me\b)\w`],
    ['/', 'Users/', String.raw`\w`],
    ['[A-Z]:', String.raw`\\`, 'Users'],
    ['registry', String.raw`\.(?:npm|yarn)`],
    ['artifact', 'ory'],
    ['verda', 'ccio'],
  ]
    .map((pieces) => pieces.join(''))
    .join('|'),
)

test(`no source file is longer than ${MAX_LINES} lines`, () => {
  const long = [...sources].filter(([, text]) => text.split('\n').length - 1 > MAX_LINES)
  assert.equal(names(long), [])
})

test('every index.ts only re-exports', () => {
  const indexes = [...sources].filter(([path]) => path.endsWith('/index.ts'))
  assert.equal(names(indexes.filter(([, text]) => !onlyReExports(text))), [])
})

test('an index.ts that does more than that is found', () => {
  const reExports =
    "/** a comment */\nexport * from './a.ts'\nexport {\n  a,\n  type B,\n} from './b.ts'\n"
  assert.ok(onlyReExports(reExports))
  assert.not.ok(onlyReExports(`${reExports}export const c = 1\n`))
  assert.not.ok(onlyReExports("import './a.ts'\n"))
})

test('nothing names a path or a host of a machine', () => {
  assert.equal(names([...files].filter(([, text]) => PRIVATE.test(text))), [])
})

test('a path or a host of a machine is found', () => {
  const planted = [['/home', 'anna', 'x'].join('/'), ['registry', 'npmjs', 'org'].join('.')]
  for (const text of planted) assert.ok(PRIVATE.test(text), text)
})

test('time and chance come from the host', () => {
  const own =
    /\b(?:Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate)\(|new Date\(\)/
  assert.ok(own.test('const start = performance.now()'))
  const hosted = [...sources].filter(
    ([path]) => HOSTED.includes(folderOf(path)) && !NOT_HOSTED.includes(path),
  )
  assert.equal(names(hosted.filter(([, text]) => own.test(withoutComments(text)))), [])
})

function onlyReExports(text: string): boolean {
  const rest = withoutComments(text).replaceAll(
    /^export (?:type )?(?:\*(?: as \w+)?|\{[^}]*\}) from '[^']+'$/gm,
    '',
  )
  return rest.trim() === ''
}

function names(entries: readonly (readonly [string, string])[]): string[] {
  return entries.map(([path]) => path).sort()
}

test.run()
