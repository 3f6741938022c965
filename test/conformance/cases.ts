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
  for (const { name, given } of casesOf<Case>(fileName)) test(name, () => check(given))
}

/** The cases of a file, with names that differ; none, and a skipped test, where there is no such file. */
export function casesOf<Case extends { readonly name: string }>(
  fileName: string,
): { readonly name: string; readonly given: Case }[] {
  const file = join(FOLDER, 'flink', fileName)
  if (!existsSync(file)) {
    skip(test, fileName, `cases in ${file}; set CONFORMANCE_DIR`)
    return []
  }
  const seen = new Map<string, number>()
  return (JSON.parse(quoteHuge(readFileSync(file, 'utf8'))) as Case[]).map((given) => {
    // Several cases come from one test upstream.
    const count = (seen.get(given.name) ?? 0) + 1
    seen.set(given.name, count)
    return { name: count === 1 ? given.name : `${given.name} (${count})`, given }
  })
}

/** Whole numbers that a double cannot hold become texts. */
function quoteHuge(json: string): string {
  return json.replaceAll(/([:[,]\s*)(-?\d{16,})(?=\s*[,\]}])/g, '$1"$2"')
}
