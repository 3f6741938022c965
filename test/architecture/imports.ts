/**
 * Who imports whom, read from the sources: types count too, and those are gone after compiling.
 *
 * The scan knows the statements as the formatter writes them: `import … from`, `export … from` and
 * `import '…'` at the start of a line, `import('…')` and `new URL('…', import.meta.url)` anywhere but in comments.
 */
import { posix } from 'node:path'

/** Source files by path, relative to the root of the repository, with `/` between folders. */
export type Sources = ReadonlyMap<string, string>

/** One import: `from` is a source file, `to` what it names, resolved to a source file where it is ours. */
export interface Import {
  readonly from: string
  readonly to: string
  /** Whether `to` is a path of the repository, as opposed to a package or a module of Node. */
  readonly internal: boolean
  /** Whether it is gone after compiling. */
  readonly typeOnly: boolean
}

/** The folders bottom-up: each may import itself and those before it. */
export const LAYERS: readonly string[] = [
  'mailbox',
  'runtime',
  'checkpoint',
  'operators',
  'api',
  'connectors',
  'cli',
]

/** The packages that a folder may import. Folders that are not named may import any. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  mailbox: ['msgpackr'],
  runtime: ['comlink', 'piscina'],
  checkpoint: [],
  operators: [],
  api: [],
  connectors: ['hyparquet', 'hyparquet-compressors', 'hyparquet-writer', 'papaparse', 'zstddec'],
  cli: ['cli-progress', 'cli-table3', 'commander', 'picocolors'],
}

/** Modules of Node that only hosts and connectors may use: a subtask owns no thread and opens no file. */
const OUTSIDE_WORLD = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'child_process',
  'worker_threads',
  'timers',
]
const PURE_FOLDERS = ['checkpoint', 'operators']
/** The thin edge of the snapshot store: everything else there takes the disk and the processes as arguments. */
const EDGE_OF_THE_STORE = [
  'checkpoint/store/node-file-system.ts',
  'checkpoint/store/process-table.ts',
]

const NAMES = String.raw`(?:[\w$*{},]|\s)+?`
const STATIC = new RegExp(String.raw`^(?:import|export)\s(type\s)?${NAMES}\sfrom\s+'([^']+)'`, 'gm')
const BARE = /^import\s+'([^']+)'/gm
const DYNAMIC = /\bimport\(\s*['"`]([^'"`$]+)['"`]/g
const LOADED = /\bnew URL\(\s*'(\.{1,2}\/[^']+\.[jt]s)'/g

/** All imports of all sources. */
export function readImports(sources: Sources): Import[] {
  return [...sources].flatMap(([from, text]) => {
    const code = withoutComments(text)
    const found: Import[] = []
    const add = (name: string | undefined, typeOnly: boolean): void => {
      if (name !== undefined) found.push(resolveImport(from, name, typeOnly))
    }
    for (const [, type, name] of code.matchAll(STATIC)) add(name, type !== undefined)
    for (const [, name] of code.matchAll(BARE)) add(name, false)
    for (const [, name] of code.matchAll(DYNAMIC)) add(name, false)
    for (const [, name] of code.matchAll(LOADED)) add(name, false)
    return found
  })
}

/** Drops the lines that are comments as a whole: the only place where examples of imports stand. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/\/.*|\/?\*.*)$/gm, '')
}

function resolveImport(from: string, name: string, typeOnly: boolean): Import {
  const internal = name.startsWith('.')
  if (!internal) return { from, to: name, internal, typeOnly }
  const path = posix.join(posix.dirname(from), name).replace(/\.js$/, '.ts')
  return { from, to: path, internal, typeOnly }
}

/** Imports against the direction of the folders, one sentence each. */
export function directionViolations(imports: readonly Import[]): string[] {
  const found: string[] = []
  for (const { from, to, internal } of imports) {
    const layer = LAYERS.indexOf(folderOf(from))
    if (!internal || layer < 0 || folderOf(to) === folderOf(from)) continue
    const target = LAYERS.indexOf(folderOf(to))
    if (target < 0 || target > layer) {
      found.push(`${from} imports ${to}: ${folderOf(from)} may import ${allowed(layer)}`)
    }
  }
  return found
}

function allowed(layer: number): string {
  return layer === 0 ? 'no other folder' : LAYERS.slice(0, layer).join(', ')
}

/** Imports of packages and of modules of Node that their folder may not use, one sentence each. */
export function packageViolations(
  imports: readonly Import[],
  installed: readonly string[],
): string[] {
  const found: string[] = []
  for (const { from, to, internal } of imports) {
    if (internal) continue
    const folder = folderOf(from)
    if (to.startsWith('node:')) {
      const pure = PURE_FOLDERS.includes(folder) && !EDGE_OF_THE_STORE.includes(from)
      if (pure && OUTSIDE_WORLD.includes(to.slice('node:'.length))) {
        found.push(`${from} imports ${to}: ${folder} leaves the outside world to the hosts`)
      }
      continue
    }
    const name = packageOf(to)
    const list = PACKAGES[folder] ?? installed
    if (!list.includes(name)) {
      found.push(`${from} imports ${name}: ${folder} may import ${list.join(', ') || 'no package'}`)
    }
  }
  return found
}

/**
 * Circles of files that load each other, each as a path that ends where it begins. Types may refer to each
 * other in circles, as those of a fluent interface must: they are gone after compiling.
 */
export function cycles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to, internal, typeOnly } of imports) {
    if (internal && !typeOnly) targets.set(from, [...(targets.get(from) ?? []), to])
  }
  const found: string[] = []
  const finished = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) found.push([...path.slice(start), file].join(' → '))
    if (start >= 0 || finished.has(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...path, file])
    finished.add(file)
  }
  for (const file of targets.keys()) visit(file, [])
  return found
}

/** The top folder of a path; empty for a file of the root. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
