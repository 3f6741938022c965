/**
 * Subtasks of one operator with state of every kind, a store, and a plain model beside them: random calls, checkpoints with changes or with everything, some
 * of which fail, news of completed ones that comes late, and restores of any that is kept, at another parallelism.
 */
import * as assert from 'uvu/assert'
import { partsBefore, readSubtasks } from '../../../checkpoint/coordinator/subtask-chain.ts'
import { MemorySnapshotStore } from '../../../checkpoint/coordinator/memory-snapshot-store.ts'
import {
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../checkpoint/state/declare-state.ts'
import type { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import { packSubtask, subtaskPartName } from '../../../checkpoint/store/subtask-part.ts'
import type { CheckpointMetadata } from '../../../checkpoint/store/snapshot-store.ts'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { ChainCut } from '../../../operators/chain/chain-cut.ts'
import type { CompiledChain } from '../../../operators/chain/chain.ts'
import { IncrementChain } from '../../../operators/checkpointing/increment-chain.ts'
import type { IncrementalCut } from '../../../operators/checkpointing/increment-chain.ts'
import { at, backendsOf, HandClock, subtaskOf } from '../../checkpoint/state/state-rig.ts'

export const KINDS = [
  'value',
  'list',
  'map',
  'sum',
  'aging',
  'agingList',
  'agingMap',
  'spaced',
] as const
export type Kind = (typeof KINDS)[number]

const TTL = 100

/** Something that happens. */
export type Step =
  | {
      readonly do: 'put' | 'remove' | 'read'
      readonly kind: Kind
      readonly key: number
      readonly space: number
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'begin'; readonly savepoint: boolean }
  | { readonly do: 'pack'; readonly subtask: number; readonly entries: number }
  | { readonly do: 'end'; readonly fails: boolean }
  | { readonly do: 'hear'; readonly subtask: number }
  | { readonly do: 'goOn'; readonly subtask: number }
  | { readonly do: 'restore'; readonly checkpoint: number; readonly parallelism: number }

interface Item {
  readonly kind: Kind
  readonly key: number
  readonly space: number | undefined
  readonly value: unknown
  readonly time: number
}
type Items = ReadonlyMap<string, Item>

interface Subtask {
  readonly backend: HeapStateBackend
  readonly handles: ReturnType<typeof handlesOf>
  readonly increments: IncrementChain
  readonly chain: CompiledChain
  readonly news: number[]
}

interface Run {
  readonly id: number
  readonly savepoint: boolean
  readonly cuts: readonly IncrementalCut[]
  readonly expected: Items
}

function handlesOf(backend: HeapStateBackend) {
  const ttl = { ttlMs: TTL, cleanupPerAccess: 1 }
  return {
    value: backend.keyedState('value', valueState<number>()),
    list: backend.keyedState('list', listState<number>()),
    map: backend.keyedState('map', mapState<number, number>()),
    sum: backend.keyedState(
      'sum',
      reducingState<number>((a, b) => a + b),
    ),
    aging: backend.keyedState('aging', valueState<number>({ ttl })),
    agingList: backend.keyedState('agingList', listState<number>({ ttl })),
    agingMap: backend.keyedState('agingMap', mapState<number, number>({ ttl })),
    spaced: backend.keyedState('spaced', valueState<number>(), { namespaced: true }),
  }
}

/** See the head of this file. Counts what it has seen. */
export class IncrementsModel {
  increments = 0
  restores = 0
  readonly #clock = new HandClock()
  readonly #keep: number
  readonly #store = new MemorySnapshotStore()
  readonly #kept = new Map<number, Items>()
  #items = new Map<string, Item>()
  #subtasks: readonly Subtask[] = []
  #run: Run | undefined
  #last: CheckpointMetadata | undefined
  #nextId = 1
  #counter = 0

  constructor(keep: number) {
    this.#keep = keep
    this.#start(1, [])
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'put':
      case 'remove':
      case 'read':
        this.#access(step)
        return
      case 'wait':
        this.#clock.time += step.ms
        return
      case 'begin':
        this.#begin(step.savepoint)
        return
      case 'pack':
        this.#run?.cuts[step.subtask % this.#subtasks.length]?.cut.step(step.entries)
        return
      case 'end':
        await this.#end(step.fails)
        return
      case 'hear': {
        const { news, increments } = this.#subtasks[step.subtask % this.#subtasks.length]!
        const id = news.shift()
        if (id !== undefined) increments.completed(id)
        return
      }
      case 'goOn':
        this.#subtasks[step.subtask % this.#subtasks.length]!.backend.restoreStep()
        return
      case 'restore':
        await this.#restore(step.checkpoint, step.parallelism)
    }
  }

  #start(parallelism: number, restored: readonly OperatorSnapshot[]): void {
    this.#subtasks = backendsOf(parallelism, { clock: this.#clock, restored }).map((backend) => {
      const chain = {
        cut: (options) =>
          new ChainCut([
            {
              cut: backend.cut({ since: options?.since?.[0], isBase: options?.isBase === true }),
              failure: (error) => error as Error,
            },
          ]),
      } as CompiledChain
      const increments = new IncrementChain(true)
      return { backend, handles: handlesOf(backend), increments, chain, news: [] }
    })
  }

  #access({ do: what, kind, key, space }: Extract<Step, { kind: Kind }>): void {
    const { backend, handles } = this.#subtasks[subtaskOf(key, this.#subtasks.length)]!
    at(backend, key)
    backend.setNamespace(space)
    if (kind === 'agingList' || kind === 'agingMap') {
      this.#accessAging(what, kind, key)
      return
    }
    const own = kind === 'spaced' ? space : undefined
    const place = `${kind} ${key} ${own}`
    const before = this.#alive(this.#items).get(place)?.value
    if (what === 'read') {
      if (kind === 'list' || kind === 'map') return
      assert.equal(handles[kind].get(), before)
      return
    }
    if (what === 'remove') {
      handles[kind].clear()
      this.#items.delete(place)
      return
    }
    const n = ++this.#counter
    let value: unknown = n
    if (kind === 'list') {
      handles.list.add(n)
      value = [...((before as number[] | undefined) ?? []), n]
    } else if (kind === 'map') {
      handles.map.set(n % 3, n)
      value = new Map(before as Map<number, number> | undefined).set(n % 3, n)
    } else if (kind === 'sum') {
      handles.sum.add(n)
      value = ((before as number | undefined) ?? 0) + n
    } else {
      handles[kind].set(n)
    }
    this.#items.set(place, { kind, key, space: own, value, time: this.#clock.time })
  }

  /** Elements and entries age one by one: in the model each is an item of its own. */
  #accessAging(what: 'put' | 'remove' | 'read', kind: 'agingList' | 'agingMap', key: number): void {
    const { handles } = this.#subtasks[subtaskOf(key, this.#subtasks.length)]!
    const { time } = this.#clock
    const place = `${kind} ${key} `
    if (what === 'remove') {
      handles[kind].clear()
      for (const each of this.#items.keys()) if (each.startsWith(place)) this.#items.delete(each)
    } else if (what === 'put') {
      const n = ++this.#counter
      if (kind === 'agingList') handles.agingList.add(n)
      else handles.agingMap.set(n % 7, n)
      const value = kind === 'agingList' ? n : [n % 7, n]
      const id = kind === 'agingList' ? n : n % 7
      this.#items.set(place + id, { kind, key, space: undefined, value, time })
    } else {
      const got = kind === 'agingList' ? handles.agingList.get() : handles.agingMap.entries()
      const expected = [...this.#alive(this.#items)].filter(([each]) => each.startsWith(place))
      assert.equal(
        Array.from<unknown, string>(got, (each) => JSON.stringify(each)).sort(),
        expected.map(([, { value }]) => JSON.stringify(value)).sort(),
      )
    }
  }

  #begin(savepoint: boolean): void {
    const id = this.#nextId++
    // A newer one takes the place of one that is under way.
    this.#giveUp()
    const cuts = this.#subtasks.map(({ increments, chain }) => {
      if (savepoint) increments.standAlone(id)
      return increments.cut(id, chain)
    })
    this.#run = { id, savepoint, cuts, expected: new Map(this.#items) }
  }

  #giveUp(): void {
    for (const { cut } of this.#run?.cuts ?? []) cut.giveUp()
    this.#run = undefined
  }

  async #end(fails: boolean): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    const { id, savepoint, cuts, expected } = run
    const writer = await this.#store.begin(id, { kind: savepoint ? 'savepoint' : 'checkpoint' })
    for (const [subtaskIndex, { cut, builtOn }] of cuts.entries()) {
      const snapshot: SubtaskSnapshot = {
        operators: cut.finish(),
        sinks: [],
        channels: [],
        watermark: 0,
        finished: false,
        builtOn,
      }
      this.#subtasks[subtaskIndex]!.increments.acknowledged(id, snapshot)
      const name = { taskId: 1, subtaskIndex }
      if (builtOn !== undefined) {
        this.increments++
        assert.not.ok(savepoint)
        const parts = partsBefore(name, builtOn, this.#last ?? { parts: [] })
        assert.ok(parts, `the last complete checkpoint has the parts of ${builtOn.join()}`)
        for (const part of parts) writer.include(part)
      }
      const partName = subtaskPartName(name, builtOn && id)
      await writer.put(
        partName,
        packSubtask(snapshot).map((piece) => piece.slice()),
      )
    }
    if (fails) {
      await writer.discard()
      return
    }
    const metadata = await writer.complete({
      jobName: 'job',
      jobId: 'id',
      fingerprint: '',
      triggeredAt: 0,
      completedAt: 0,
      operators: [],
      coordinator: undefined,
    })
    this.#kept.set(id, expected)
    if (savepoint) return
    this.#last = metadata
    for (const gone of await this.#store.retain(this.#keep)) this.#kept.delete(gone)
    for (const { news } of this.#subtasks) news.push(id)
  }

  async #restore(which: number, parallelism: number): Promise<void> {
    const ids = [...this.#kept.keys()]
    const id = ids[which % ids.length]
    if (id === undefined) return
    this.restores++
    this.#giveUp()
    const subtasks = await readSubtasks(this.#store, await this.#store.metadata(id))
    const restored = subtasks.flatMap(({ snapshot }) => snapshot.operators)
    this.#start(parallelism, restored)
    this.#items = new Map(this.#alive(this.#kept.get(id)!))
    // Looking at all of it restores all of it: others are looked at, and the subtasks go on with most of it still to come.
    const twins = backendsOf(parallelism, { clock: this.#clock, restored })
    const shown = twins.flatMap((backend) => {
      handlesOf(backend)
      return [...backend.entries()]
    })
    const texts = shown.flatMap(({ state, key, namespace, value }) => {
      const values = state.startsWith('aging') && state !== 'aging' ? value : [value]
      return Array.from(values as Iterable<unknown>, (each) =>
        textOf({ kind: state, key, space: namespace, value: each }),
      )
    })
    const expected = [...this.#items.values()].map(textOf)
    assert.equal(texts.sort(), expected.sort(), `of checkpoint ${id}`)
  }

  #alive(items: Items): Items {
    const alive = [...items].filter(
      ([, { kind, time }]) => !kind.startsWith('aging') || time + TTL > this.#clock.time,
    )
    return new Map(alive)
  }
}

function textOf(item: { kind: string; key: unknown; space: unknown; value: unknown }): string {
  const { kind, key, space, value } = item
  const plain =
    value instanceof Map ? [...(value as Map<number, number>)].sort(([a], [b]) => a - b) : value
  return JSON.stringify([kind, key, space ?? null, plain])
}
