/** A first, plain form of the heap state backend: values and parts only. To be replaced by the full one. */
import type { Clock } from '../../runtime/clock.ts'
import { packList, unpackList } from '../../mailbox/msgpack.ts'
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { keyGroupOf, keyGroupRange } from '../key-groups.ts'
import { keyHash } from '../key-hash.ts'
import type { KeyGroupSnapshot, OperatorSnapshot } from './snapshot.ts'
import type { KeyedPart, Namespace, OperatorPart, StateBackend } from './state-backend.ts'
import type { KeyedStateDescriptor, OperatorStateDescriptor, StateOf } from './state-descriptors.ts'

export class HeapStateBackend implements StateBackend {
  currentKey: CanonicalKey | undefined
  readonly #options: {
    uid: string
    maxParallelism: number
    subtaskIndex: number
    parallelism: number
    restored?: readonly OperatorSnapshot[]
  }
  readonly #keyed: KeyedPart[] = []
  readonly #operator: OperatorPart[] = []

  constructor(options: {
    uid: string
    operatorName: string
    maxParallelism: number
    subtaskIndex: number
    parallelism: number
    clock: Clock
    restored?: readonly OperatorSnapshot[]
  }) {
    this.#options = options
  }

  setCurrentKey(key: CanonicalKey): void {
    this.currentKey = key
  }

  setNamespace(_namespace: Namespace): void {}

  keyedState<D extends KeyedStateDescriptor>(name: string, _descriptor: D): StateOf<D> {
    const values = new Map<CanonicalKey, unknown>()
    this.registerKeyed({
      name,
      kind: 'value',
      version: 1,
      snapshot: (write) => values.forEach((value, key) => write(key, value)),
      restore: (key, value) => values.set(key, value),
    })
    return {
      get: () => values.get(this.currentKey as CanonicalKey),
      set: (value: unknown) => void values.set(this.currentKey as CanonicalKey, value),
      clear: () => void values.delete(this.currentKey as CanonicalKey),
    } as never
  }

  keys(stateName: string): Iterable<CanonicalKey> {
    const keys = new Set<CanonicalKey>()
    this.#keyed.find(({ name }) => name === stateName)?.snapshot((key) => keys.add(key))
    return keys
  }

  operatorState<D extends OperatorStateDescriptor>(name: string, { kind }: D): StateOf<D> {
    const map = new Map<unknown, unknown>()
    let list: unknown[] = []
    const broadcast = kind === 'broadcast'
    this.registerOperator({
      name,
      kind,
      version: 1,
      redistribution:
        kind === 'broadcast' ? 'broadcast' : kind === 'split-list' ? 'split' : 'union',
      snapshot: () => (broadcast ? [...map] : list),
      restore: (items) => {
        if (broadcast) for (const [k, v] of items as [unknown, unknown][]) map.set(k, v)
        else list = [...items]
      },
    })
    if (broadcast) return map as never
    return {
      get: () => list,
      add: (value: unknown) => void list.push(value),
      clear: () => void (list = []),
    } as never
  }

  registerKeyed(part: KeyedPart): void {
    this.#keyed.push(part)
    const { subtaskIndex, parallelism, maxParallelism, restored = [] } = this.#options
    const range = keyGroupRange(subtaskIndex, parallelism, maxParallelism)
    for (const { keyed, groups } of restored) {
      const number = keyed.findIndex(({ name }) => name === part.name)
      for (const { keyGroup, entries, bytes } of groups) {
        if (keyGroup < range.start || keyGroup >= range.end) continue
        const list = unpackList(Buffer.from(bytes), entries * 3)
        for (let i = 0; i < list.length; i += 3)
          if (list[i] === number) part.restore(list[i + 1] as CanonicalKey, list[i + 2], 1)
      }
    }
  }

  registerOperator(part: OperatorPart): void {
    this.#operator.push(part)
    const all = (this.#options.restored ?? []).flatMap(({ operator }) => {
      const mine = operator.find(({ name }) => name === part.name)
      return mine === undefined ? [] : unpackList(Buffer.from(mine.bytes), mine.items)
    })
    if (all.length > 0) part.restore(all, 1)
  }

  snapshot(): OperatorSnapshot {
    const { uid, maxParallelism } = this.#options
    const byGroup = new Map<number, unknown[]>()
    this.#keyed.forEach((part, number) => {
      part.snapshot((key, payload) => {
        const group = keyGroupOf(keyHash(originalKey(key)), maxParallelism)
        const list = byGroup.get(group) ?? []
        byGroup.set(group, list)
        list.push(number, key, unpackList(packList([payload], 1), 1)[0])
      })
    })
    const groups: KeyGroupSnapshot[] = [...byGroup]
      .sort(([a], [b]) => a - b)
      .map(([keyGroup, list]) => ({
        keyGroup,
        entries: list.length / 3,
        bytes: packList(list, list.length),
      }))
    return {
      format: 1,
      uid,
      maxParallelism,
      keyed: this.#keyed.map(({ name, kind, version }) => ({ name, kind, version })),
      groups,
      operator: this.#operator.map(({ name, kind, version, redistribution, snapshot }) => {
        const items = snapshot()
        return {
          name,
          kind,
          version,
          redistribution,
          items: items.length,
          bytes: packList(items, items.length),
        }
      }),
    }
  }

  *entries(): Iterable<{ state: string; key: unknown; namespace?: unknown; value: unknown }> {
    for (const part of this.#keyed) {
      const found: { state: string; key: unknown; value: unknown }[] = []
      part.snapshot((key, value) => found.push({ state: part.name, key: originalKey(key), value }))
      yield* found
    }
  }
}
