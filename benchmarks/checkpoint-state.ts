/**
 * What a checkpoint costs the subtask that has much state: 1 million keys with a value of 100 bytes each.
 *
 * - The longest pause: a subtask takes batches of 256 records, each of which reads and writes the value of a random key, and between two
 *   batches packs as it does during a checkpoint. The longest time from batch to batch is the pause, whatever it is spent on; it is
 *   given without what major garbage collections took too, and without a checkpoint.
 * - Increments: after 1 % of the keys have changed, what a checkpoint takes that has only these, against one that has everything, in bytes and in time spent
 *   on packing, with nothing else going on; and its longest pause while batches come.
 * - Recovery: from the bytes of the snapshot until the value of a key has been read and written. After that the rest is restored between batches as those
 *   above: how long it takes until nothing is left, and the longest time from batch to batch meanwhile.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTick } from 'node:timers/promises'
import { ChainCut } from '../operators/chain/chain-cut.ts'
import { SnapshotUnderWay } from '../operators/checkpointing/snapshot-under-way.ts'
import { StateRestore } from '../operators/checkpointing/state-restore.ts'
import { HeapStateBackend } from '../checkpoint/state/heap-state-backend.ts'
import { valueState } from '../checkpoint/state/declare-state.ts'
import type { OperatorSnapshot } from '../checkpoint/state/snapshot.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { figure, type BenchmarkOptions, type Figure } from './figure.ts'

const KEYS = 1_000_000
const BATCH = 256
const ROUNDS = 3
/** One key in so many changes between two checkpoints. */
const CHANGED_PART = 100

/** About 100 bytes as msgpack. */
interface Customer {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly orders: number
  readonly total: number
}

function customer(id: number, orders: number): Customer {
  const name = decoded(`customer ${id} of the long list of names`)
  const city = decoded(`Springfield ${id % 1_000}, Illinois`)
  return { id, name, city, orders, total: orders * 9.99 }
}

