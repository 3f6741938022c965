/**
 * The object behind `TriggerContext`: one per operator, set to a key and a window before each call of the trigger.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { TimerService } from '../timers/timer-service.ts'
import { closingTime } from './time-window.ts'
import type { TimeWindow, WindowTime } from './time-window.ts'
import type { TriggerMergeContext } from './trigger.ts'
import type { WindowEntry } from './window-entry.ts'

/** What the context is made with. */
export interface TriggerContextParts {
  readonly timers: TimerService<Namespace>
  readonly clock: Clock
  readonly time: WindowTime
  /** 0 for processing time. */
  readonly latenessMs: number
}

const NONE: readonly never[] = Object.freeze([])

/** Also knows when windows are forgotten, because a trigger must not delete the timer that stands for it. */
export class TriggerContextObject implements TriggerMergeContext<unknown> {
  key: CanonicalKey = null
  #entry: WindowEntry | undefined
  merged: readonly unknown[] = NONE
  currentWatermark = MIN_TIMESTAMP
  readonly #parts: TriggerContextParts

  constructor(parts: TriggerContextParts) {
    this.#parts = parts
  }

  /** Sets whose trigger is called next. */
  of(key: CanonicalKey, entry: WindowEntry): this {
    this.key = key
    this.#entry = entry
    return this
  }

  get entry(): WindowEntry {
    if (this.#entry === undefined) throw new Error('no trigger is being called')
    return this.#entry
  }

  get window(): TimeWindow {
    return this.entry.window
  }

  get state(): unknown {
    return this.entry.triggerState
  }

  get processingTime(): number {
    return this.#parts.clock.now()
  }

  registerEventTime(time: number): void {
    if (this.#isForgetting('event', time)) return
    this.#parts.timers.registerEventTime(this.key, time, this.entry.namespace)
  }

  deleteEventTime(time: number): void {
    if (this.#isForgetting('event', time)) return
    this.#parts.timers.deleteEventTime(this.key, time, this.entry.namespace)
  }

  registerProcessingTime(time: number): void {
    if (time === MAX_TIMESTAMP || this.#isForgetting('processing', time)) return
    this.#parts.timers.registerProcessingTime(this.key, time, this.entry.namespace)
  }

  deleteProcessingTime(time: number): void {
    if (time === MAX_TIMESTAMP || this.#isForgetting('processing', time)) return
    this.#parts.timers.deleteProcessingTime(this.key, time, this.entry.namespace)
  }

  /**
   * Whether it is the timer by which the window is forgotten. It stands from the window's beginning to its end: most triggers ask for it with
   * every record, and none may delete it.
   */
  #isForgetting(kind: WindowTime, time: number): boolean {
    if (this.#parts.time !== kind || time === MAX_TIMESTAMP) return false
    return time === this.forgetTime(this.window)
  }

  /** When a window is forgotten; MAX_TIMESTAMP: never by itself. */
  forgetTime(window: TimeWindow): number {
    return closingTime(window, this.#parts.time) + this.#parts.latenessMs
  }

  /** Sees to it that the window is forgotten in time. */
  registerForgetting(): void {
    const time = this.forgetTime(this.window)
    if (time === MAX_TIMESTAMP) return
    const { timers } = this.#parts
    if (this.#parts.time === 'event') timers.registerEventTime(this.key, time, this.entry.namespace)
    else timers.registerProcessingTime(this.key, time, this.entry.namespace)
  }

  /** The window is gone: it need not be forgotten. */
  deleteForgetting(): void {
    const time = this.forgetTime(this.window)
    if (time === MAX_TIMESTAMP && this.#parts.time === 'processing') return
    const { timers } = this.#parts
    if (this.#parts.time === 'event') timers.deleteEventTime(this.key, time, this.entry.namespace)
    else timers.deleteProcessingTime(this.key, time, this.entry.namespace)
  }
}
