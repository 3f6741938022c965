/**
 * What a checkpoint costs the subtask that has much state: 1 million keys with a value of 100 bytes each.
 *
 * - The longest pause: a subtask takes batches of 256 records, each of which reads and writes the value of a random key, and between two
 *   batches packs as it does during a checkpoint, hands what is packed to another thread, and lets the event loop have its turn. The longest time from
 *   batch to batch is the pause, whatever it is spent on. Given beside it: the longest of as many batches without a checkpoint; both by the processor time
 *   of the thread too; without what major garbage collections took; and how many of these there were. Each of the two begins with a heap from which all
 *   garbage was collected.
 * - Increments: after 1 % of the keys have changed, what a checkpoint takes that has only these, against one that has everything, in bytes and in time spent
 *   on packing, with nothing else going on; and its longest pause while batches come.
 * - Recovery: from the bytes of the snapshot until the value of a key has been read and written. After that the rest is restored between batches as those
 *   above: how long it takes until nothing is left, and the longest time from batch to batch meanwhile.
 */
import { valueState } from '../checkpoint/state/declare-state.ts'
import { HeapStateBackend } from '../checkpoint/state/heap-state-backend.ts'
import type { OperatorSnapshot } from '../checkpoint/state/snapshot.ts'
import { ChainCut } from '../operators/chain/chain-cut.ts'
import { StateRestore } from '../operators/checkpointing/state-restore.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { HandedSnapshots } from './checkpoint-state/handed-snapshots.ts'
import { pausesOf, settleHeap } from './checkpoint-state/pauses.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Bounds, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'

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

/** What is measured on: state, batches that change it, and where snapshots go. */
interface Bench {
  readonly state: State
  readonly batch: () => void
  readonly handed: HandedSnapshots
}

function fill({ backend, state }: State): void {
  for (let id = 0; id < KEYS; id++) {
    backend.setCurrentKey(`customer-${id}`)
    state.set(customer(id, 0))
  }
}

/** Batches of records, each of which reads and writes the value of a random key. */
function batchesOf({ backend, state }: State): () => void {
  let seed = 12_345
  return () => {
    for (let i = 0; i < BATCH; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      const id = (seed >>> 8) % KEYS
      backend.setCurrentKey(`customer-${id}`)
      state.set(customer(id, (state.get()?.orders ?? 0) + 1))
    }
  }
}

function cutOf({ backend }: State, since?: number): ChainCut {
  const cut = backend.cut({ since, isBase: true })
  return new ChainCut([{ cut, failure: (error) => error as Error }])
}

/** A checkpoint with nothing else going on; with `since` of what has changed. */
function quietCheckpoint({ state, handed }: Bench, name: string, since?: number) {
  const begin = performance.now()
  const cut = cutOf(state, since)
  const handing = handed.begin(name, cut)
  while (handing.step()) continue
  return { bytes: handing.bytes, tookMs: performance.now() - begin, number: cut.numbers[0] }
}

/** Changes one key in `CHANGED_PART`. */
function changeSome({ backend, state }: State, round: number): void {
  for (let id = round; id < KEYS; id += CHANGED_PART) {
    backend.setCurrentKey(`customer-${id}`)
    state.set(customer(id, (state.get()?.orders ?? 0) + 1))
  }
}

/** One checkpoint with everything, one with what has changed since, and another while batches come. */
async function increments(bench: Bench, round: number) {
  const whole = quietCheckpoint(bench, 'whole')
  changeSome(bench.state, round)
  const increment = quietCheckpoint(bench, 'increment', whole.number)
  changeSome(bench.state, round + ROUNDS)
  await settleHeap()
  const busy = await checkpoint(bench, 'second increment', increment.number)
  return {
    bytes: increment.bytes / whole.bytes,
    time: increment.tookMs / whole.tookMs,
    pause: Math.max(busy.cutMs, busy.pauses.longest),
  }
}

/** A checkpoint while batches come. */
async function checkpoint({ state, batch, handed }: Bench, name: string, since?: number) {
  const begin = performance.now()
  const cut = cutOf(state, since)
  const handing = handed.begin(name, cut)
  const cutMs = performance.now() - begin
  const pauses = await pausesOf(batch, () => handing.step())
  return { bytes: handing.bytes, cutMs, pauses, tookMs: performance.now() - begin }
}

