/**
 * What a checkpoint every ten seconds costs: each Nexmark query with and without, taking turns.
 *
 * A run must be long enough to have checkpoints. By default there is one every second, in runs of a few seconds, which costs more than one
 * every ten seconds would; `--checkpoint 10s --events 20000000` asks for what the bounds are about.
 */
import { startCluster } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'
import { alternate, geometricMean, ratios } from './measure.ts'
import { QUERIES, wantedQueries } from './nexmark/queries/queries.ts'
import { runQuery } from './nexmark/run-query.ts'

const EVENTS = 600_000
const ROUNDS = 2
const EVERY_MS = 1_000
const BOUNDS_ARE_FOR_MS = 10_000
const PARALLELISM = 2
/** Its windows follow the clock. */
const BY_CLOCK = 'q12'

/** Measures, see the head of this file. */
export async function run({
  log,
  queries,
  events = EVENTS,
  rounds = ROUNDS,
  checkpointMs = EVERY_MS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const known = Object.keys(QUERIES).filter((query) => query !== BY_CLOCK)
  const figures: Figure[] = []
  const costs: number[][] = []
  const every = `every ${checkpointMs / 1000} s`
  for (const query of wantedQueries(queries, known)) {
    const { cost, completed } = await measure(query, { events, rounds, checkpointMs })
    log(`${query}: ${completed.join(', ')} checkpoints per run`)
    figures.push(figure('nexmark-checkpoints', `${query}: time with one ${every} / without`, cost))
    // Without a single checkpoint there is no cost to speak of.
    if (completed.every((count) => count > 0)) costs.push(cost)
  }
  const bounds = checkpointMs === BOUNDS_ARE_FOR_MS ? { reach: 1.05, aim: 1.02 } : {}
  const [first] = costs
  if (first !== undefined && costs.length > 1) {
    const means = first.map((_, round) => geometricMean(costs.map((cost) => cost[round] as number)))
    const metric = `${costs.length} queries: time with one ${every} / without, geometric mean`
    figures.push(figure('nexmark-checkpoints', metric, means, bounds))
  }
  return figures
}

interface Settings {
  readonly events: number
  readonly rounds: number
  readonly checkpointMs: number
}

async function measure(
  query: string,
  { events, rounds, checkpointMs }: Settings,
): Promise<{ cost: number[]; completed: number[] }> {
  const host = await startCluster({ slots: PARALLELISM })
  const settings = { events, parallelism: PARALLELISM, groupSize: 1, host }
  const completed: number[] = []
  const runs = await keeping([host], () =>
    alternate(
      {
        without: async () => (await runQuery(query, settings)).seconds,
        withThem: async () => {
          const run = await runQuery(query, { ...settings, checkpoint: checkpointMs })
          completed.push(run.checkpoints)
          return run.seconds
        },
      },
      { rounds },
    ),
  )
  return { cost: ratios(runs.withThem, runs.without), completed }
}
