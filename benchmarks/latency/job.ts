/**
 * The jobs whose latency is measured:
 *
 * - `q5`: which auctions had the most bids in the last ten seconds, every 20 ms;
 * - `q8`: who has opened an auction within the 20 ms in which they registered;
 * - `exchange`: nothing but one keyed exchange.
 *
 * A result is due at the end of its window, a record at the moment that it belongs to.
 */
import { count, defineJob, monotonous, sliding, tumbling } from '../../api/index.ts'
import type { Emit, Environment, Stream } from '../../api/index.ts'
import { mostOf } from '../nexmark/queries/most-of.ts'
import { latencySink } from './latency-sink.ts'
import { timedSource } from './timed-source.ts'
import type { TimedSourceOptions } from './timed-source.ts'

const SIZE_MS = 10_000
const UPDATE_MS = 20
const KEYS = 10_000
/** Some source between two looks at a connection, which leaves the processor to others meanwhile; 0 would look all the time. */
const REST_MS = 1
/** Puts neighbours on different keys; it has no factor in common with their number. */
const SPREAD = 7_919

const ARGS = {
  what: { type: 'string', default: 'q5', choices: ['q5', 'q8', 'exchange'] },
  rate: { type: 'integer', default: 10_000, description: 'records per second' },
  start: { type: 'integer', default: 0, description: 'moment of the first record' },
  seconds: { type: 'integer', default: 10, description: 'for how long' },
  warmup: { type: 'integer', default: 2, description: 'seconds that do not count' },
  folder: { type: 'string', default: '', description: 'where the histograms go' },
} as const

/** A record: who or what it is about, and the moment it belongs to. */
interface Timed {
  readonly key: number
  readonly atMs: number
}

/** The end of a window. */
interface Result {
  readonly dueMs: number
}

export default defineJob(
  { name: 'latency', description: 'How late results are', args: ARGS },
  (env, { what, rate, start, seconds, warmup, folder }) => {
    const everyMs = what === 'exchange' ? 0 : REST_MS
    const times = { perSecond: rate, startMs: start, seconds, everyMs }
    const results =
      what === 'q5'
        ? popular(env, times)
        : what === 'q8'
          ? sellers(env, times)
          : through(env, times)
    const fromMs = start + warmup * 1000
    // What is due behind the last record comes out when the input ends, which says nothing.
    const untilMs = start + seconds * 1000
    results
      .filter(({ dueMs }) => dueMs < untilMs)
      .to(latencySink<Result>({ folder, fromMs, dueMs: (result) => result.dueMs }))
  },
)

type Times = TimedSourceOptions

function records(env: Environment, times: Times, keyOf: (n: number) => number): Stream<Timed> {
  const { startMs, perSecond } = times
  const source = timedSource(times, (n): Timed => ({
    key: keyOf(n),
    atMs: startMs + (n * 1000) / perSecond,
  }))
  return env.from(source, { watermarks: monotonous() })
}

/** A key for a number, each about as often as any other: the finalizer of MurmurHash3 (Appleby). */
function drawn(n: number): number {
  let hash = Math.imul(n ^ (n >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % KEYS
}

/** The counts of 10,000 auctions are seldom equal: what is kept of a window is small. */
const most = {
  ...mostOf(({ bids }: { readonly bids: number; readonly dueMs: number }) => bids),
  compact: true,
}

function popular(env: Environment, times: Times): Stream<Result> {
  return records(env, times, drawn)
    .keyBy((bid) => bid.key)
    .window(sliding({ size: SIZE_MS, slide: UPDATE_MS }))
    .aggregate(count(), (bids, { windowEnd }) => ({ bids, dueMs: windowEnd }))
    .windowAll(tumbling(UPDATE_MS))
    .aggregate(most)
    .map(([first]) => ({ dueMs: first?.dueMs ?? 0 }))
}

function sellers(env: Environment, times: Times): Stream<Result> {
  const half = { ...times, perSecond: times.perSecond / 2 }
  const key = (n: number): number => (n * SPREAD) % KEYS
  return records(env, half, key)
    .keyBy((person) => person.key)
    .coGroup(records(env, half, key).keyBy((auction) => auction.key))
    .window(tumbling(UPDATE_MS))
    .process({
      coGroup({ window }, { first, second }, emit: Emit<Result>) {
        if (first.length > 0 && second.length > 0) emit({ dueMs: window.end })
      },
    })
}

function through(env: Environment, times: Times): Stream<Result> {
  return records(env, times, (n) => (n * SPREAD) % KEYS)
    .keyBy((record) => record.key)
    .process({
      processRecord({ atMs }, _context, emit: Emit<Result>) {
        emit({ dueMs: atMs })
      },
    })
}
