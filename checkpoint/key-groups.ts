/**
 * Key groups: the unit in which keyed state is divided among subtasks, stored, and moved when a job is
 * restored at another parallelism.
 *
 * The arithmetic is that of Flink's KeyGroupRangeAssignment and MathUtils.murmurHash, so that a key whose
 * 32-bit hash is the same lands in the same key group. Pure functions, any thread.
 */
import { MillraceError } from '../mailbox/errors.ts'

/** Max parallelism of a job that names none. */
export const DEFAULT_MAX_PARALLELISM = 128

/** The largest max parallelism. */
export const MAX_PARALLELISM_LIMIT = 32_768

/** Key groups `[start, end)`. */
export interface KeyGroupRange {
  readonly start: number
  readonly end: number
}

/**
 * Flink's 32-bit murmur hash of a 32-bit integer; anything else is cut to 32 bits first.
 * Returns 0 to 2^31 - 1: a negative result is negated, and the smallest integer becomes 0.
 */
export function murmurHash(code: number): number {
  let hash = Math.imul(code, 0xcc9e2d51)
  hash = (hash << 15) | (hash >>> 17)
  hash = Math.imul(hash, 0x1b873593)
  hash = (hash << 13) | (hash >>> 19)
  hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  // The length in bytes, then murmur's finalizer.
  hash ^= 4
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  return hash >= 0 ? hash : -hash & 0x7fffffff
}

/**
 * The key group, 0 to `maxParallelism - 1`, of a key with this hash (see `keyHash`). Called per record, so
 * it does not check `maxParallelism`: use `checkMaxParallelism` once.
 */
export function keyGroupOf(keyHash: number, maxParallelism: number): number {
  return murmurHash(keyHash) % maxParallelism
}

/**
 * The index of the subtask that owns a key group.
 * Errors: `INVALID_PARALLELISM`, `INVALID_KEY_GROUP` outside 0 to `maxParallelism - 1`.
 */
export function subtaskOfKeyGroup(
  keyGroup: number,
  parallelism: number,
  maxParallelism: number,
): number {
  checkParallelism(parallelism, maxParallelism)
  checkIndex(keyGroup, maxParallelism, 'INVALID_KEY_GROUP', 'a key group')
  return Math.floor((keyGroup * parallelism) / maxParallelism)
}

/**
 * The key groups that a subtask owns. The ranges of all subtasks are disjoint and cover every key group.
 * Errors: `INVALID_PARALLELISM`, `INVALID_SUBTASK` outside 0 to `parallelism - 1`.
 */
export function keyGroupRange(
  subtask: number,
  parallelism: number,
  maxParallelism: number,
): KeyGroupRange {
  checkParallelism(parallelism, maxParallelism)
  checkIndex(subtask, parallelism, 'INVALID_SUBTASK', 'a subtask index')
  return {
    start: Math.ceil((subtask * maxParallelism) / parallelism),
    end: Math.ceil(((subtask + 1) * maxParallelism) / parallelism),
  }
}

/** Throws `INVALID_PARALLELISM` unless `maxParallelism` is an integer from 1 to 32,768. */
export function checkMaxParallelism(maxParallelism: number): void {
  if (
    !Number.isInteger(maxParallelism) ||
    maxParallelism < 1 ||
    maxParallelism > MAX_PARALLELISM_LIMIT
  ) {
    throw new MillraceError(
      'INVALID_PARALLELISM',
      `Max parallelism must be an integer from 1 to ${MAX_PARALLELISM_LIMIT}, got ${String(maxParallelism)}`,
    )
  }
}

/** Throws `INVALID_PARALLELISM` unless `parallelism` is an integer from 1 to `maxParallelism`, itself valid. */
export function checkParallelism(parallelism: number, maxParallelism: number): void {
  checkMaxParallelism(maxParallelism)
  if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > maxParallelism) {
    throw new MillraceError(
      'INVALID_PARALLELISM',
      `Parallelism must be an integer from 1 to the max parallelism of ${maxParallelism}, got ${String(parallelism)}`,
    )
  }
}

function checkIndex(index: number, end: number, code: string, what: string): void {
  if (!Number.isInteger(index) || index < 0 || index >= end) {
    throw new MillraceError(code, `Expected ${what} from 0 to ${end - 1}, got ${String(index)}`)
  }
}
