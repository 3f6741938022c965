/**
 * Keyed value state, get and set for every record, against a bare `Map` with the same keys and values.
 *
 * The state does what a process function's does: the operator sets the key, the function reads and writes the value. Strings as keys,
 * as most keys are; a small and a large number of them, and three states in one function. The keys have no more than 12 characters:
 * longer ones are copied when they enter the state, and a lookup then compares characters, as it does for the keys of real records.
 */
import { HeapStateBackend } from '../checkpoint/state/heap-state-backend.ts'
import { valueState } from '../checkpoint/state/declare-state.ts'
import { ManualClock } from '../runtime/manual-clock.ts'
import { figure, type BenchmarkOptions, type Figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'

const RECORDS = 2_000_000

interface Workload {
  readonly name: string
  readonly keys: number
  readonly states: number
}

const WORKLOADS: readonly Workload[] = [
  { name: '1,000 keys', keys: 1_000, states: 1 },
  { name: '100,000 keys', keys: 100_000, states: 1 },
  { name: '20,000 keys, three states', keys: 20_000, states: 3 },
]

function makeKeys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `c-${i * 7919}`)
}

/** Key numbers in an order that a cache can't guess. */
function makeOrder(keys: number): Uint32Array {
  let seed = 12_345
  return Uint32Array.from({ length: RECORDS }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return (seed >>> 8) % keys
  })
}

function withState(keys: readonly string[], order: Uint32Array, states: number): number {
  const backend = new HeapStateBackend({
    uid: 'totals',
    operatorName: 'totals',
    maxParallelism: 128,
    subtaskIndex: 0,
    parallelism: 1,
    clock: new ManualClock(),
  })
  const handles = Array.from({ length: states }, (_, i) =>
    backend.keyedState(`total ${i}`, valueState<number>()),
  )
  let sum = 0
  for (let i = 0; i < order.length; i++) {
    backend.setCurrentKey(keys[order[i] as number] as string)
    for (let state = 0; state < states; state++) {
      const handle = handles[state] as (typeof handles)[number]
      const total = (handle.get() ?? 0) + 1
      handle.set(total)
      sum += total
    }
  }
  return sum
}

function withMap(keys: readonly string[], order: Uint32Array, states: number): number {
  const maps = Array.from({ length: states }, () => new Map<string, number>())
  let sum = 0
  for (let i = 0; i < order.length; i++) {
    const key = keys[order[i] as number] as string
    for (let state = 0; state < states; state++) {
      const map = maps[state] as Map<string, number>
      const total = (map.get(key) ?? 0) + 1
      map.set(key, total)
      sum += total
    }
  }
  return sum
}

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const { name, keys: count, states } of WORKLOADS) {
    log(name)
    const keys = makeKeys(count)
    const order = makeOrder(count)
    if (withState(keys, order, states) !== withMap(keys, order, states))
      throw new Error(`state: the two disagree with ${name}`)
    const runs = await alternate(
      {
        state: () => perSecond(RECORDS * states, () => withState(keys, order, states)),
        map: () => perSecond(RECORDS * states, () => withMap(keys, order, states)),
      },
      { rounds: 7, warmups: 1 },
    )
    figures.push(
      figure('state', `value state / Map, ${name}`, ratios(runs.state, runs.map), {
        reach: 0.4,
        aim: 0.7,
      }),
      figure('state', `value state, ${name}, get + set per second`, runs.state),
    )
  }
  return figures
}
