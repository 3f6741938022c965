/**
 * What windows are, straight from the definition: all open windows in one list, every question answered by looking at all of them.
 *
 * Knows one key per window, records that are numbers, and the triggers of `TriggerSpec`; `time` says whether windows go by the watermark
 * or by the clock. Moments are whole numbers.
 */

/** Which windows a record belongs to. */
export type AssignerSpec =
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset: number }
  | {
      readonly kind: 'sliding'
      readonly size: number
      readonly slide: number
      readonly offset: number
    }
  | { readonly kind: 'session'; readonly gap: number }
  | { readonly kind: 'global' }

/** When windows fire. */
export type TriggerSpec =
  | { readonly kind: 'default' }
  | { readonly kind: 'final' }
  | { readonly kind: 'count'; readonly n: number }
  | { readonly kind: 'continuous'; readonly interval: number }
  | { readonly kind: 'early'; readonly records: number }

/** Everything about windows that is varied. */
export interface WindowSpec {
  readonly time: 'event' | 'processing'
  readonly assigner: AssignerSpec
  readonly trigger: TriggerSpec
  readonly purging: boolean
  readonly lateness: number
  /** Whether late records go to a side output. */
  readonly lateOutput: boolean
  readonly evictor: { readonly count: number; readonly when: 'before' | 'after' } | undefined
}

/** A result: what the window holds, and which firing it is. */
export interface ModelResult {
  readonly value: readonly [
    key: string,
    start: number,
    end: number,
    pane: string,
    records: readonly number[],
  ]
  readonly timestamp: number
}

interface ModelWindow {
  readonly key: string
  readonly start: number
  readonly end: number
  records: number[]
  fired: number
  /** Records since the last firing, where the trigger counts them. */
  count: number
  /** The next firing of a continuous trigger. */
  next: number
  timers: Set<number>
}

/** Windows, as they should behave. */
export class WindowModel {
  readonly late: { readonly value: number; readonly timestamp: number }[] = []
  readonly #spec: WindowSpec
  #windows: ModelWindow[] = []
  /** The watermark, or the clock. */
  #now: number
  #results: ModelResult[] = []

  constructor(spec: WindowSpec) {
    this.#spec = spec
    this.#now = spec.time === 'event' ? -Infinity : 0
  }

  /** A record comes; returns what leaves. */
  record(key: string, value: number, timestamp: number): ModelResult[] {
    const moment = this.#spec.time === 'event' ? timestamp : this.#now
    let added = false
    for (const [start, end] of this.#assign(moment)) {
      const window = this.#windowOf(key, start, end)
      if (window === undefined) continue
      added = true
      window.records.push(value)
      this.#onRecord(window, moment)
    }
    if (!added && this.#spec.time === 'event' && timestamp + this.#spec.lateness <= this.#now)
      this.late.push({ value, timestamp })
    this.#fireTimers(this.#spec.time === 'event' ? -Infinity : this.#now)
    return this.#results.splice(0)
  }

  /** Event time, or the clock, goes on; returns what leaves. */
  advance(now: number): ModelResult[] {
    if (now <= this.#now) return []
    this.#now = now
    this.#fireTimers(this.#now)
    return this.#results.splice(0)
  }

  /** Number of windows that are not forgotten. */
  get open(): number {
    return this.#windows.length
  }

  #assign(moment: number): [number, number][] {
    const { assigner } = this.#spec
    switch (assigner.kind) {
      case 'global':
        return [[-Infinity, Infinity]]
      case 'session':
        return [[moment, moment + assigner.gap]]
      case 'tumbling':
        return aligned(moment, assigner.size, assigner.size, assigner.offset)
      case 'sliding':
        return aligned(moment, assigner.size, assigner.slide, assigner.offset)
    }
  }

  /** When a window is complete, and when it is forgotten. */
  #closing(end: number): number {
    return this.#spec.time === 'event' ? end - 1 : end
  }

