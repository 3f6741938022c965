/**
 * The timers of one kind in the operator's state.
 *
 * A payload has one timer of a key, or several: `[times, ranks]`, and `[times, ranks, namespaces]` where they have namespaces. A rank
 * counts the timers of one time over all keys of a subtask, in the order in which they were registered; `ranks` is empty where all
 * are 0. So the order of equal times is that of before; where several subtasks become one, their timers take turns.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type {
  FoundEntry,
  Namespace,
  PartCut,
  StateBackend,
} from '../../checkpoint/state/state-backend.ts'
import type { TimerQueue, TimersCopy } from './timer-queue.ts'

const VERSION = 1

type Payload = readonly [
  times: readonly number[],
  ranks: readonly number[],
  namespaces?: readonly Namespace[],
]

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
      for (const [key, payload] of payloadsOf(queue.copy(), namespaced)) write(key, payload)
    },
    cut: () => new TimersCut(payloadsOf(queue.copy(), namespaced)),
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

/** One payload per timer: to sort them by key takes long where there are many. */
function* payloadsOf<N extends Namespace | undefined>(
  timers: TimersCopy<N>,
  namespaced: boolean,
): Generator<[CanonicalKey, Payload], void> {
  for (const [time, key, namespace, rank] of timers) {
    const ranks = rank === 0 ? [] : [rank]
    yield [key, namespaced ? [[time], ranks, [namespace as Namespace]] : [[time], ranks]]
  }
}

/** The timers were copied at the cut: 16 to 24 bytes each, which takes about 10 ms for a million. Nothing need be kept. */
class TimersCut implements PartCut {
  readonly #payloads: Iterator<[CanonicalKey, Payload]>

  constructor(payloads: Iterator<[CanonicalKey, Payload]>) {
    this.#payloads = payloads
  }

  walk(limit: number, found: FoundEntry): boolean {
    for (let i = 0; i < limit; i++) {
      const { value, done } = this.#payloads.next()
      if (done === true) return false
      found(value[0], undefined, value[1])
    }
    return true
  }

  take(_namespace: Namespace | undefined, payload: unknown): unknown {
    return payload
  }

  end(): void {}
}
