/**
 * The open sessions of a key, for the operator that is made for sessions, and their forms in a snapshot, which are those of the general
 * window operator and its timers.
 */

/** An open session `[start, end)`, changed in place. */
export interface Session<Acc> {
  start: number
  end: number
  /** Where its timer stands: at its last millisecond, or before it because the session has become longer since. */
  timerAt: number
  accumulator: Acc
  /** The last cut that has packed or kept it, or came before it was opened; 0: none. */
  epoch: number
}

/** Those of one key in the order of their starts. They neither overlap nor touch. */
export type Sessions<Acc> = Session<Acc>[]

type WindowPayload = readonly [
  start: number,
  end: number,
  filled: boolean,
  contents: unknown,
  triggerState: null,
  fired: number,
]

type TimersPayload = readonly [
  times: readonly number[],
  ranks: readonly number[],
  namespaces: readonly string[],
]

/** The place of the first session that ends at `time` or later. By bisection: where records are far out of order, a key has many. */
export function firstEndingFrom(sessions: Sessions<unknown>, time: number): number {
  let low = 0
  let high = sessions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sessions[middle] as Session<unknown>).end < time) low = middle + 1
    else high = middle
  }
  return low
}

/** Puts a session among the others. */
export function insertSession<Acc>(sessions: Sessions<Acc>, session: Session<Acc>): void {
  sessions.splice(firstEndingFrom(sessions, session.start), 0, session)
}

/** A session as a window in a snapshot. */
export function payloadOf({ start, end, accumulator }: Session<unknown>): WindowPayload {
  return [start, end, true, accumulator, null, 0]
}

/** The session of a payload; undefined for a window that has nothing in it. */
export function sessionOf<Acc>(payload: unknown): Session<Acc> | undefined {
  const [start, end, filled, contents] = payload as WindowPayload
  if (!filled) return undefined
  return { start, end, timerAt: end - 1, accumulator: contents as Acc, epoch: 0 }
}

/** The timers of a key's sessions in a snapshot, each named by its window. */
export function timersOf(sessions: Sessions<unknown>): TimersPayload {
  return [
    sessions.map(({ end }) => end - 1),
    [],
    sessions.map(({ start, end }) => `${start},${end}`),
  ]
}
