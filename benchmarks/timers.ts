/**
 * One million timers registered and fired by the timer service, against binary heaps written by hand.
 *
 * One heap keeps times and keys in arrays of their own, which is the faster form and has the bounds; the other one keeps objects,
 * which is the usual form. Both can less: they know no duplicates, delete nothing, leave the order of equal times open and have
 * no state behind them. Times are shuffled milliseconds of today, so that they are doubles. Competitors take turns in one process.
 */
import { HeapStateBackend } from '../checkpoint/state/heap-state-backend.ts'
import type { Namespace } from '../checkpoint/state/state-backend.ts'
import { TimerService } from '../operators/timers/timer-service.ts'
import { ManualClock } from '../runtime/manual-clock.ts'
import { figure, type BenchmarkOptions, type Figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'

const TIMERS = 1_000_000
const START_MS = 1_700_000_000_000

/** Timers to be registered, in this order. */
interface Workload {
  readonly name: string
  readonly times: Float64Array
  readonly keys: readonly string[]
  /** Undefined: the timers have none. */
  readonly namespaces: readonly string[] | undefined
}

/** The number from 0 to `TIMERS - 1` that comes at place `i` of a fixed shuffle. */
function shuffled(i: number): number {
  return (i * 611_953) % TIMERS
}

function workloads(): Workload[] {
  const keys = Array.from({ length: TIMERS }, (_, i) => `key ${i % 10_000}`)
  const distinct = Float64Array.from({ length: TIMERS }, (_, i) => START_MS + shuffled(i) * 37)
  // 100 times; each key once per time.
  const few = Float64Array.from(
    { length: TIMERS },
    (_, i) => START_MS + shuffled(Math.floor(i / 10_000)) * 1_000,
  )
  const windows = Array.from(few, (time) => `window ${time}`)
  const names = new Map(windows.map((name) => [name, name]))
  const namespaces = windows.map((name) => names.get(name) as string)
  return [
    { name: 'distinct times', times: distinct, keys, namespaces: undefined },
    { name: '100 times', times: few, keys, namespaces: undefined },
    { name: 'distinct times, namespaces', times: distinct, keys, namespaces },
    { name: '100 times, namespaces', times: few, keys, namespaces },
  ]
}

/** What firing does: enough to see that all fired, and in order. */
class Tally {
  fired = 0
  last = 0
  characters = 0

  fire(key: string, time: number, namespace: string | undefined): void {
    if (time < this.last) throw new Error('timers: fired out of order')
    this.last = time
    this.fired++
    this.characters += key.length + (namespace === undefined ? 0 : namespace.length)
  }
}

/** Times, keys and, if there are any, namespaces in arrays of their own. */
class ArrayHeap {
  #times = new Float64Array(16)
  readonly #keys: string[] = []
  readonly #namespaces: (string | undefined)[] | undefined
  #size = 0

  constructor(namespaced: boolean) {
    this.#namespaces = namespaced ? [] : undefined
  }

  get size(): number {
    return this.#size
  }

  push(time: number, key: string, namespace: string | undefined): void {
    if (this.#size === this.#times.length) {
      const larger = new Float64Array(this.#size * 2)
      larger.set(this.#times)
      this.#times = larger
    }
    const [times, keys, namespaces] = [this.#times, this.#keys, this.#namespaces]
    let at = this.#size++
    keys.push(key)
    namespaces?.push(namespace)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((times[parent] as number) <= time) break
      times[at] = times[parent] as number
      keys[at] = keys[parent] as string
      if (namespaces !== undefined) namespaces[at] = namespaces[parent]
      at = parent
    }
    times[at] = time
    keys[at] = key
    if (namespaces !== undefined) namespaces[at] = namespace
  }

  /** Takes the first timer out and hands it to `tally`. */
  fire(tally: Tally): void {
    const [times, keys, namespaces] = [this.#times, this.#keys, this.#namespaces]
    tally.fire(keys[0] as string, times[0] as number, namespaces?.[0])
    const size = --this.#size
    const time = times[size] as number
    const key = keys.pop() as string
    const namespace = namespaces?.pop()
    if (size === 0) return
    let at = 0
    for (let child = 1; child < size; child = at * 2 + 1) {
      if (child + 1 < size && (times[child + 1] as number) < (times[child] as number)) child++
      if ((times[child] as number) >= time) break
      times[at] = times[child] as number
      keys[at] = keys[child] as string
      if (namespaces !== undefined) namespaces[at] = namespaces[child]
      at = child
    }
    times[at] = time
    keys[at] = key
    if (namespaces !== undefined) namespaces[at] = namespace
  }
}

interface Timer {
  readonly time: number
  readonly key: string
  readonly namespace: string | undefined
}

/** One object per timer. */
class ObjectHeap {
  readonly #timers: Timer[] = []

  get size(): number {
    return this.#timers.length
  }

  push(time: number, key: string, namespace: string | undefined): void {
    const timers = this.#timers
    const timer = { time, key, namespace }
    let at = timers.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = timers[parent] as Timer
      if (above.time <= time) break
      timers[at] = above
      at = parent
    }
    timers[at] = timer
  }

  /** Takes the first timer out and hands it to `tally`. */
  fire(tally: Tally): void {
    const timers = this.#timers
    const first = timers[0] as Timer
    tally.fire(first.key, first.time, first.namespace)
    const last = timers.pop() as Timer
    const size = timers.length
    if (size === 0) return
    let at = 0
    for (let child = 1; child < size; child = at * 2 + 1) {
      let smaller = timers[child] as Timer
      if (child + 1 < size && (timers[child + 1] as Timer).time < smaller.time) {
        smaller = timers[++child] as Timer
      }
      if (smaller.time >= last.time) break
      timers[at] = smaller
      at = child
    }
    timers[at] = last
  }
}

function runArrays({ times, keys, namespaces }: Workload): Tally {
  const tally = new Tally()
  const heap = new ArrayHeap(namespaces !== undefined)
  for (let i = 0; i < TIMERS; i++) heap.push(times[i] as number, keys[i] as string, namespaces?.[i])
  while (heap.size > 0) heap.fire(tally)
  return tally
}

function runObjects({ times, keys, namespaces }: Workload): Tally {
  const tally = new Tally()
  const heap = new ObjectHeap()
  for (let i = 0; i < TIMERS; i++) heap.push(times[i] as number, keys[i] as string, namespaces?.[i])
  while (heap.size > 0) heap.fire(tally)
  return tally
}

function runService({ times, keys, namespaces }: Workload): Tally {
  const tally = new Tally()
  const clock = new ManualClock()
  const state = new HeapStateBackend({
    uid: 'timers',
    operatorName: 'timers',
    maxParallelism: 128,
    subtaskIndex: 0,
    parallelism: 1,
    clock,
  })
  const common = {
    context: { operatorName: 'timers', state, requestTime: () => {} },
    output: { full: false },
    onProcessingTime: () => {},
  }
  if (namespaces === undefined) {
    const timers = new TimerService<undefined>({
      ...common,
      namespaced: false,
      onEventTime: (key, time) => {
        tally.fire(key as string, time, undefined)
      },
    })
    for (let i = 0; i < TIMERS; i++) timers.registerEventTime(keys[i] as string, times[i] as number)
    timers.advanceWatermark(Number.POSITIVE_INFINITY)
  } else {
    const timers = new TimerService<Namespace>({
      ...common,
      namespaced: true,
      onEventTime: (key, time, namespace) => {
        tally.fire(key as string, time, namespace as string)
      },
    })
    for (let i = 0; i < TIMERS; i++) {
      timers.registerEventTime(keys[i] as string, times[i] as number, namespaces[i])
    }
    timers.advanceWatermark(Number.POSITIVE_INFINITY)
  }
  return tally
}

function checkEqual(workload: Workload): void {
  for (const { fired, characters } of [runService(workload), runObjects(workload)]) {
    if (fired !== TIMERS || characters !== runArrays(workload).characters) {
      throw new Error(`timers: they disagree about ${workload.name}`)
    }
  }
}

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const workload of workloads()) {
    log(workload.name)
    checkEqual(workload)
    const { service, arrays, objects } = await alternate(
      {
        service: () => perSecond(TIMERS, () => runService(workload)),
        arrays: () => perSecond(TIMERS, () => runArrays(workload)),
        objects: () => perSecond(TIMERS, () => runObjects(workload)),
      },
      { rounds: 5, warmups: 1 },
    )
    const { name } = workload
    figures.push(
      figure('timers', `${name}: service / heap of arrays`, ratios(service, arrays), {
        reach: 0.4,
        aim: 0.8,
      }),
      figure('timers', `${name}: service / heap of objects`, ratios(service, objects)),
      figure('timers', `${name}: service, timers/s`, service),
    )
  }
  return figures
}
