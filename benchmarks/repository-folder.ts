/**
 * Where the repository is that this module was built from: for files that are not compiled.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The nearest folder above this module that has `path` in it, with the path. Throws outside a clone. */
export function inRepository(path: string): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) && existsSync(join(at, 'benchmarks', 'README.md')))
      return join(at, path)
    if (at === dirname(at)) throw new Error(`${path}: there in a clone of the repository only`)
  }
}
