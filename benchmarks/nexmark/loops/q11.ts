/**
 * Query 11 by hand: bids per bidder and session. Sessions that are over are looked for once per second of event time, among all.
 */
import { BEHIND_MS } from './loop.ts'
import type { EmitRow, Loop } from './loop.ts'

const GAP_MS = 10_000
const LOOK_EVERY_MS = 1_000

interface Session {
  start: number
  last: number
  bids: number
}

export const q11: Loop = ({ generator, events }, emit) => {
  const bidders = new Map<number, Session[]>()
  let nextLook = Number.NEGATIVE_INFINITY
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { bidder, dateTime } = event.bid
    const sessions = bidders.get(bidder)
    if (sessions === undefined) {
      bidders.set(bidder, [{ start: dateTime, last: dateTime, bids: 1 }])
    } else if (sessions.length === 1 && extend(sessions[0] as Session, dateTime)) {
      // By far the most bids: somebody goes on.
    } else {
      bidders.set(bidder, added(sessions, dateTime))
    }
    if (dateTime < nextLook) continue
    emitEnded(bidders, dateTime - BEHIND_MS, emit)
    nextLook = dateTime + LOOK_EVERY_MS
  }
  emitEnded(bidders, Number.POSITIVE_INFINITY, emit)
}

/** Whether the bid belongs to the session, which has it then. */
function extend(session: Session, time: number): boolean {
  if (time < session.start - GAP_MS || time > session.last + GAP_MS) return false
  session.bids++
  if (time > session.last) session.last = time
  else if (time < session.start) session.start = time
  return true
}

/** The sessions with one more bid, which may join two of them. */
function added(sessions: readonly Session[], time: number): Session[] {
  const session: Session = { start: time, last: time, bids: 1 }
  const others: Session[] = []
  for (const other of sessions) {
    if (time < other.start - GAP_MS || time > other.last + GAP_MS) {
      others.push(other)
      continue
    }
    session.start = Math.min(session.start, other.start)
    session.last = Math.max(session.last, other.last)
    session.bids += other.bids
  }
  return [...others, session]
}

function emitEnded(bidders: Map<number, Session[]>, time: number, emit: EmitRow): void {
  for (const [bidder, sessions] of bidders) {
    let left = 0
    for (const session of sessions) {
      const { start, last, bids } = session
      if (last + GAP_MS - 1 <= time) emit([bidder, bids, start, last + GAP_MS])
      else sessions[left++] = session
    }
    if (left === 0) bidders.delete(bidder)
    else sessions.length = left
  }
}
