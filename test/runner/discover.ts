/**
 * Which files are tests: `*.test.js` below a root, folders named `fixtures` left out. Also finds tests that
 * uvu would lose in silence, because no `.run()` comes after them.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The paths of all test files below `root`, relative to it, with `/` between folders, in alphabetical order.
 * Throws what `readdirSync` throws where the root cannot be read.
 */
export function discover(root: string): string[] {
  return list(root, '').sort()
}

function list(root: string, folder: string): string[] {
  const found: string[] = []
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) {
      if (entry.name !== 'fixtures') found.push(...list(root, path))
    } else if (entry.name.endsWith('.test.js')) {
      found.push(path)
    }
  }
  return found
}

/**
 * The suites of a test file (its text, compiled) whose last test has no `.run()` after it, by their names:
 * `test` of uvu and every `const name = suite(…)`. uvu drops such tests without a word.
 */
export function suitesNotRun(source: string): string[] {
  const names = new Set<string>()
  if (/^\s*test(?:\.only|\.skip)?\(/m.test(source)) names.add('test')
  for (const [, name] of source.matchAll(/^\s*(?:const|let)\s+([\w$]+)\s*=\s*suite\(/gm)) {
    if (name !== undefined) names.add(name)
  }
  return [...names].filter((name) => {
    const escaped = name.replaceAll('$', '\\$')
    const declared = lastIndex(source, new RegExp(`^\\s*${escaped}(?:\\.only|\\.skip)?\\(`, 'gm'))
    return lastIndex(source, new RegExp(`^\\s*${escaped}\\.run\\(\\)`, 'gm')) <= declared
  })
}

function lastIndex(source: string, pattern: RegExp): number {
  let last = -1
  for (const match of source.matchAll(pattern)) last = match.index
  return last
}
