/**
 * What queries 15 to 17 do by hand for every day: gather, send what has changed every so often, and the rest when the day is over.
 */
import type { Bid } from '../model.ts'
import { UPDATE_EVERY_MS } from '../queries/bid-statistics.ts'
import { startOfDay } from '../queries/formats.ts'
import { BEHIND_MS, LOOK_EVERY } from './loop.ts'
import type { LoopInput } from './loop.ts'

const DAY_MS = 86_400_000

/** What is gathered for a key and a day. */
export interface Gathered {
  /** Whether something has been added since it was sent. */
  isChanged: boolean
  add(bid: Bid): void
}

/** How it is gathered. */
export interface Gathering<Key, Kept extends Gathered> {
  readonly keyOf: (bid: Bid) => Key
  readonly create: () => Kept
  /** Sends a row. */
  readonly send: (key: Key, day: number, kept: Kept) => void
}

/** Reads all bids. */
export function perDay<Key, Kept extends Gathered>(
  { generator, events, now }: LoopInput,
  { keyOf, create, send }: Gathering<Key, Kept>,
): void {
  const days = new Map<number, Map<Key, Kept>>()
  let day = Number.NEGATIVE_INFINITY
  let keys = new Map<Key, Kept>()
  let bids = 0
  let nextUpdate = now() + UPDATE_EVERY_MS
  const sendChanged = (): void => {
    for (const [start, all] of days) {
      for (const [key, kept] of all) {
        if (!kept.isChanged) continue
        kept.isChanged = false
        send(key, start, kept)
      }
    }
  }
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { bid } = event
    if (bid.dateTime < day || bid.dateTime >= day + DAY_MS) {
      day = startOfDay(bid.dateTime)
      keys = days.get(day) ?? new Map<Key, Kept>()
      days.set(day, keys)
    }
    const key = keyOf(bid)
    let kept = keys.get(key)
    if (kept === undefined) keys.set(key, (kept = create()))
    kept.add(bid)
    if ((++bids & (LOOK_EVERY - 1)) !== 0) continue
    const isUpdateDue = now() >= nextUpdate
    const oldest = bid.dateTime - BEHIND_MS - DAY_MS + 1
    const isDayOver = [...days.keys()].some((start) => start <= oldest)
    if (!isUpdateDue && !isDayOver) continue
    sendChanged()
    for (const start of days.keys()) if (start <= oldest) days.delete(start)
    nextUpdate = now() + UPDATE_EVERY_MS
  }
  sendChanged()
}
