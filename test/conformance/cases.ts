/**
 * Where the cases transcribed from Flink's own tests are. They are not part of this repository: `CONFORMANCE_DIR` names the folder
 * (default: `conformance` in a `shared` folder beside the repository).
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'uvu'
import { skip } from '../runner/expect.ts'

const FOLDER = process.env['CONFORMANCE_DIR'] ?? resolve(process.cwd(), '../shared/conformance')

/** Runs `check` as one test per case of a file, or reports a skipped one where there is no such file. */
export function testCases<Case extends { readonly name: string }>(
  fileName: string,
  check: (given: Case) => void | Promise<void>,
): void {
  const file = join(FOLDER, 'flink', fileName)
  if (!existsSync(file)) {
    skip(test, fileName, `cases in ${file}; set CONFORMANCE_DIR`)
    return
  }
  const seen = new Map<string, number>()
  for (const given of JSON.parse(readFileSync(file, 'utf8')) as Case[]) {
    // Several cases come from one test upstream.
    const count = (seen.get(given.name) ?? 0) + 1
    seen.set(given.name, count)
    test(count === 1 ? given.name : `${given.name} (${count})`, () => check(given))
  }
}
