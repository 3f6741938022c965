/**
 * Tests that cannot run here say what they lack, instead of passing without a look.
 *
 * The list lives on `globalThis`, because the test process may stem from another build than the test.
 */
import type { Test } from 'uvu'

import type { SkippedTest } from './report.ts'

const KEY = Symbol.for('millrace.test.skips')

/**
 * Registers a test that does not run. `lacks` says what is missing, as in "a second core": the runner
 * prints it, and fails a file that skips tests without a reason.
 */
export function skip(test: Test, name: string, lacks: string): void {
  if (lacks.trim() === '') throw new TypeError(`skip: expected what "${name}" lacks, got nothing`)
  skips().push({ test: name, lacks })
  test.skip(name, () => undefined)
}

/**
 * Picks how to register a test by what is missing: undefined registers it as usual, anything else skips it.
 *
 * @example
 *   const lacks = availableParallelism() < 2 ? 'a second core' : undefined
 *   unless(test, lacks)('two threads share the ring', async () => {})
 */
export function unless(
  test: Test,
  lacks: string | undefined,
): (name: string, handler: () => void | Promise<void>) => void {
  if (lacks === undefined) return (name, handler) => test(name, handler)
  return (name) => skip(test, name, lacks)
}

/** The tests skipped so far in this thread; the live list. */
export function skips(): SkippedTest[] {
  const holder = globalThis as { [KEY]?: SkippedTest[] }
  return (holder[KEY] ??= [])
}
