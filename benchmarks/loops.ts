/**
 * The Nexmark queries against hand-written loops: the limit of what somebody would get who writes one of them for one thread and this
 * case alone.
 *
 * Before anything is measured both give the same rows. Then the loop, two loops at once, the query at parallelism 1 and the query at parallelism 2 take
 * turns, each on threads of its own that stay from run to run, so that all are warm. A run's time begins with the first event. Two loops at once, which have
 * nothing to say to each other, show what the machine has left for a second thread.
 */
import { startCluster } from '../api/index.ts'
import type { LocalCluster } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Bounds, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'
import { alternate, geometricMean, ratios } from './measure.ts'
import { LOOPS } from './nexmark/loops/loops.ts'
import { LoopThread } from './nexmark/loops/run-loop.ts'
import { QUERIES, wantedQueries } from './nexmark/queries/queries.ts'
import { loopRows, requireSameRows, streamRows } from './nexmark/rows.ts'
import { runQuery } from './nexmark/run-query.ts'

const EVENTS = 300_000
const ROUNDS = 3
const CHECKED = { events: 20_000, groupSize: 100 }
/** Depends on the clock, so there is nothing to compare. */
const BY_CLOCK = 'q12'
const STATELESS = new Set(['q0', 'q1', 'q2', 'q14', 'q21', 'q22'])
/** Neither stateless as those are nor keyed: one is about files, one about a side table. */
const OTHERS = new Set(['q10', 'q13'])

interface Measured {
  readonly query: string
  readonly loop: readonly number[]
  readonly twoLoops: readonly number[]
  readonly one: readonly number[]
  readonly two: readonly number[]
}

/** Measures, see the head of this file. */
export async function run({
  log,
  queries,
  events = EVENTS,
  rounds = ROUNDS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const known = Object.keys(QUERIES).filter((query) => query !== BY_CLOCK)
  const measured: Measured[] = []
  for (const query of wantedQueries(queries, known)) {
    const loop = LOOPS[query]
    if (loop === undefined) throw new Error(`loops: there is no loop for ${query}`)
    requireSameRows(query, loopRows(query, loop, CHECKED), await streamRows(query, CHECKED))
    log(`${query}: the rows are the same`)
    const found = { query, ...(await measure(query, events, rounds)) }
    for (const { metric, value } of figuresOf(found)) log(`${metric}: ${value.toPrecision(3)}`)
    measured.push(found)
  }
  return [...measured.flatMap(figuresOf), ...means(measured)]
}

async function measure(
  query: string,
  events: number,
  rounds: number,
): Promise<Omit<Measured, 'query'>> {
  const [one, two] = [await startCluster({ slots: 1 }), await startCluster({ slots: 2 })]
  const [thread, other] = [new LoopThread(query), new LoopThread(query)]
  const at = (host: LocalCluster) => async (): Promise<number> => {
    const settings = { events, parallelism: host.slots, groupSize: 1, host }
    return events / (await runQuery(query, settings)).seconds
  }
  const loop = async (): Promise<number> => events / (await thread.run(events)).seconds
  const twoLoops = async (): Promise<number> => {
    const [a, b] = await Promise.all([thread.run(events), other.run(events)])
    return (2 * events) / Math.max(a.seconds, b.seconds)
  }
  return keeping([one, two, thread, other], () =>
    alternate({ loop, twoLoops, one: at(one), two: at(two) }, { rounds, warmups: 'steady' }),
  )
}

function figuresOf({ query, loop, twoLoops, one, two }: Measured): Figure[] {
  const bounds = STATELESS.has(query) ? { reach: 0.6, aim: 0.85 } : {}
  return [
    figure('loops', `${query}: parallelism 1 / loop`, ratios(one, loop), bounds),
    figure('loops', `${query}: parallelism 2 / 1`, ratios(two, one)),
    figure('loops', `${query}: two loops at once against one`, ratios(twoLoops, loop)),
    figure('loops', `${query}: loop, events/s`, loop),
    figure('loops', `${query}: parallelism 1, events/s`, one),
    figure('loops', `${query}: parallelism 2, events/s`, two),
  ]
}

function means(all: readonly Measured[]): Figure[] {
  const stateless = all.filter(({ query }) => STATELESS.has(query))
  const keyed = all.filter(({ query }) => !STATELESS.has(query) && !OTHERS.has(query))
  const againstLoop = ({ one, loop }: Measured): number[] => ratios(one, loop)
  return [
    ...mean('stateless: parallelism 1 / loop', stateless.map(againstLoop), {
      reach: 0.6,
      aim: 0.85,
    }),
    ...mean('keyed: parallelism 1 / loop', keyed.map(againstLoop), { reach: 0.4, aim: 0.7 }),
    ...mean(
      'all: parallelism 2 / 1',
      all.map(({ one, two }) => ratios(two, one)),
      { reach: 1.5, aim: 1.85 },
    ),
    ...mean(
      'all: two loops at once against one',
      all.map(({ twoLoops, loop }) => ratios(twoLoops, loop)),
      {},
    ),
  ]
}

/** The geometric mean over queries, round by round; nothing for less than two queries. */
function mean(metric: string, byQuery: readonly (readonly number[])[], bounds: Bounds): Figure[] {
  const [first] = byQuery
  if (first === undefined || byQuery.length < 2) return []
  const runs = first.map((_, round) => geometricMean(byQuery.map((runs) => runs[round] as number)))
  return [figure('loops', `${metric}, geometric mean`, runs, bounds)]
}
