/** Query 8 by hand: new people who sell at once. */
import type { Person } from '../model.ts'
import { eventTime } from '../model.ts'
import { BEHIND_MS } from './loop.ts'
import type { EmitRow, Loop } from './loop.ts'

const SIZE_MS = 10_000

interface Window {
  readonly start: number
  readonly persons: Person[]
  readonly sellers: Set<number>
}

export const q8: Loop = ({ generator, events }, emit) => {
  const windows = new Map<number, Window>()
  let nextEnd = Number.POSITIVE_INFINITY
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 0) {
      windowAt(windows, event.person.dateTime).persons.push(event.person)
    } else if (event.event_type === 1) {
      windowAt(windows, event.auction.dateTime).sellers.add(event.auction.seller)
    } else {
      continue
    }
    const time = eventTime(event)
    nextEnd = Math.min(nextEnd, time - (time % SIZE_MS) + SIZE_MS)
    if (time - BEHIND_MS < nextEnd - 1) continue
    nextEnd = Number.POSITIVE_INFINITY
    for (const window of windows.values()) {
      const end = window.start + SIZE_MS
      if (time - BEHIND_MS >= end - 1) {
        windows.delete(window.start)
        emitWindow(window, emit)
      } else if (end < nextEnd) {
        nextEnd = end
      }
    }
  }
  for (const window of windows.values()) emitWindow(window, emit)
}

function windowAt(windows: Map<number, Window>, time: number): Window {
  const start = time - (time % SIZE_MS)
  let window = windows.get(start)
  if (window === undefined) {
    window = { start, persons: [], sellers: new Set() }
    windows.set(start, window)
  }
  return window
}

function emitWindow({ start, persons, sellers }: Window, emit: EmitRow): void {
  for (const { id, name } of persons) if (sellers.has(id)) emit([id, name, start])
}
