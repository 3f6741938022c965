/**
 * The files of the repository, as the architecture tests look at them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Sources } from './imports.ts'

const NOT_OURS = ['node_modules', 'dist', '.build', '.git', 'target']

/** The folder of the package: the nearest one above this file that has a package.json. */
export function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) throw new Error('expected a package.json above the tests')
    folder = dirname(folder)
  }
  return folder
}

/** The text of every file that `accept` takes, by its path relative to `root`. */
export function readFiles(root: string, accept: (path: string) => boolean): Sources {
  const files = new Map<string, string>()
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      const name = relative(root, path).split(sep).join('/')
      if (entry.isDirectory()) {
        if (!NOT_OURS.includes(entry.name)) walk(path)
      } else if (entry.isFile() && accept(name)) {
        files.set(name, readFileSync(path, 'utf8'))
      }
    }
  }
  walk(root)
  return files
}
