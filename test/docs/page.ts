/**
 * Holds a page of `docs/` to its guide: a module of `test/docs/` whose `#region`s are the examples of the page, in their order. So the
 * examples compile, and the page's test runs them.
 *
 *   <!-- example: first -->        // #region first
 *   ```ts                          …
 *   …                              // #endregion
 *   ```
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { findRoot } from '../architecture/repository.ts'

/** What a user imports in place of the folders of this repository. */
export const PACKAGE_NAMES: readonly (readonly [RegExp, string])[] = [
  [/'(?:\.\.\/)+api\/index\.ts'/g, "'millrace'"],
  [/'(?:\.\.\/)+api\/testing\/index\.ts'/g, "'millrace/testing'"],
  [/'(?:\.\.\/)+runtime\/index\.ts'/g, "'millrace/actors'"],
  [/'(?:\.\.\/)+runtime\/simulator\.ts'/g, "'millrace/testing'"],
  [/'(?:\.\.\/)+connectors\/([a-z-]+)\/index\.ts'/g, "'millrace/connectors/$1'"],
]

/** A program of this repository as a user would write it. */
export function asUser(code: string): string {
  let text = code
  for (const [path, name] of PACKAGE_NAMES) text = text.replaceAll(path, name)
  return text
}

/**
 * Asserts that the examples of a page are the regions of its guide, and that they are all its blocks of TypeScript.
 *
 * @example await checkPage('docs/actors.md', 'test/docs/actors-guide.ts')
 */
export async function checkPage(page: string, guide: string): Promise<void> {
  const root = findRoot()
  const text = await readFile(join(root, page), 'utf8')
  const code = asUser(await readFile(join(root, guide), 'utf8'))
  const shown = [...text.matchAll(/<!-- example: (\w+) -->\n```ts\n(.*?)```/gs)]
  const regions = [...code.matchAll(/\/\/ #region (\w+)\n(.*?)\/\/ #endregion/gs)]
  assert.ok(regions.length > 0, `${guide} has no regions`)
  assert.is(
    text.match(/^```ts$/gm)?.length,
    shown.length,
    `${page} has blocks that are no examples`,
  )
  assert.equal(
    shown.map(([, name, example]) => [name, example]),
    regions.map(([, name, region]) => [name, region]),
  )
}
