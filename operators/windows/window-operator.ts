/**
 * Any windows with any trigger: the general operator, where no faster one applies (Flink's WindowOperator and
 * EvictingWindowOperator).
 *
 * A record is added to its windows, then their trigger is asked; timers ask it again. A window is forgotten once nothing may come
 * for it any more: event time, when the watermark has reached its last millisecond plus the allowed lateness; processing time,
 * when the clock has reached its end. Records that come for windows forgotten are late. Everything is part of a snapshot: windows,
 * what triggers remember, timers.
 *
 * Unlike in Flink, a trigger cannot delete the timer by which its window is forgotten, a window without an end that is purged
 * begins anew, and timers that were due already when a snapshot was taken wait, after a restore, for the watermark to go on.
 */
import { isDeepStrictEqual } from 'node:util'
import { canonicalKey } from '../../checkpoint/canonical-key.ts'
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Counter, Operator, OperatorContext, Output } from '../operator.ts'
import { TimerService } from '../timers/timer-service.ts'
import { isAligned } from './fast-window-operator.ts'
import { mergeWindows } from './merge-windows.ts'
import type { PaneTiming } from './pane.ts'
import { isPartialResult, keyOfEither } from './partial-result.ts'
import { closingTime, isSame } from './time-window.ts'
import type { TimeWindow, WindowTime } from './time-window.ts'
import { TriggerContextObject } from './trigger-context.ts'
import { isFire, isPurge } from './trigger.ts'
import type { AnyTrigger, TriggerResult } from './trigger.ts'
import { noTimestamp } from './window-aggregate.ts'
import { windowStartWithOffset } from './window-assigner.ts'
import type { WindowAssigner } from './window-assigner.ts'
import { NOTHING, partialContents, windowContents } from './window-contents.ts'
import type { WindowContents } from './window-contents.ts'
import { windowEmitter } from './window-emitter.ts'
import type { WindowEmitter } from './window-emitter.ts'
import { MergingWindowStore, namespaceOf, SharedWindowStore, WindowEntry } from './window-entry.ts'
import type { WindowStore } from './window-entry.ts'
import type { WindowOperatorOptions } from './window-operator-options.ts'
import type { WindowsCut } from './windows-cut.ts'
import { registerWindows } from './windows-part.ts'

/** What exists from `open` on. */
interface Running {
  readonly context: OperatorContext
  readonly timers: TimerService<Namespace>
  readonly triggerContext: TriggerContextObject
  readonly emitter: WindowEmitter
  readonly late: Output | undefined
  readonly lateDropped: Counter
}

/** Errors while it runs: `NO_TIMESTAMP`, `INVALID_KEY`, `INVALID_WINDOW` of a gap, `INVALID_TIMER`. */
export class WindowOperator implements Operator<unknown> {
  readonly #options: WindowOperatorOptions
  readonly #assigner: WindowAssigner
  readonly #keyOf: ((value: unknown) => unknown) | undefined
  readonly #trigger: AnyTrigger
  readonly #latenessMs: number
  readonly #takesPartialResults: boolean
  readonly #contents: WindowContents
  readonly #store: WindowStore
  /** The same where windows merge. */
  readonly #merging: MergingWindowStore | undefined
  #running: Running | undefined
  /** While a snapshot is packed. */
  #cut: WindowsCut<WindowEntry> | undefined
  #watermark = MIN_TIMESTAMP
  /** After a restore: timers up to here have had their turn, until the watermark goes beyond. */
  #restoredWatermark = MIN_TIMESTAMP

