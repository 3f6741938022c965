/**
 * Checks of what the sources and sinks of users hand back: once for each enumerator, reader and writer, and once for each batch
 * or split, never for a record.
 *
 * On whatever thread runs the user's code. The errors do not name the operator: whoever catches them does.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { findUnsendable, showPath } from '../mailbox/sendable.ts'
import { describeRecord } from './operator-error.ts'
import type { SinkWriter } from './sink.ts'
import type { SplitEnumerator, SplitReader } from './source.ts'

/** What `Source.enumerate` returned. Throws `INVALID_SOURCE` unless it has a function `next`. */
export function checkedEnumerator(value: unknown): SplitEnumerator<unknown> {
  if (hasMethods(value, ['next'])) return value as SplitEnumerator<unknown>
  throw invalidSource('Source.enumerate() to return an object with the function next', value)
}

/** What `Source.open` returned. Throws `INVALID_SOURCE` unless it has a function `read`. */
export function checkedReader(value: unknown): SplitReader<unknown> {
  if (hasMethods(value, ['read'])) return value as SplitReader<unknown>
  throw invalidSource('Source.open() to return an object with the function read', value)
}

/** What `SplitReader.read` returned or its promise resolved to. Throws `INVALID_SOURCE` unless it is an array or undefined. */
export function checkedBatch(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value
  throw invalidSource('SplitReader.read() to give an array, or undefined at the end', value)
}

/** `SplitReader.timestamps` of a batch of `length` records. Throws `INVALID_SOURCE` unless it is a Float64Array of so many times or more. */
export function checkTimestamps(value: unknown, length: number): void {
  if (value instanceof Float64Array && value.length >= length) return
  const got = value instanceof Float64Array ? `one of ${value.length}` : describeRecord(value)
  throw new MillraceError(
    'INVALID_SOURCE',
    `expected SplitReader.timestamps to be a Float64Array of ${length} times or more, got ${got}`,
  )
}

/**
 * What `Sink.open` returned. Throws `INVALID_SINK` unless it has the functions `write`, `flush` and `close`, and `writePacked` where the sink
 * has a packer (`packs`).
 */
export function checkedWriter(value: unknown, packs = false): SinkWriter<unknown> {
  const methods = packs ? ['write', 'writePacked', 'flush'] : ['write', 'flush']
  if (hasMethods(value, [...methods, 'close'])) return value as SinkWriter<unknown>
  throw new MillraceError(
    'INVALID_SINK',
    `expected Sink.open() to return an object with the functions ${methods.join(', ')} and close, got ${describeRecord(value)}`,
  )
}

/**
 * Throws `UNSENDABLE_VALUE` unless a split can go to another thread. Asked on all hosts, so that a source that works on one
 * thread works on many.
 */
export function checkSplit(split: unknown): void {
  try {
    structuredClone(split)
  } catch (error) {
    throw unsendable(split, 'split', error)
  }
}

/**
 * What `SinkWriter.prepare` returned or its promise resolved to, copied. Throws `INVALID_SINK` unless it is an object, with a list of
 * committables if it has any, and `UNSENDABLE_VALUE` unless all in it is plain data.
 */
export function checkedPrepared(value: unknown): {
  readonly state: unknown
  readonly committables: readonly unknown[]
} {
  const { state, committables = [] } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (typeof value === 'object' && value !== null && Array.isArray(committables)) {
    return plainCopy({ state, committables }, 'prepared state') as {
      state: unknown
      committables: unknown[]
    }
  }
  throw new MillraceError(
    'INVALID_SINK',
    `expected SinkWriter.prepare() to give an object with a state and a list of committables, both optional, got ${describeRecord(value)}`,
  )
}

/**
 * A copy of what becomes part of a checkpoint, which no later change of the original reaches. Throws `UNSENDABLE_VALUE` unless it is
 * plain data; `name` says what it is.
 */
export function plainCopy(value: unknown, name: string): unknown {
  try {
    return structuredClone(value)
  } catch (error) {
    throw unsendable(value, name, error)
  }
}

/** Whether it has a `then` to wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return hasMethods(value, ['then'])
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const members = value as Readonly<Record<string, unknown>>
  return names.every((name) => typeof members[name] === 'function')
}

function unsendable(value: unknown, name: string, cause: unknown): MillraceError {
  const found = findUnsendable(value, name)
  const got =
    found === undefined ? describeRecord(value) : `${found.found} at ${showPath(found.path, name)}`
  return new MillraceError(
    'UNSENDABLE_VALUE',
    `expected a ${name} that is plain data, got ${got}`,
    {
      cause,
    },
  )
}

function invalidSource(expected: string, got: unknown): MillraceError {
  return new MillraceError('INVALID_SOURCE', `expected ${expected}, got ${describeRecord(got)}`)
}
