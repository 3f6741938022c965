/**
 * The timers of one kind in the operator's state.
 *
 * A payload has the timers of one key: `[times, ranks]`, and `[times, ranks, namespaces]` where they have namespaces. A rank
 * counts the timers of one time over all keys of a subtask, in the order in which they were registered; `ranks` is empty where all
 * are 0. So the order of equal times is that of before; where several subtasks become one, their timers take turns.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace, StateBackend } from '../../checkpoint/state/state-backend.ts'
import type { TimerQueue } from './timer-queue.ts'

const VERSION = 1

type Payload = readonly [
  times: readonly number[],
  ranks: readonly number[],
  namespaces?: readonly Namespace[],
]

interface TimersOfKey {
  readonly times: number[]
  ranks: number[]
  readonly namespaces: Namespace[]
}

interface RestoredTimer {
  readonly time: number
  readonly rank: number
  readonly key: CanonicalKey
  readonly namespace: Namespace | undefined
}

/** The timers of `queue` as a part of the state, named `name`. */
export interface TimerPart<N extends Namespace | undefined> {
  readonly name: string
  readonly queue: TimerQueue<N>
  readonly namespaced: boolean
}

/** Registers the part, and puts what was restored of it into the queue. */
export function registerTimers<N extends Namespace | undefined>(
  state: StateBackend,
  { name, queue, namespaced }: TimerPart<N>,
): void {
  const restored: RestoredTimer[] = []
  state.registerKeyed({
    name,
    kind: 'timers',
    version: VERSION,
    snapshot: (write) => {
      for (const [key, { times, ranks, namespaces }] of byKey(queue)) {
        write(key, namespaced ? [times, ranks, namespaces] : [times, ranks])
      }
    },
    restore: (key, payload) => {
      const [times, ranks, namespaces] = payload as Payload
      times.forEach((time, i) => {
        restored.push({ time, rank: ranks[i] ?? 0, key, namespace: namespaces?.[i] })
      })
    },
  })
  restored.sort((a, b) => a.rank - b.rank)
  for (const { time, key, namespace } of restored) queue.register(time, key, namespace as N)
}

/** In the order in which they would fire. */
function byKey<N extends Namespace | undefined>(
  queue: TimerQueue<N>,
): Map<CanonicalKey, TimersOfKey> {
  const keys = new Map<CanonicalKey, TimersOfKey>()
  queue.forEach((time, key, namespace, rank) => {
    let timers = keys.get(key)
    if (timers === undefined) {
      timers = { times: [], ranks: [], namespaces: [] }
      keys.set(key, timers)
    }
    if (rank > 0 && timers.ranks.length === 0) timers.ranks = timers.times.map(() => 0)
    if (rank > 0 || timers.ranks.length > 0) timers.ranks.push(rank)
    timers.times.push(time)
    if (namespace !== undefined) timers.namespaces.push(namespace)
  })
  return keys
}