  #forgetting(end: number): number {
    return this.#closing(end) + this.#spec.lateness
  }

  #windowOf(key: string, start: number, end: number): ModelWindow | undefined {
    const merges = this.#spec.assigner.kind === 'session'
    const meets = this.#windows.filter((window) =>
      window.key === key && merges
        ? window.start <= end && start <= window.end
        : window.key === key && window.start === start && window.end === end,
    )
    const [only] = meets
    if (only !== undefined && meets.length === 1 && only.start <= start && end <= only.end)
      return only
    if (meets.length === 0) {
      if (this.#spec.time === 'event' && this.#forgetting(end) <= this.#now) return undefined
      return this.#open(key, start, end)
    }
    return this.#merge(key, start, end, meets)
  }

  #open(key: string, start: number, end: number): ModelWindow {
    const timers = new Set([this.#forgetting(end)])
    const window = { key, start, end, records: [], fired: 0, count: 0, next: Infinity, timers }
    this.#windows.push(window)
    return window
  }

  #merge(key: string, start: number, end: number, meets: ModelWindow[]): ModelWindow {
    this.#windows = this.#windows.filter((window) => !meets.includes(window))
    const inOrder = meets.sort((a, b) => a.start - b.start)
    const starts = [start, ...inOrder.map((each) => each.start)]
    const ends = [end, ...inOrder.map((each) => each.end)]
    const merged = this.#open(key, Math.min(...starts), Math.max(...ends))
    merged.records = inOrder.flatMap((each) => each.records)
    merged.fired = Math.max(...inOrder.map((each) => each.fired))
    merged.count = inOrder.reduce((sum, each) => sum + each.count, 0)
    merged.next = Math.min(...inOrder.map((each) => each.next))
    // Windows that a continuous trigger has come to before go on where the earliest of them was.
    if (merged.next !== Infinity) merged.timers.add(merged.next)
    if (this.#spec.trigger.kind === 'default' || this.#spec.trigger.kind === 'early')
      if (this.#closing(merged.end) > this.#now) merged.timers.add(this.#closing(merged.end))
    return merged
  }

  #onRecord(window: ModelWindow, moment: number): void {
    const { trigger, time } = this.#spec
    const closing = this.#closing(window.end)
    const isOver = time === 'event' && closing <= this.#now
    const timing = isOver ? 'late' : 'early'
    switch (trigger.kind) {
      case 'final':
        return
      case 'count':
        if (++window.count < trigger.n) return
        window.count = 0
        this.#fire(window, timing)
        return
      case 'default':
        if (isOver) this.#fire(window, timing)
        else window.timers.add(closing)
        return
      case 'early':
        if (!isOver) window.timers.add(closing)
        if (!isOver && ++window.count < trigger.records) return
        window.count = 0
        this.#fire(window, timing)
        return
      case 'continuous':
        if (isOver) {
          this.#fire(window, timing)
          return
        }
        if (time === 'event') window.timers.add(closing)
        if (window.next !== Infinity) return
        this.#schedule(window, Math.floor(moment / trigger.interval) * trigger.interval)
    }
  }

  #schedule(window: ModelWindow, from: number): void {
    const { trigger } = this.#spec
    if (trigger.kind !== 'continuous') return
    window.next = Math.min(from + trigger.interval, this.#closing(window.end))
    window.timers.add(window.next)
  }

  #fireTimers(limit: number): void {
    for (;;) {
      const times = this.#windows.flatMap(({ timers }) => [...timers])
      const time = Math.min(...times.filter((each) => each !== Infinity && each <= limit))
      if (time === Infinity) return
      for (const window of this.#windows.filter(({ timers }) => timers.has(time))) {
        window.timers.delete(time)
        this.#onTimer(window, time)
        if (time === this.#forgetting(window.end))
          this.#windows = this.#windows.filter((each) => each !== window)
      }
    }
  }

  #onTimer(window: ModelWindow, time: number): void {
    const { trigger } = this.#spec
    const closing = this.#closing(window.end)
    const timing = time < closing ? 'early' : time === closing ? 'onTime' : 'late'
    switch (trigger.kind) {
      case 'count':
        return
      case 'final':
        if (time === this.#forgetting(window.end)) this.#fire(window, 'onTime')
        return
      case 'default':
        if (time === closing) this.#fire(window, timing)
        return
      case 'early':
        if (time !== closing) return
        window.count = 0
        this.#fire(window, timing)
        return
      case 'continuous':
        if (time === closing) this.#fire(window, timing)
        else if (time === window.next) {
          this.#schedule(window, time)
          this.#fire(window, timing)
        }
    }
  }

  #fire(window: ModelWindow, timing: string): void {
    const { key, start, end } = window
    if (window.records.length > 0) {
      const { evictor } = this.#spec
      const evicted = window.records.slice(-(evictor?.count ?? window.records.length))
      const seen = evictor?.when === 'before' ? evicted : window.records
      const pane = `${timing} ${window.fired++}`
      this.#results.push({ value: [key, start, end, pane, [...seen]], timestamp: end - 1 })
      window.records = evicted
    }
    if (!this.#spec.purging) return
    window.records = []
    // A window that never ends and holds nothing begins anew.
    if (end === Infinity) this.#windows = this.#windows.filter((each) => each !== window)
  }
}

/** All windows `[n * slide + offset, … + size)` that hold `moment`, found by trying. */
function aligned(moment: number, size: number, slide: number, offset: number): [number, number][] {
  const windows: [number, number][] = []
  const from = Math.floor((moment - size - Math.abs(offset)) / slide) - 1
  const to = Math.ceil((moment + Math.abs(offset)) / slide) + 1
  for (let n = from; n <= to; n++) {
    const start = n * slide + offset
    if (start <= moment && moment < start + size) windows.push([start, start + size])
  }
  return windows
}
