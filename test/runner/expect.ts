/**
 * What uvu's assertions lack: rejections, error codes, and a look at what a test leaves behind.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import * as assert from 'uvu/assert'

export { skip, unless } from './skip.ts'

/** What an error must be like: its `code`, a pattern in its message, or a predicate over it. */
export type ErrorExpectation =
  | { readonly code?: string; readonly message?: RegExp }
  | ((error: unknown) => boolean)

/**
 * Asserts that a promise rejects, or that calling a function throws or rejects, and returns the error.
 * Without an expectation any error will do.
 */
export async function rejects(
  action: PromiseLike<unknown> | (() => unknown),
  expected: ErrorExpectation = {},
): Promise<unknown> {
  let result: unknown
  try {
    result = await (typeof action === 'function' ? action() : action)
  } catch (error) {
    check(error, expected)
    return error
  }
  throw unmet('a rejection', `the value ${String(result)}`, expected, result)
}

/** Asserts that calling `action` throws an error with this `code`, and returns the error. */
export function throwsCode(action: () => unknown, code: string): unknown {
  let result: unknown
  try {
    result = action()
  } catch (error) {
    check(error, { code })
    return error
  }
  throw unmet(`an error with code ${code}`, `the value ${String(result)}`, code, result)
}

function check(error: unknown, expected: ErrorExpectation): void {
  if (typeof expected === 'function') {
    if (!expected(error))
      throw unmet('an error that the predicate accepts', show(error), true, false)
    return
  }
  const { code, message } = expected
  const actual = property(error, 'code')
  if (code !== undefined && actual !== code) {
    throw unmet(`an error with code ${code}`, show(error), code, actual)
  }
  const text = property(error, 'message')
  if (message !== undefined && !(typeof text === 'string' && message.test(text))) {
    throw unmet(`an error with a message like ${String(message)}`, show(error), message, text)
  }
}

/** How `leftovers` judges. */
export interface LeftoverOptions {
  /** How long what is closing may take to be gone, in milliseconds. Default: 2,000. */
  readonly graceMs?: number
}

/**
 * Notes what keeps this thread's event loop alive now (timers, sockets, files, workers, ports), and
 * returns a check that rejects when anything more is there when it is called. Handles that are closing
 * get a grace period; unreferenced ones do not count. Call it before the test makes anything.
 *
 * @example
 *   const nothingLeft = leftovers()
 *   await (await startSystem()).stop()
 *   await nothingLeft()
 */
export function leftovers({ graceMs = 2_000 }: LeftoverOptions = {}): () => Promise<void> {
  // The streams open their handles on first use, which would look like something left over.
  void process.stdout
  void process.stderr
  // Node does not list workers among the active resources, but tells of each that starts.
  const workers = new Set<Worker>()
  const onWorker = (worker: Worker): void => {
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
  }
  process.on('worker', onWorker)
  const before = activeResources()
  const left = (): string[] => {
    const threads = workers.size > 0 ? [`${workers.size} Worker`] : []
    return [...threads, ...added(before, activeResources())]
  }
  return async () => {
    const end = performance.now() + graceMs
    // At least one turn: Node tells of a new thread a moment after it was made.
    do await nextTurn()
    while (left().length > 0 && performance.now() < end)
    process.off('worker', onWorker)
    const remaining = left()
    if (remaining.length > 0) throw unmet('nothing left over', remaining.join(', '), [], remaining)
  }
}

function activeResources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const type of process.getActiveResourcesInfo()) {
    // The check itself waits by immediates.
    if (type !== 'Immediate') counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  return counts
}

function added(before: Map<string, number>, now: Map<string, number>): string[] {
  const more: string[] = []
  for (const [type, count] of now) {
    const extra = count - (before.get(type) ?? 0)
    if (extra > 0) more.push(`${extra} ${type}`)
  }
  return more
}

function unmet(expected: string, got: string, expects: unknown, actual: unknown): Error {
  const message = `expected ${expected}, got ${got}`
  return new assert.Assertion({ message, operator: 'expect', expects, actual })
}

function show(error: unknown): string {
  const code = property(error, 'code')
  return `${String(error)}${typeof code === 'string' ? ` (code ${code})` : ''}`
}

function property(error: unknown, name: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  return (error as Record<string, unknown>)[name]
}
