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
  // Open windows neither overlap nor touch: what meets the new one is all that it brings together.
  for (const entry of open) {
    if (!intersects(entry.window, window)) continue
    merged.push(entry)
    result = cover(result, entry.window)
  }
  return merged.length === 0 ? [] : [{ result, merged, holdsNew: true }]
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
