/**
 * Aggregates records per session, and per key if there is one: the sessions of event time that fire once, when the watermark passes
 * their end.
 *
 * Does what the general operator does with an object per record less: a session is made longer in place, and its timer follows only when
 * it goes off before the session has ended. Sessions fire in the order of their ends. Firing stops while the output is full.
 * The snapshot is that of the general operator, timers included, so that either takes up what the other has left.
 */
import { canonicalKey, originalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import type { StateBackend } from '../../checkpoint/state/state-backend.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Counter, Operator, Output } from '../operator.ts'
import { TimerQueue } from '../timers/timer-queue.ts'
import { ON_TIME_PANE } from './pane.ts'
import type { Pane } from './pane.ts'
import { firstEndingFrom, insertSession, payloadOf, sessionOf, timersOf } from './sessions.ts'
import type { Session, Sessions } from './sessions.ts'
import { noTimestamp } from './window-aggregate.ts'
import type { FiredWindow } from './window-aggregate.ts'
import { WindowsCut } from './windows-cut.ts'
import type { WindowsCutOptions } from './windows-cut.ts'

/** What `sessionAggregate` computes: per session and `Key` a `Result`, which leaves as an `Out`. */
export interface SessionAggregateOptions<In, Key, Acc, Result, Out> {
  /** Of the assigner, for errors. */
  readonly name: string
  /** A session ends when no record has come for so many ms. */
  readonly gap: (value: In) => number
  readonly aggregate: AggregateFunction<In, Acc, Result>
  /** The key of a record. Default: all records together. */
  readonly key?: ((value: In) => Key) | undefined
  /** Makes the record that leaves. Default: the aggregate's result itself. */
  readonly result?: ((result: Result, window: FiredWindow<Key>) => Out) | undefined
  /** Side output for late records. Default: they are dropped and counted. */
  readonly lateTag?: string | undefined
}

/** Makes the operator. It throws `NO_TIMESTAMP` for a record without one, `INVALID_KEY`, and what the gap function throws. */
export function sessionAggregate<In, Key, Acc, Result, Out = Result>(
  options: SessionAggregateOptions<In, Key, Acc, Result, Out>,
): Operator<In, Out> {
  const create = withOwnCode(createOperator<In, Key, Acc, Result, Out>)
  return create(options, {
    canonicalKey,
    originalKey,
    detachKey,
    noTimestamp,
    firstEndingFrom,
    insertSession,
    registerSessions,
    newQueue: () => new TimerQueue<undefined>(false),
    ON_TIME_PANE,
    MIN_TIMESTAMP,
    MAX_TIMESTAMP,
  })
}

/** The open sessions by key, and what is needed while a snapshot of them is packed. */
interface SessionStore<Acc> {
  readonly byKey: Map<CanonicalKey, Sessions<Acc>>
  /** To be called before the sessions of a key are changed or handed out, or the key gets its first one. */
  touch: ((key: CanonicalKey) => void) | undefined
  /** Marks a new session. */
  epoch: number
  /** After a restore: sessions that end up to here have had their turn, until the watermark goes beyond. */
  restoredWatermark: number
}

interface Imports<Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly originalKey: typeof originalKey
  readonly detachKey: typeof detachKey
  readonly noTimestamp: typeof noTimestamp
  readonly firstEndingFrom: typeof firstEndingFrom
  readonly insertSession: typeof insertSession
  readonly registerSessions: (
    state: StateBackend,
    store: SessionStore<Acc>,
    watermark: () => number,
  ) => void
  readonly newQueue: () => TimerQueue
  readonly ON_TIME_PANE: Pane
  readonly MIN_TIMESTAMP: number
  readonly MAX_TIMESTAMP: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<In, Key, Acc, Result, Out>(
  options: SessionAggregateOptions<In, Key, Acc, Result, Out>,
  imports: Imports<Acc>,
): Operator<In, Out> {
  const { aggregate, gap, key: keyOf, result: makeRecord, lateTag } = options
  const { canonicalKey, originalKey, detachKey, noTimestamp, newQueue } = imports
  const { firstEndingFrom, insertSession, registerSessions } = imports
  const { ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const byKey = new Map<CanonicalKey, Sessions<Acc>>()
  const store: SessionStore<Acc> = {
    byKey,
    touch: undefined,
    epoch: 0,
    restoredWatermark: MIN_TIMESTAMP,
  }
  const timers = newQueue()
  let output: Output<Out>
  /** Undefined where nobody reads it. */
  let late: Output | undefined
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP

  function lengthen(session: Session<Acc>, value: In, start: number, end: number): void {
    const next = aggregate.add(session.accumulator, value)
    if (!Object.is(next, session.accumulator)) session.accumulator = next
    if (start < session.start) session.start = start
    if (end > session.end) session.end = end
  }

  /** A record that is not within the only session of its key. */
  function place(key: CanonicalKey, value: In, start: number, end: number): void {
    const sessions = byKey.get(key)
    if (sessions !== undefined) {
      const at = firstEndingFrom(sessions, start)
      const session = sessions[at]
      if (session !== undefined && session.start <= end) {
        while (at + 1 < sessions.length && (sessions[at + 1] as Session<Acc>).start <= end)
          absorb(key, sessions, at)
        lengthen(session, value, start, end)
        return
      }
    }
    if (end - 1 <= watermark) leaveOut(value, start)
    else open(key, value, start, end)
  }

  /** The session at a place takes over the one behind it. */
  function absorb(key: CanonicalKey, sessions: Sessions<Acc>, at: number): void {
    const session = sessions[at] as Session<Acc>
    const other = sessions[at + 1] as Session<Acc>
    session.accumulator = aggregate.merge(session.accumulator, other.accumulator)
    if (other.end > session.end) session.end = other.end
    timers.delete(other.timerAt, key, undefined)
    sessions.splice(at + 1, 1)
  }

  function open(key: CanonicalKey, value: In, start: number, end: number): void {
    const accumulator = aggregate.add(aggregate.createAccumulator(), value)
    const session = { start, end, timerAt: end - 1, accumulator, epoch: store.epoch }
    const sessions = byKey.get(key)
    if (sessions === undefined) {
      if (store.touch !== undefined) store.touch(key)
      byKey.set(detachKey(key), [session])
    } else insertSession(sessions, session)
    timers.register(session.timerAt, key, undefined)
  }

  /** A record that no session takes any more. */
  function leaveOut(value: In, timestamp: number): void {
    if (lateTag === undefined) lateDropped.value++
    else late?.emit(value, timestamp)
  }

  function onTimer(key: CanonicalKey, time: number): void {
    const sessions = byKey.get(key)
    if (sessions === undefined) return
    const at = sessions.findIndex(({ timerAt }) => timerAt === time)
    const session = sessions[at]
    // It was that of a session which has become part of another.
    if (session === undefined) return
    if (session.end - 1 > time) {
      session.timerAt = session.end - 1
      timers.register(session.timerAt, key, undefined)
      return
    }
    if (store.touch !== undefined) store.touch(key)
    const result = aggregate.getResult(session.accumulator)
    output.emit(makeRecord === undefined ? (result as never) : record(session, result, key), time)
    if (sessions.length === 1) byKey.delete(key)
    else sessions.splice(at, 1)
  }

  function record({ start, end }: Session<Acc>, result: Result, key: CanonicalKey): Out {
    return (makeRecord as (result: Result, window: FiredWindow<Key>) => Out)(result, {
      key: (keyOf === undefined ? undefined : originalKey(key)) as Key,
      windowStart: start,
      windowEnd: end,
      pane: ON_TIME_PANE,
    })
  }

  return {
    open(context, to) {
      output = to
      late = lateTag === undefined ? undefined : context.sideOutput(lateTag)
      lateDropped = context.counter('lateRecordsDropped')
      registerSessions(context.state, store, () => watermark)
      for (const [key, sessions] of byKey)
        for (const { timerAt } of sessions) timers.register(timerAt, key, undefined)
    },
    processRecord(value, timestamp) {
      if (timestamp - timestamp !== 0) noTimestamp(options)
      const key = keyOf === undefined ? null : canonicalKey(keyOf(value))
      const end = timestamp + gap(value)
      const sessions = byKey.get(key)
      if (sessions !== undefined) {
        if (store.touch !== undefined) store.touch(key)
        const only = sessions[0] as Session<Acc>
        if (sessions.length === 1 && timestamp <= only.end && only.start <= end) {
          lengthen(only, value, timestamp, end)
          return
        }
      }
      place(key, value, timestamp, end)
    },
    processWatermark(timestamp) {
      if (timestamp > watermark) watermark = timestamp
      if (watermark <= store.restoredWatermark) return true
      while (timers.isDue(watermark)) {
        if (output.full) return false
        timers.take()
        onTimer(timers.key, timers.time)
      }
      return true
    },
    endInput() {
      return this.processWatermark(MAX_TIMESTAMP)
    },
    close() {
      byKey.clear()
    },
  }
}

/** Makes the sessions a part of the state, in the form of the general operator, and takes back what was restored. */
function registerSessions<Acc>(
  state: StateBackend,
  store: SessionStore<Acc>,
  watermark: () => number,
): void {
  const { byKey } = store
  let windows: WindowsCut<Session<Acc>> | undefined
  let timers: MapsCut<Sessions<Acc>> | undefined
  const touch = (key: CanonicalKey): void => {
    timers?.touch(byKey, key)
    for (const session of byKey.get(key) ?? []) windows?.touch(key, session)
  }
  const ended = (): void => {
    if (windows === undefined && timers === undefined) store.touch = undefined
  }
  state.registerKeyed({
    name: 'millrace.windows',
    kind: 'windows of accumulators',
    version: 1,
    snapshot: (write) => {
      for (const [key, session] of eachSession(byKey)) write(key, payloadOf(session))
    },
    cut: (keep) => {
      const options: WindowsCutOptions<Session<Acc>> = {
        epoch: ++store.epoch,
        store: { entries: () => eachSession(byKey) },
        payload: payloadOf,
        keep,
        onEnd: () => {
          windows = undefined
          ended()
        },
      }
      store.touch = touch
      return (windows = new WindowsCut(options))
    },
    restore: (key, payload) => {
      const session = sessionOf<Acc>(payload)
      if (session === undefined) return
      const sessions = byKey.get(key)
      if (sessions === undefined) byKey.set(detachKey(key), [session])
      else insertSession(sessions, session)
    },
  })
  state.registerKeyed({
    name: 'millrace.timers.event',
    kind: 'timers',
    version: 1,
    snapshot: (write) => {
      for (const [key, sessions] of byKey) write(key, timersOf(sessions))
    },
    cut: (keep) => {
      const maps: MapsCutOptions<Sessions<Acc>>['maps'] = [{ map: byKey, payload: timersOf }]
      const onEnd = (): void => {
        timers = undefined
        ended()
      }
      store.touch = touch
      return (timers = new MapsCut({ maps, keep, onEnd }))
    },
    // They follow from the sessions.
    restore: () => {},
  })
  state.registerOperator({
    name: 'millrace.windows.watermark',
    kind: 'watermark',
    version: 1,
    redistribution: 'union',
    snapshot: () => (byKey.size > 0 ? [watermark()] : []),
    restore: (watermarks) => {
      if (watermarks.length > 0)
        store.restoredWatermark = Math.min(...(watermarks as readonly number[]))
    },
  })
}

/** May go on while sessions come and go: what goes may be missing, what comes may be there. */
function* eachSession<Acc>(
  byKey: ReadonlyMap<CanonicalKey, Sessions<Acc>>,
): Generator<readonly [CanonicalKey, Session<Acc>], void> {
  for (const [key, sessions] of byKey) {
    // A copy, because those before may be removed meanwhile.
    for (const session of sessions.slice()) yield [key, session]
  }
}
