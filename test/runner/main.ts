#!/usr/bin/env node
/**
 * The test runner: every test file in a process of its own, two at a time, each with a deadline.
 *
 *   node dist/test/runner/main.js [--root DIR] [--deadline-ms N] [--verbose] [FILTER…]
 *
 * A filter is a part of a path below the root; several filters add up. One line per file, the whole output of
 * every failed file, and as the very last line `N passed, N failed, N skipped`. Exit code 1 for any failure,
 * and for a filter that matches nothing.
 */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { discover } from './discover.ts'
import type { Counts } from './report.ts'
import type { FileResult } from './run-file.ts'
import { killAll, runFile } from './run-file.ts'

const MAX_PROCESSES = 2

interface Settings {
  readonly root: string
  readonly deadlineMs: number
  readonly verbose: boolean
  readonly filters: readonly string[]
}

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    killAll()
    process.exit(exitCode)
  })
}
await main(readSettings())

function readSettings(): Settings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      root: { type: 'string' },
      'deadline-ms': { type: 'string', default: '120000' },
      verbose: { type: 'boolean', default: false },
    },
  })
  const deadlineMs = Number(values['deadline-ms'])
  if (!(deadlineMs > 0)) {
    throw new TypeError(`--deadline-ms: expected a number above 0, got ${values['deadline-ms']}`)
  }
  const beside = fileURLToPath(new URL('..', import.meta.url))
  const root = values.root === undefined ? beside : resolve(values.root)
  // `npm test -- test/mailbox/ring.test.ts`, as a shell completes it, means the compiled file.
  const filters = positionals.map((path) =>
    path.replace(/^(\.\/)?test\//, '').replace(/\.ts$/, '.js'),
  )
  return { root, deadlineMs, verbose: values.verbose, filters }
}

async function main(settings: Settings): Promise<void> {
  const { root, filters } = settings
  const all = discover(root)
  const unmatched = filters.filter((filter) => !all.some((file) => file.includes(filter)))
  const files = all.filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  )
  if (files.length === 0 || unmatched.length > 0) {
    const what = unmatched.length > 0 ? ` with ${unmatched.join(' or ')} in its path` : ''
    console.log(`There is no test file${what} below ${root}.`)
    finish({ passed: 0, failed: 1, skipped: 0 })
    return
  }
  const results = await runAll(files, settings)
  const broken = [...results].filter(([, { failed }]) => failed > 0).map(([file]) => file)
  if (broken.length > 0) console.log(`\nFailed files:\n  ${broken.sort().join('\n  ')}`)
  finish(sum([...results.values()]))
}

async function runAll(
  files: readonly string[],
  settings: Settings,
): Promise<Map<string, FileResult>> {
  const results = new Map<string, FileResult>()
  const queue = [...files]
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(join(settings.root, file), settings)
      results.set(file, result)
      print(file, result, settings.verbose)
    }
  }
  const processes = Math.min(MAX_PROCESSES, availableParallelism(), files.length)
  await Promise.all(Array.from({ length: processes }, work))
  return results
}

function print(file: string, result: FileResult, verbose: boolean): void {
  const { passed, failed, skipped, problems, skips, output, durationMs } = result
  const counts = [`${passed} passed`]
  if (failed > 0) counts.unshift(`${failed} failed`)
  if (skipped > 0) counts.push(`${skipped} skipped`)
  const seconds = `${(durationMs / 1000).toFixed(1)} s`
  console.log(`${failed > 0 ? 'FAIL' : 'ok  '}  ${file}  ${counts.join(', ')}  ${seconds}`)
  for (const { test, lacks } of skips) console.log(`      skipped: "${test}" lacks ${lacks}`)
  for (const problem of problems) console.log(`      ${problem}`)
  if ((failed > 0 || verbose) && output !== '') console.log(indent(output.trimEnd()))
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '      | ')
}

function sum(results: readonly Counts[]): Counts {
  let [passed, failed, skipped] = [0, 0, 0]
  for (const result of results) {
    passed += result.passed
    failed += result.failed
    skipped += result.skipped
  }
  return { passed, failed, skipped }
}

function finish({ passed, failed, skipped }: Counts): void {
  process.exitCode = failed > 0 ? 1 : 0
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
}
