/**
 * The entry of a test process: runs the one test file named by its argument and reports on
 * `REPORT_FD`. Ends by itself, so that whatever a test leaves behind shows as a process that does not.
 *
 * uvu's own `exec` is not used: it prints its counts among the tests' output and takes a file without
 * tests for a success. Its queue of suites is the interface that uvu's command line uses too.
 */
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

import type { Report } from './report.ts'
import { REPORT_FD } from './report.ts'
import { skips } from './skip.ts'

/** Runs one suite: its errors as text (true: none), tests passed, tests skipped, tests in all. */
type SuiteRun = () => Promise<
  [errors: string | true, passed: number, skipped: number, total: number]
>

/** How long the process may take to end after its tests before it says what keeps it alive. */
const EXPLAIN_AFTER_MS = 3_000

const file = process.argv[2]
if (file === undefined) throw new TypeError('expected the path of a test file, got nothing')
await runFile(file)

async function runFile(path: string): Promise<void> {
  const shared = globalThis as { UVU_DEFER?: number; UVU_QUEUE?: (SuiteRun | null)[][] }
  // Both must stand before uvu is loaded: it reads them once.
  shared.UVU_DEFER = 1
  const suites: SuiteRun[] = []
  shared.UVU_QUEUE = [suites]
  const { test } = await import('uvu')
  test.before.each(({ __test__ }) => report({ kind: 'started', test: __test__ }))

  const loaded = (await import(pathToFileURL(path).href)) as { deadlineMs?: unknown }
  const { deadlineMs } = loaded
  report(typeof deadlineMs === 'number' ? { kind: 'loaded', deadlineMs } : { kind: 'loaded' })

  let [passed, failed, skipped] = [0, 0, 0]
  for (const run of suites) {
    const [errors, ran, left, total] = await run()
    passed += ran
    skipped += left
    failed += total - ran
    if (errors !== true) process.stdout.write(`\n${errors}\n`)
    else if (ran < total)
      console.error(`${total - ran} did not run: a hook threw, uvu hides its error`)
  }
  if (failed > 0) process.exitCode = 1
  report({ kind: 'finished', passed, failed, skipped, skips: skips() })
  setTimeout(explainWhyAlive, EXPLAIN_AFTER_MS).unref()
}

function explainWhyAlive(): void {
  const resources = process.getActiveResourcesInfo().join(', ')
  console.error(`the tests are through, but this keeps the process alive: ${resources}`)
}

function report(message: Report): void {
  writeSync(REPORT_FD, `${JSON.stringify(message)}\n`)
}
