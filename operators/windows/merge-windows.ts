/**
 * Which windows of a key become one when a new one comes.
 */
import { cover, intersects, isSame } from './time-window.ts'
import type { TimeWindow } from './time-window.ts'
import type { WindowAssigner } from './window-assigner.ts'
import type { WindowEntry } from './window-entry.ts'

/** Open windows that become one. */
export interface EntryMerge {
  readonly result: TimeWindow
  /** Empty where only the new window is in it. */
  readonly merged: readonly WindowEntry[]
  readonly holdsNew: boolean
}

/** `open`: the windows of a key in the order of their starts. Without a merge that holds the new window, it stays alone. */
export function mergeWindows(
  { merge }: WindowAssigner,
  open: readonly WindowEntry[],
  window: TimeWindow,
): readonly EntryMerge[] {
  if (typeof merge === 'function') return customMerges(merge, open, window)
  const merged: WindowEntry[] = []
  let result = window
  // Open windows neither overlap nor touch: what meets the new one is all that it brings together, and stands side by side.
  for (let i = firstEndingFrom(open, window.start); i < open.length; i++) {
    const entry = open[i] as WindowEntry
    if (!intersects(entry.window, window)) break
    merged.push(entry)
    result = cover(result, entry.window)
  }
  return merged.length === 0 ? [] : [{ result, merged, holdsNew: true }]
}

/** By bisection: where records are far out of order, a key has many open windows. */
function firstEndingFrom(open: readonly WindowEntry[], time: number): number {
  let low = 0
  let high = open.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((open[middle] as WindowEntry).window.end < time) low = middle + 1
    else high = middle
  }
  return low
}

function customMerges(
  merge: Exclude<WindowAssigner['merge'], string | undefined>,
  open: readonly WindowEntry[],
  window: TimeWindow,
): readonly EntryMerge[] {
  const known = open.some((entry) => isSame(entry.window, window))
  const windows = open.map((entry) => entry.window)
  if (!known) {
    const at = windows.findIndex(({ start }) => start > window.start)
    windows.splice(at === -1 ? windows.length : at, 0, window)
  }
  const merges: EntryMerge[] = []
  let placed = false
  for (const { result, merged } of merge(windows)) {
    const holdsNew = merged.some((each) => isSame(each, window))
    const entries = open.filter((entry) => merged.some((each) => isSame(each, entry.window)))
    if (holdsNew) placed = true
    merges.push({ result, merged: entries, holdsNew })
  }
  const entry = open.find((each) => isSame(each.window, window))
  if (!placed && entry !== undefined)
    merges.push({ result: window, merged: [entry], holdsNew: true })
  return merges
}