/** From a snapshot: until a key can be used, and with batches that come until nothing is left to restore. */
async function recover(snapshot: OperatorSnapshot) {
  const begin = performance.now()
  const restored = backendOf([snapshot])
  const { backend, state } = restored
  backend.setCurrentKey('customer-1')
  const first = state.get()
  if (first?.id !== 1) throw new Error('checkpoint-state: not restored')
  state.set(customer(1, first.orders))
  const readyMs = performance.now() - begin
  const rest = new StateRestore(backend)
  const pauses = await pausesOf(batchesOf(restored), () => {
    rest.goOn(systemClock)
    return !rest.isDone
  })
  const allMs = performance.now() - begin
  if (backend.restoring) throw new Error('checkpoint-state: not all is restored')
  return { readyMs, allMs, pauses }
}

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  log(`${KEYS} keys`)
  const state = backendOf()
  fill(state)
  const bench = { state, batch: batchesOf(state), handed: new HandedSnapshots() }
  return keeping([bench.handed], async () => {
    const checkpoints = await measureCheckpoints(bench, log)
    const last = await bench.handed.take('full')
    const base = await bench.handed.take('whole')
    const chain = { ...(await bench.handed.take('increment')), base }
    return [...checkpoints, ...(await measureRecovery(last, chain, log))]
  })
}

type Log = BenchmarkOptions['log']

async function measureCheckpoints(bench: Bench, log: Log): Promise<readonly Figure[]> {
  const runs = new Runs()
  for (let round = 0; round < ROUNDS; round++) {
    log(`round ${round + 1} of ${ROUNDS}`)
    await settleHeap()
    const { cutMs, pauses, tookMs, bytes } = await checkpoint(bench, 'full')
    await settleHeap()
    let batches = pauses.batches
    const without = await pausesOf(bench.batch, () => --batches > 0)
    runs.add('pause', Math.max(cutMs, pauses.longest))
    runs.add('minor', Math.max(cutMs, pauses.withoutMajorCollections))
    runs.add('major', pauses.majorCollections)
    runs.add('without', without.longest)
    runs.add('majorWithout', without.majorCollections)
    if (pauses.longestBusy !== undefined) runs.add('busy', pauses.longestBusy)
    if (without.longestBusy !== undefined) runs.add('busyWithout', without.longestBusy)
    runs.add('cut', cutMs)
    runs.add('took', tookMs / 1_000)
    runs.add('bytes', bytes / KEYS)
    const changed = await increments(bench, round)
    runs.add('changedPause', changed.pause)
    runs.add('changedBytes', changed.bytes)
    runs.add('changedTime', changed.time)
  }
  const small = { reach: 0.05, aim: 0.02 }
  return [
    ...runs.figure('pause', 'longest pause of a checkpoint, ms', { reach: 20, aim: 5 }),
    ...runs.figure('without', 'longest pause of as many batches without a checkpoint, ms'),
    ...runs.figure('busy', 'longest pause of a checkpoint, by processor time, ms'),
    ...runs.figure('busyWithout', 'the same without a checkpoint, by processor time, ms'),
    ...runs.figure('minor', 'longest pause without major garbage collections, ms'),
    ...runs.figure('major', 'major garbage collections in a checkpoint'),
    ...runs.figure('majorWithout', 'major garbage collections without a checkpoint'),
    ...runs.figure('cut', 'the cut at the barrier, ms'),
    ...runs.figure('took', 'full checkpoint while records come, s'),
    ...runs.figure('bytes', 'full checkpoint, bytes per key'),
    ...runs.figure('changedPause', 'increment of 1%, longest pause, ms', { reach: 20, aim: 5 }),
    ...runs.figure('changedBytes', 'increment of 1%, bytes against a full one', small),
    ...runs.figure('changedTime', 'increment of 1%, time against a full one', small),
  ]
}

async function measureRecovery(
  last: OperatorSnapshot,
  chain: OperatorSnapshot,
  log: Log,
): Promise<readonly Figure[]> {
  const runs = new Runs()
  for (let round = 0; round < ROUNDS; round++) {
    log(`recovery ${round + 1} of ${ROUNDS}`)
    const { readyMs, allMs, pauses } = await recover(last)
    runs.add('ready', readyMs / 1_000)
    runs.add('all', allMs / 1_000)
    runs.add('pause', pauses.longest)
    runs.add('minor', pauses.withoutMajorCollections)
    runs.add('chain', (await recover(chain)).readyMs / 1_000)
  }
  const bounds = { reach: 2, aim: 0.5 }
  return [
    ...runs.figure('ready', 'recovery, s', bounds),
    ...runs.figure('all', 'recovery, until nothing is left to restore, s'),
    ...runs.figure('pause', 'recovery, longest pause until then, ms'),
    ...runs.figure('minor', 'recovery, that pause without major garbage collections, ms'),
    ...runs.figure('chain', 'recovery of a full one and an increment, s', bounds),
  ]
}

/** What was measured, by short names. */
class Runs {
  readonly #values = new Map<string, number[]>()

  add(name: string, value: number): void {
    const known = this.#values.get(name)
    if (known === undefined) this.#values.set(name, [value])
    else known.push(value)
  }

  /** One figure, or none where nothing could be measured. */
  figure(name: string, metric: string, bounds?: Bounds): Figure[] {
    const values = this.#values.get(name)
    return values === undefined ? [] : [figure('checkpoint-state', metric, values, bounds)]
  }
}