  /** `trigger`: the one that the options stand for. `takesPartialResults`: whether they come among the records; their windows do not merge. */
  constructor(options: WindowOperatorOptions, trigger: AnyTrigger, takesPartialResults = false) {
    const { aggregate, evictor, key } = options
    const partials = takesPartialResults ? aggregate : undefined
    this.#options = options
    this.#assigner = options.assigner as WindowAssigner
    const keyOf = partials === undefined || key === undefined ? key : keyOfEither(key)
    this.#keyOf = keyOf as ((value: unknown) => unknown) | undefined
    this.#trigger = trigger
    this.#latenessMs = options.assigner.time === 'event' ? (options.allowedLatenessMs ?? 0) : 0
    this.#takesPartialResults = partials !== undefined
    this.#contents =
      partials === undefined
        ? windowContents(aggregate, evictor)
        : partialContents(partials, !isAligned(options.assigner))
    this.#merging = options.assigner.merge === undefined ? undefined : new MergingWindowStore()
    this.#store = this.#merging ?? new SharedWindowStore()
  }

  open(context: OperatorContext, output: Output): void {
    this.#registerParts(context)
    const timers = new TimerService<Namespace>({
      context,
      output,
      namespaced: true,
      onEventTime: (key, time, namespace) => {
        this.#onTimer('event', key, time, namespace)
      },
      onProcessingTime: (key, time, namespace) => {
        this.#onTimer('processing', key, time, namespace)
      },
    })
    const { time } = this.#assigner
    const { lateTag } = this.#options
    const parts = { timers, clock: context.clock, time, latenessMs: this.#latenessMs }
    this.#running = {
      context,
      timers,
      triggerContext: new TriggerContextObject(parts),
      emitter: windowEmitter(this.#options, context, output),
      late: lateTag === undefined ? undefined : context.sideOutput(lateTag),
      lateDropped: context.counter('lateRecordsDropped'),
    }
    this.#running.emitter.open()
  }

  processRecord(value: unknown, timestamp: number): void {
    const running = this.#started
    const assigner = this.#assigner
    if (assigner.needsTimestamps && !Number.isFinite(timestamp)) noTimestamp(assigner)
    const key = this.#keyOf === undefined ? null : canonicalKey(this.#keyOf(value))
    running.context.state.setCurrentKey(key)
    const added =
      this.#merging === undefined
        ? this.#addToWindows(key, value, timestamp)
        : this.#addToMerging(key, value, timestamp)
    if (!added && this.#isLate(timestamp)) this.#dropLate(value, timestamp)
  }

  processWatermark(watermark: number): boolean {
    if (watermark > this.#watermark) this.#watermark = watermark
    const { timers, triggerContext } = this.#started
    triggerContext.currentWatermark = this.#watermark
    if (this.#watermark <= this.#restoredWatermark) return true
    return timers.advanceWatermark(this.#watermark)
  }

  processTime(now: number): boolean {
    return this.#started.timers.advanceTime(now)
  }

  endInput(): boolean {
    return this.processWatermark(MAX_TIMESTAMP)
  }

  close(): void {
    this.#store.clear()
    this.#running?.emitter.close()
  }

  get #started(): Running {
    if (this.#running === undefined) throw new Error('the operator is not open')
    return this.#running
  }

  /** False when the record belongs to no window that is still open. */
  #addToWindows(key: CanonicalKey, value: unknown, timestamp: number): boolean {
    const { spacing, time } = this.#assigner
    let added = false
    if (spacing === undefined) {
      for (const { start, end } of this.#assign(value, timestamp)) {
        if (this.#addToWindow(key, start, end, value, timestamp)) added = true
      }
      return added
    }
    // The same without an object per window.
    const { size, slide, offset } = spacing
    const moment = time === 'event' ? timestamp : this.#started.context.clock.now()
    const last = windowStartWithOffset(moment, offset, slide)
    const earlier = Math.ceil((size - (moment - last)) / slide) - 1
    for (let start = last - earlier * slide; start <= last; start += slide) {
      if (this.#addToWindow(key, start, start + size, value, timestamp)) added = true
    }
    return added
  }

  #addToWindow(
    key: CanonicalKey,
    start: number,
    end: number,
    value: unknown,
    timestamp: number,
  ): boolean {
    const namespace = namespaceOf(start, end, this.#assigner.spacing)
    let entry = this.#store.find(key, namespace)
    if (entry === undefined) {
      const window = { start, end }
      if (this.#isForgotten(window)) return false
      entry = this.#open(key, window)
    } else this.#cut?.touch(key, entry)
    this.#addElement(key, entry, value, timestamp)
    return true
  }

  #addToMerging(key: CanonicalKey, value: unknown, timestamp: number): boolean {
    let added = false
    for (const window of this.#assign(value, timestamp)) {
      const entry = this.#place(key, window)
      if (this.#isForgotten(entry.window)) {
        this.#forget(key, entry)
        this.#started.triggerContext.of(key, entry).deleteForgetting()
        continue
      }
      added = true
      this.#addElement(key, entry, value, timestamp)
    }
    return added
  }

  #assign(value: unknown, timestamp: number): readonly TimeWindow[] {
    return this.#assigner.assignWindows(value, timestamp, this.#started.triggerContext)
  }

  /** Finds or makes the window of a key that holds `window`, where windows merge. */
  #place(key: CanonicalKey, window: TimeWindow): WindowEntry {
    const store = this.#merging as MergingWindowStore
    const open = store.entriesOf(key)
    if (this.#cut !== undefined) for (const entry of open) this.#cut.touch(key, entry)
    const only = open.length === 1 ? open[0]?.window : undefined
    // Most records fall into the one session of their key.
    if (only !== undefined && only.start <= window.start && window.end <= only.end)
      if (this.#assigner.merge === 'overlapping') return open[0] as WindowEntry
    let place: WindowEntry | undefined
    for (const { result, merged, holdsNew } of mergeWindows(this.#assigner, open, window)) {
      const entry = this.#replace(key, result, merged)
      if (holdsNew) place = entry
    }
    return place ?? this.#open(key, window)
  }

  /** Makes one window of several. */
  #replace(key: CanonicalKey, window: TimeWindow, merged: readonly WindowEntry[]): WindowEntry {
    const [first] = merged
    if (first !== undefined && merged.length === 1 && isSame(first.window, window)) return first
    const { triggerContext } = this.#started
    for (const old of merged) this.#store.remove(key, old)
    const entry = this.#open(key, window)
    for (const old of merged) {
      if (old.filled) this.#contents.merge(entry, old)
      if (old.fired > entry.fired) entry.fired = old.fired
    }
    if (first === undefined) return entry
    triggerContext.merged = merged.map(({ triggerState }) => triggerState)
    this.#trigger.onMerge?.(triggerContext.of(key, entry))
    triggerContext.merged = []
    for (const old of merged) {
      // The same window again: its timers go on.
      if (old.namespace === entry.namespace) continue
      // Not within the optional call: without `clear` the old window would not be set, and the new one never be forgotten.
      const ofOld = triggerContext.of(key, old)
      this.#trigger.clear?.(ofOld)
      triggerContext.deleteForgetting()
    }
    return entry
  }

  #open(key: CanonicalKey, window: TimeWindow): WindowEntry {
    const namespace = namespaceOf(window.start, window.end, this.#assigner.spacing)
    const entry = new WindowEntry(window, namespace, this.#trigger.createState?.())
    this.#cut?.opened(entry)
    this.#store.add(key, entry)
    this.#started.triggerContext.of(key, entry).registerForgetting()
    return entry
  }

  #addElement(key: CanonicalKey, entry: WindowEntry, value: unknown, timestamp: number): void {
    this.#contents.add(entry, value, timestamp)
    const context = this.#started.triggerContext.of(key, entry)
    const result = this.#trigger.onElement(value, timestamp, context)
    if (result !== 'continue') this.#apply(key, entry, result, this.#timingNow(entry.window))
  }

  #onTimer(kind: WindowTime, key: CanonicalKey, time: number, namespace: Namespace): void {
    const entry = this.#store.find(key, namespace)
    // A trigger has left the timer of a window behind that is forgotten, or has become another.
    if (entry === undefined) return
    this.#cut?.touch(key, entry)
    const context = this.#started.triggerContext.of(key, entry)
    const result =
      kind === 'event'
        ? this.#trigger.onEventTime(time, context)
        : this.#trigger.onProcessingTime(time, context)
    if (result !== 'continue') {
      const timing =
        kind === this.#assigner.time
          ? this.#timingAt(entry.window, time)
          : this.#timingNow(entry.window)
      this.#apply(key, entry, result, timing)
    }
    if (kind === this.#assigner.time && time === context.forgetTime(entry.window))
      this.#forget(key, entry)
  }

  #apply(key: CanonicalKey, entry: WindowEntry, result: TriggerResult, timing: PaneTiming): void {
    if (isFire(result) && entry.filled) this.#fire(key, entry, timing)
    if (isPurge(result)) entry.purge()
    if (!entry.filled) this.#dropIfEndless(key, entry)
  }

  #fire(key: CanonicalKey, entry: WindowEntry, timing: PaneTiming): void {
    const { emitter, triggerContext } = this.#started
    const contents = this.#contents
    const input = contents.read(entry, triggerContext)
    if (input !== NOTHING) {
      const pane = { timing, index: entry.fired++ }
      emitter.emit(key, entry, input, pane, this.#watermark)
    }
    contents.afterFiring?.(entry, triggerContext)
  }

  /** An empty window that never ends would stay forever: it goes if there is nothing to remember. */
  #dropIfEndless(key: CanonicalKey, entry: WindowEntry): void {
    const { triggerContext, emitter } = this.#started
    if (triggerContext.forgetTime(entry.window) !== MAX_TIMESTAMP) return
    if (emitter.keepsWindowState) return
    const fresh: unknown = this.#trigger.createState?.()
    if (!isDeepStrictEqual(entry.triggerState, fresh)) return
    this.#store.remove(key, entry)
  }

  /** Its timer has fired, or is deleted by the caller: to look for one that is gone costs much where many windows end at once. */
  #forget(key: CanonicalKey, entry: WindowEntry): void {
    const { triggerContext, emitter } = this.#started
    entry.purge()
    this.#trigger.clear?.(triggerContext.of(key, entry))
    emitter.clear(key, entry, this.#watermark)
    this.#store.remove(key, entry)
  }

  /** Which firing it would be if the window fired now, and at a moment of its own time. */
  #timingNow(window: TimeWindow): PaneTiming {
    if (this.#options.results === 'final') return 'onTime'
    const { time } = this.#assigner
    const now = time === 'event' ? this.#watermark : this.#started.context.clock.now()
    return now < closingTime(window, time) ? 'early' : 'late'
  }

  #timingAt(window: TimeWindow, moment: number): PaneTiming {
    if (this.#options.results === 'final') return 'onTime'
    const closing = closingTime(window, this.#assigner.time)
    if (moment < closing) return 'early'
    return moment === closing ? 'onTime' : 'late'
  }

  #isForgotten(window: TimeWindow): boolean {
    if (this.#assigner.time !== 'event') return false
    return this.#started.triggerContext.forgetTime(window) <= this.#watermark
  }

  #isLate(timestamp: number): boolean {
    return this.#assigner.time === 'event' && timestamp + this.#latenessMs <= this.#watermark
  }

  #dropLate(value: unknown, timestamp: number): void {
    const { late, lateDropped } = this.#started
    const records =
      this.#takesPartialResults && isPartialResult(value) ? value['millrace.partialOf'] : 1
    if (this.#options.lateTag === undefined) lateDropped.value += records
    else late?.emit(value, timestamp)
  }

  #registerParts({ state }: OperatorContext): void {
    registerWindows(state, {
      kind: this.#contents.kind,
      store: this.#store,
      spacing: this.#assigner.spacing,
      createTriggerState: () => this.#trigger.createState?.(),
      onCut: (cut) => {
        this.#cut = cut
      },
      // Only of use where timers wait.
      watermark: () =>
        (this.#running?.timers.eventTimeCount ?? 0) > 0 ? this.#watermark : undefined,
      onWatermark: (watermark) => {
        this.#restoredWatermark = watermark
      },
    })
  }
}
