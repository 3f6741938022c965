/**
 * A timer service that can be thrown away and restored, and the model that says what it should do.
 */
import { canonicalKey, originalKey } from '../../../checkpoint/canonical-key.ts'
import type { CanonicalKey } from '../../../checkpoint/canonical-key.ts'
import { keyGroupOf, subtaskOfKeyGroup } from '../../../checkpoint/key-groups.ts'
import { keyHash } from '../../../checkpoint/key-hash.ts'
import { HeapStateBackend } from '../../../checkpoint/state/heap-state-backend.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { Namespace } from '../../../checkpoint/state/state-backend.ts'
import { TimerService } from '../../../operators/timers/timer-service.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { untilDone } from '../operator-fakes.ts'

export type Kind = 'event' | 'processing'

export interface Timer {
  readonly kind: Kind
  readonly key: CanonicalKey
  readonly time: number
  readonly namespace: Namespace
}

/** What both the service and its model can do. */
export interface Timers {
  register(timer: Timer): unknown
  delete(timer: Timer): unknown
}

export const KEYS: readonly CanonicalKey[] = [
  'a',
  'a key of more than 13 characters',
  canonicalKey(['a', 1]),
  1,
  -2.5,
  7n,
  true,
  null,
]

/** Full at every second question. */
export class Stubborn {
  #asked = 0

  get full(): boolean {
    return this.#asked++ % 2 === 0
  }
}

export const MAX_PARALLELISM = 8

export interface RigOptions {
  readonly subtaskIndex?: number
  readonly parallelism?: number
  readonly restored?: readonly OperatorSnapshot[]
  readonly output?: { readonly full: boolean }
  readonly onTimer?: (timer: Timer, rig: Rig) => void
}

/** A timer service with namespaces, in a context of its own. */
export class Rig implements Timers {
  readonly state: HeapStateBackend
  readonly service: TimerService<Namespace>
  readonly fired: Timer[] = []
  /** What the context was asked for. */
  readonly requested: number[] = []

  constructor(options: RigOptions = {}) {
    const { subtaskIndex = 0, parallelism = 1, restored = [], onTimer } = options
    this.state = new HeapStateBackend({
      uid: 'rig',
      operatorName: 'rig',
      maxParallelism: MAX_PARALLELISM,
      subtaskIndex,
      parallelism,
      clock: new ManualClock(),
      restored,
    })
    const fire = (kind: Kind) => (key: CanonicalKey, time: number, namespace: Namespace) => {
      if (this.state.currentKey !== key) throw new Error('fired under another key')
      const timer = { kind, key, time, namespace }
      this.fired.push(timer)
      onTimer?.(timer, this)
    }
    this.service = new TimerService<Namespace>({
      context: {
        operatorName: 'rig',
        state: this.state,
        requestTime: (timeMs) => this.requested.push(timeMs),
      },
      output: options.output ?? { full: false },
      namespaced: true,
      onEventTime: fire('event'),
      onProcessingTime: fire('processing'),
    })
  }

  register({ kind, key, time, namespace }: Timer): boolean {
    return kind === 'event'
      ? this.service.registerEventTime(key, time, namespace)
      : this.service.registerProcessingTime(key, time, namespace)
  }

  delete({ kind, key, time, namespace }: Timer): boolean {
    return kind === 'event'
      ? this.service.deleteEventTime(key, time, namespace)
      : this.service.deleteProcessingTime(key, time, namespace)
  }

  advance(kind: Kind, to: number): void {
    untilDone(() =>
      kind === 'event' ? this.service.advanceWatermark(to) : this.service.advanceTime(to),
    )
  }
}

/** The definition: a list in the order of registration. */
export class Model implements Timers {
  readonly fired: Timer[] = []
  readonly #onTimer: (timer: Timer, model: Model) => void
  #waiting: Timer[] = []

  constructor(onTimer: (timer: Timer, model: Model) => void = () => {}) {
    this.#onTimer = onTimer
  }

  waiting(kind: Kind): Timer[] {
    return this.#waiting
      .filter((timer) => timer.kind === kind)
      .sort((a, b) => (a.time === b.time ? 0 : a.time - b.time))
  }

  register(timer: Timer): boolean {
    if (this.#waiting.some((other) => same(timer, other))) return false
    this.#waiting.push(timer)
    return true
  }

  delete(timer: Timer): boolean {
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((other) => !same(timer, other))
    return this.#waiting.length < before
  }

  advance(kind: Kind, to: number): void {
    for (;;) {
      const [first] = this.waiting(kind)
      if (first === undefined || first.time > to) return
      this.delete(first)
      this.fired.push(first)
      this.#onTimer(first, this)
    }
  }
}

function same(a: Timer, b: Timer): boolean {
  return a.kind === b.kind && a.time === b.time && a.key === b.key && a.namespace === b.namespace
}

/** The subtask that has a key. */
export function subtaskOf(key: CanonicalKey, parallelism: number): number {
  const group = keyGroupOf(keyHash(originalKey(key)), MAX_PARALLELISM)
  return subtaskOfKeyGroup(group, parallelism, MAX_PARALLELISM)
}
