/**
 * Operators' state without operators: backends of all subtasks of one operator, and a clock that stands still until it is told.
 */
import { canonicalKey } from '../../../checkpoint/canonical-key.ts'
import { keyGroupOf, subtaskOfKeyGroup } from '../../../checkpoint/key-groups.ts'
import { keyHash } from '../../../checkpoint/key-hash.ts'
import { isIntegerPair } from '../../../checkpoint/integer-pair.ts'
import { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { PayloadLayouts } from '../../../checkpoint/state/payload-layout.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { KeyedPart, OperatorPart } from '../../../checkpoint/state/state-backend.ts'
import type { Clock } from '../../../runtime/clock.ts'

export const MAX_PARALLELISM = 16

/** A clock that is set by hand. */
export class HandClock implements Clock {
  time = 1_000_000

  now(): number {
    return this.time
  }

  monotonicMs(): number {
    return this.time
  }

  schedule(): () => void {
    throw new Error('state does not wait')
  }
}

export interface BackendOptions {
  readonly clock?: Clock
  readonly subtaskIndex?: number
  readonly parallelism?: number
  readonly maxParallelism?: number
  readonly restored?: readonly OperatorSnapshot[]
  readonly own?: OperatorSnapshot
  readonly layouts?: PayloadLayouts
}

/** The backend of a subtask of the operator `counts`. */
export function backendOf(options: BackendOptions = {}): HeapStateBackend {
  return new HeapStateBackend({
    uid: 'counts-uid',
    operatorName: 'counts',
    maxParallelism: MAX_PARALLELISM,
    subtaskIndex: 0,
    parallelism: 1,
    clock: new HandClock(),
    ...options,
  })
}

/** The backends of all subtasks. */
export function backendsOf(
  parallelism: number,
  options: Omit<BackendOptions, 'parallelism' | 'subtaskIndex'> = {},
): HeapStateBackend[] {
  return Array.from({ length: parallelism }, (_, subtaskIndex) => {
    return backendOf({ ...options, parallelism, subtaskIndex })
  })
}

/** The subtask that a key belongs to. */
export function subtaskOf(key: unknown, parallelism: number): number {
  const group = keyGroupOf(keyHash(key), MAX_PARALLELISM)
  return subtaskOfKeyGroup(group, parallelism, MAX_PARALLELISM)
}

let pairs = 0

/** Goes to a key as operators do: of pairs now by the numbers, as for a record, and now by the form, as for a timer. */
export function at(backend: HeapStateBackend, key: unknown): void {
  if (isIntegerPair(key) && ++pairs % 3 !== 0) backend.setCurrentPair(key[0], key[1])
  else backend.setCurrentKey(canonicalKey(key))
}

/** A part with keys that keeps what it is given in a list. */
export class ListPart implements KeyedPart {
  readonly name: string
  readonly kind: string
  readonly version: number
  readonly payloads: [key: Parameters<KeyedPart['restore']>[0], payload: unknown][] = []
  readonly versions = new Set<number>()

  constructor(name: string, kind = 'list part', version = 1) {
    this.name = name
    this.kind = kind
    this.version = version
  }

  snapshot(write: Parameters<KeyedPart['snapshot']>[0]): void {
    for (const [key, payload] of this.payloads) write(key, payload)
  }

  restore(...[key, payload, version]: Parameters<KeyedPart['restore']>): void {
    this.payloads.push([key, payload])
    this.versions.add(version)
  }
}

/** A part without keys that notes how often it was restored. */
export class ItemsPart implements OperatorPart {
  readonly kind = 'items'
  readonly version: number = 1
  readonly name: string
  readonly redistribution: OperatorPart['redistribution']
  items: readonly unknown[]
  restores = 0

  constructor(
    name: string,
    redistribution: OperatorPart['redistribution'],
    items: readonly unknown[] = [],
  ) {
    this.name = name
    this.redistribution = redistribution
    this.items = items
  }

  snapshot(): readonly unknown[] {
    return this.items
  }

  restore(items: readonly unknown[]): void {
    this.items = items
    this.restores++
  }
}

/** Code and message of the error that an action throws. */
export function errorOf(action: () => unknown): { code: unknown; message: string; cause: unknown } {
  try {
    action()
  } catch (error) {
    const { code, message, cause } = error as Error & { code?: unknown }
    return { code, message, cause }
  }
  throw new Error('expected an error, but there was none')
}
