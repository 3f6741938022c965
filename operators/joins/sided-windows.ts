/**
 * The open windows of a co-group by their ends, and their forms in a snapshot, which are those of the general window operator and its
 * timers: so either takes up what the other has left.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import type {
  FoundEntry,
  Namespace,
  PartCut,
  StateBackend,
} from '../../checkpoint/state/state-backend.ts'
import type { TimeWindow } from '../windows/time-window.ts'
import { WindowsCut } from '../windows/windows-cut.ts'

/** The records of both sides of a key in one window, each side in the order in which they came. Undefined: none has come. */
export interface SidedRecords {
  readonly window: SidedWindow
  first: unknown[] | undefined
  second: unknown[] | undefined
  /** How often it has fired; only of windows that once had another trigger. */
  readonly fired: number
  /** Of the keys of a window the one with the smallest rank fires first. */
  readonly rank: number
  /** The last cut that has packed or kept it, or came before it was opened; 0: none. */
  epoch: number
}

/** An open window `[start, end)`. */
export interface SidedWindow {
  readonly start: number
  readonly end: number
  /** What the window's function is told of it, and under which name its state is kept. */
  readonly fired: { readonly window: TimeWindow; readonly namespace: string }
  /** In the order of their ranks. */
  byKey: Map<CanonicalKey, SidedRecords>
}

/** See the head of this file. The operator changes the windows in place. */
export interface SidedWindows {
  /** In the order of their ends. */
  readonly open: SidedWindow[]
  /** To be called before the records of a key are changed or handed out. Undefined while no snapshot is packed. */
  touch: ((key: CanonicalKey, records: SidedRecords) => void) | undefined
  /** Marks new records. */
  epoch: number
  /** After a restore: windows that end up to here have had their turn, until the watermark goes beyond. */
  restoredWatermark: number
}

type WindowPayload = readonly [
  start: number,
  end: number,
  filled: boolean,
  contents: readonly (readonly [side: 0 | 1, value: unknown])[] | null,
  triggerState: unknown,
  fired: number,
]

type TimersPayload = readonly [
  times: readonly number[],
  ranks: readonly number[],
  namespaces: readonly string[],
]

/** Finds or makes the window with these bounds. */
export function openSidedWindow(open: SidedWindow[], start: number, end: number): SidedWindow {
  let at = open.length
  while (at > 0 && (open[at - 1] as SidedWindow).end > end) at--
  // Windows of one end and several starts may come from a snapshot of windows of another length.
  for (let i = at - 1; i >= 0 && open[i]?.end === end; i--)
    if (open[i]?.start === start) return open[i] as SidedWindow
  const fired = { window: { start, end }, namespace: `${start},${end}` }
  const window = { start, end, fired, byKey: new Map<CanonicalKey, SidedRecords>() }
  open.splice(at, 0, window)
  return window
}

/** Makes the windows a part of the state, and takes back what was restored. */
export function registerSidedWindows(
  state: StateBackend,
  windows: SidedWindows,
  watermark: () => number,
): void {
  const { open } = windows
  /** What the timers say of the order in which keys fire. */
  const ranks = new Map<SidedRecords, number>()
  registerRecords(state, windows)
  state.registerKeyed({
    name: 'millrace.timers.event',
    kind: 'timers',
    version: 1,
    snapshot: (write) => {
      for (const [key, records] of eachOf(open)) write(key, timerOf(records))
    },
    cut: () => new TimersCut([...eachOf(open)]),
    restore: (key, payload) => {
      const [times, restored, namespaces] = payload as TimersPayload
      times.forEach((time, i) => {
        for (const { end, fired, byKey } of open) {
          if (end - 1 !== time || fired.namespace !== namespaces[i]) continue
          const records = byKey.get(key)
          if (records !== undefined) ranks.set(records, restored[i] ?? 0)
        }
      })
    },
  })
  for (const window of open) window.byKey = inOrder(window.byKey, ranks)
  state.registerOperator({
    name: 'millrace.windows.watermark',
    kind: 'watermark',
    version: 1,
    redistribution: 'union',
    snapshot: () => (open.length > 0 ? [watermark()] : []),
    restore: (watermarks) => {
      if (watermarks.length > 0)
        windows.restoredWatermark = Math.min(...(watermarks as readonly number[]))
    },
  })
}

function registerRecords(state: StateBackend, windows: SidedWindows): void {
  const { open } = windows
  state.registerKeyed({
    name: 'millrace.windows',
    kind: 'windows of records',
    version: 1,
    snapshot: (write) => {
      for (const [key, records] of eachOf(open)) write(key, payloadOf(records))
    },
    cut: (keep) => {
      const cut = new WindowsCut<SidedRecords>({
        epoch: ++windows.epoch,
        store: { entries: () => eachOf(open.slice()) },
        payload: payloadOf,
        keep,
        onEnd: () => {
          windows.touch = undefined
        },
      })
      windows.touch = (key, records) => {
        cut.touch(key, records)
      }
      return cut
    },
    restore: (key, payload) => {
      const [start, end, filled, contents, , fired] = payload as WindowPayload
      const window = openSidedWindow(open, start, end)
      const { byKey } = window
      const of = (wanted: 0 | 1): unknown[] =>
        (filled ? (contents ?? []) : [])
          .filter(([side]) => side === wanted)
          .map(([, value]) => value)
      byKey.set(detachKey(key), {
        window,
        first: of(0),
        second: of(1),
        fired,
        rank: byKey.size,
        epoch: 0,
      })
    },
  })
}

function inOrder(
  byKey: Map<CanonicalKey, SidedRecords>,
  ranks: ReadonlyMap<SidedRecords, number>,
): Map<CanonicalKey, SidedRecords> {
  const sorted = [...byKey].sort(([, a], [, b]) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0))
  return new Map(sorted.map(([key, records], rank) => [key, { ...records, rank }]))
}

/** May go on while windows come and go: what goes may be missing, what comes may be there. */
function* eachOf(
  open: readonly SidedWindow[],
): Generator<readonly [CanonicalKey, SidedRecords], void> {
  for (const { byKey } of open) yield* byKey
}

function payloadOf({ window, first = [], second = [], fired }: SidedRecords): WindowPayload {
  const { start, end } = window
  const contents = [
    ...first.map((value) => [0, value] as const),
    ...second.map((value) => [1, value] as const),
  ]
  const filled = contents.length > 0
  return [start, end, filled, filled ? contents : null, null, fired]
}

function timerOf({ window, rank }: SidedRecords): TimersPayload {
  return [[window.end - 1], rank === 0 ? [] : [rank], [window.fired.namespace]]
}

/** Which windows are open was noted at the cut; nothing in what is packed of them changes. */
class TimersCut implements PartCut {
  readonly #entries: readonly (readonly [CanonicalKey, SidedRecords])[]
  #at = 0

  constructor(entries: readonly (readonly [CanonicalKey, SidedRecords])[]) {
    this.#entries = entries
  }

  walk(limit: number, found: FoundEntry): boolean {
    const to = Math.min(this.#at + limit, this.#entries.length)
    for (const [key, records] of this.#entries.slice(this.#at, to)) found(key, undefined, records)
    this.#at = to
    return to < this.#entries.length
  }

  take(_namespace: Namespace | undefined, entry: unknown): unknown {
    return timerOf(entry as SidedRecords)
  }

  end(): void {
    // Nothing was kept.
  }
}