/** As strings of records are: in one piece, not put together. */
function decoded(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function backendOf(restored: readonly OperatorSnapshot[] = []) {
  const backend = new HeapStateBackend({
    uid: 'customers',
    operatorName: 'customers',
    maxParallelism: 128,
    subtaskIndex: 0,
    parallelism: 1,
    clock: systemClock,
    restored,
  })
  return { backend, state: backend.keyedState('customer', valueState<Customer>()) }
}

type State = ReturnType<typeof backendOf>

function fill({ backend, state }: State): void {
  for (let id = 0; id < KEYS; id++) {
    backend.setCurrentKey(`customer-${id}`)
    state.set(customer(id, 0))
  }
}

/** Pauses in milliseconds. */
interface Pauses {
  readonly longest: number
  readonly withoutMajorCollections: number
}

/** Takes batches for as long as `pack` says that there is more to do. */
async function pausesOf({ backend, state }: State, pack: () => boolean): Promise<Pauses> {
  const collections: { readonly startTime: number; readonly duration: number }[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as unknown as { readonly detail: { readonly kind: number } }
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections.push(entry)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const times = [performance.now()]
  let seed = 12_345
  for (let more = true; more;) {
    more = pack()
    for (let i = 0; i < BATCH; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      const id = (seed >>> 8) % KEYS
      backend.setCurrentKey(`customer-${id}`)
      state.set(customer(id, (state.get()?.orders ?? 0) + 1))
    }
    times.push(performance.now())
  }
  await nextTick()
  await nextTick()
  observer.disconnect()
  let longest = 0
  let withoutMajorCollections = 0
  for (let i = 1; i < times.length; i++) {
    const [begin, end] = [times[i - 1] as number, times[i] as number]
    let collecting = 0
    for (const { startTime, duration } of collections)
      if (startTime >= begin && startTime < end) collecting += duration
    longest = Math.max(longest, end - begin)
    withoutMajorCollections = Math.max(withoutMajorCollections, end - begin - collecting)
  }
  return { longest, withoutMajorCollections }
}

function contents() {
  return { source: undefined, channels: [], watermark: 0, finished: false }
}

function cutOf({ backend }: State, since?: number): ChainCut {
  const cut = backend.cut({ since, isBase: true })
  return new ChainCut([{ cut, failure: (error) => error as Error }])
}

function bytesOf({ groups }: OperatorSnapshot): number {
  return groups.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** A checkpoint with nothing else going on; with `since` of what has changed. */
function quietCheckpoint(state: State, since?: number) {
  const begin = performance.now()
  const cut = cutOf(state, since)
  const snapshot = new SnapshotUnderWay(1, contents(), cut)
  while (!snapshot.isPacked) snapshot.pack(systemClock)
  const [operator] = snapshot.finish([]).operators
  const tookMs = performance.now() - begin
  if (operator === undefined) throw new Error('checkpoint-state: no snapshot')
  return { operator, bytes: bytesOf(operator), tookMs, number: cut.numbers[0] }
}

/** Changes one key in `CHANGED_PART`. */
function changeSome({ backend, state }: State, round: number): void {
  for (let id = round; id < KEYS; id += CHANGED_PART) {
    backend.setCurrentKey(`customer-${id}`)
    state.set(customer(id, (state.get()?.orders ?? 0) + 1))
  }
}

/** One checkpoint with everything, one with what has changed since, and another while batches come. */
async function increments(state: State, round: number) {
  const whole = quietCheckpoint(state)
  changeSome(state, round)
  const increment = quietCheckpoint(state, whole.number)
  changeSome(state, round + ROUNDS)
  const busy = await checkpoint(state, increment.number)
  return {
    bytes: increment.bytes / whole.bytes,
    time: increment.tookMs / whole.tookMs,
    pause: Math.max(busy.cutMs, busy.pauses.longest),
    chain: { ...increment.operator, base: whole.operator },
  }
}

/** A checkpoint while batches come. */
async function checkpoint(state: State, since?: number) {
  const begin = performance.now()
  const cut = cutOf(state, since)
  const snapshot = new SnapshotUnderWay(1, contents(), cut)
  const cutMs = performance.now() - begin
  const pauses = await pausesOf(state, () => {
    snapshot.pack(systemClock)
    return !snapshot.isPacked
  })
  const tookMs = performance.now() - begin
  const [operator] = snapshot.finish([]).operators
  if (operator === undefined) throw new Error('checkpoint-state: no snapshot')
  return { operator, bytes: bytesOf(operator), cutMs, pauses, tookMs }
}

/** From a snapshot: until a key can be used, and with batches that come until nothing is left to restore. */
async function recover(snapshot: OperatorSnapshot | undefined) {
  if (snapshot === undefined) throw new Error('checkpoint-state: no snapshot')
  const begin = performance.now()
  const restored = backendOf([snapshot])
  const { backend, state } = restored
  backend.setCurrentKey('customer-1')
  const first = state.get()
  if (first?.id !== 1) throw new Error('checkpoint-state: not restored')
  state.set(customer(1, first.orders))
  const readyMs = performance.now() - begin
  const rest = new StateRestore(backend)
  const pauses = await pausesOf(restored, () => {
    rest.goOn(systemClock)
    return !rest.isDone
  })
  const allMs = performance.now() - begin
  if (backend.restoring) throw new Error('checkpoint-state: not all is restored')
  return { readyMs, allMs, pauses }
}

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const without: number[] = []
  const cuts: number[] = []
  const pauses: number[] = []
  const packing: number[] = []
  const took: number[] = []
  const recoveries: number[] = []
  const recoveriesOfAll: number[] = []
  const recoveryPauses: number[] = []
  const restoring: number[] = []
  const bytes: number[] = []
  log(`${KEYS} keys`)
  const state = backendOf()
  fill(state)
  const changedBytes: number[] = []
  const changedTime: number[] = []
  const changedPauses: number[] = []
  const recoveriesOfChain: number[] = []
  let last: OperatorSnapshot | undefined
  let chain: OperatorSnapshot | undefined
  for (let round = 0; round < ROUNDS; round++) {
    log(`round ${round + 1} of ${ROUNDS}`)
    let batches = 2_000
    without.push((await pausesOf(state, () => --batches > 0)).longest)
    const made = await checkpoint(state)
    cuts.push(made.cutMs)
    pauses.push(Math.max(made.cutMs, made.pauses.longest))
    packing.push(Math.max(made.cutMs, made.pauses.withoutMajorCollections))
    took.push(made.tookMs / 1_000)
    bytes.push(made.bytes / KEYS)
    last = made.operator
    const changed = await increments(state, round)
    changedBytes.push(changed.bytes)
    changedTime.push(changed.time)
    changedPauses.push(changed.pause)
    chain = changed.chain
  }
  for (let round = 0; round < ROUNDS; round++) {
    log(`recovery ${round + 1} of ${ROUNDS}`)
    const { readyMs, allMs, pauses: meanwhile } = await recover(last)
    recoveries.push(readyMs / 1_000)
    recoveriesOfAll.push(allMs / 1_000)
    recoveryPauses.push(meanwhile.longest)
    restoring.push(meanwhile.withoutMajorCollections)
    recoveriesOfChain.push((await recover(chain)).readyMs / 1_000)
  }
  return [
    figure('checkpoint-state', 'longest pause of a checkpoint, ms', pauses, { reach: 20, aim: 5 }),
    figure('checkpoint-state', 'the same without major garbage collections, ms', packing),
    figure('checkpoint-state', 'the cut at the barrier, ms', cuts),
    figure('checkpoint-state', 'longest pause without a checkpoint, ms', without),
    figure('checkpoint-state', 'full checkpoint while records come, s', took),
    figure('checkpoint-state', 'full checkpoint, bytes per key', bytes),
    figure('checkpoint-state', 'increment of 1%, longest pause, ms', changedPauses, {
      reach: 20,
      aim: 5,
    }),
    figure('checkpoint-state', 'increment of 1%, bytes against a full one', changedBytes, {
      reach: 0.05,
      aim: 0.02,
    }),
    figure('checkpoint-state', 'increment of 1%, time against a full one', changedTime, {
      reach: 0.05,
      aim: 0.02,
    }),
    figure('checkpoint-state', 'recovery, s', recoveries, { reach: 2, aim: 0.5 }),
    figure('checkpoint-state', 'recovery, until nothing is left to restore, s', recoveriesOfAll),
    figure('checkpoint-state', 'recovery, longest pause until then, ms', recoveryPauses),
    figure(
      'checkpoint-state',
      'recovery, that pause without major garbage collections, ms',
      restoring,
    ),
    figure('checkpoint-state', 'recovery of a full one and an increment, s', recoveriesOfChain, {
      reach: 2,
      aim: 0.5,
    }),
  ]
}
