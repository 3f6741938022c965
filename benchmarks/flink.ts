/**
 * The Nexmark queries against Apache Flink's DataStream API: the same events from the same generator, on as many threads.
 *
 * Before anything is measured both give the same rows for a few events. Then they take turns. Flink's JVM lives through all runs, as a cluster
 * would; a Millrace job starts new threads each time, and its time begins when they take input.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runJob } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { startFlink } from './flink/flink-cluster.ts'
import type { FlinkCluster } from './flink/flink-cluster.ts'
import { alternate, ratios } from './measure.ts'
import { QUERIES, wantedQueries } from './nexmark/queries/queries.ts'
import { finalRows, readLines, requireSameRows } from './nexmark/rows.ts'
import { runQuery } from './nexmark/run-query.ts'

const PARALLELISM = 2
const EVENTS = 2_000_000
const CHECKED = { events: 20_000, parallelism: 1, groupSize: 100 }
/** q10 is about files, which both write as they like; q12 depends on the clock. */
const NOT_COMPARED = new Set(['q10', 'q12'])
const JOB = new URL('./nexmark/job.js', import.meta.url)

/** Measures, see the head of this file. */
export async function run({ log, queries }: BenchmarkOptions): Promise<readonly Figure[]> {
  const known = Object.keys(QUERIES).filter((query) => !NOT_COMPARED.has(query))
  const wanted = wantedQueries(queries, known)
  const flink = startFlink(log)
  const folder = await mkdtemp(join(tmpdir(), 'millrace-flink-'))
  try {
    const figures: Figure[] = []
    for (const query of wanted) {
      await compareRows(query, flink, folder)
      log(`${query}: the rows are the same`)
      figures.push(...(await compareSpeed(query, flink)))
    }
    return figures
  } finally {
    flink.stop()
    await rm(folder, { recursive: true })
  }
}

async function compareSpeed(query: string, flink: FlinkCluster): Promise<readonly Figure[]> {
  const options = {
    query: [query],
    events: EVENTS,
    parallelism: PARALLELISM,
    host: 'threads',
    groupSize: 1,
    rounds: 1,
  } as const
  const runs = await alternate(
    {
      ours: async () => EVENTS / (await runQuery(query, options)).seconds,
      flink: async () => EVENTS / (await flink.run(query, EVENTS, PARALLELISM)).seconds,
    },
    { rounds: 5, warmups: 2 },
  )
  return [
    figure('flink', `${query}: Millrace / Flink`, ratios(runs.ours, runs.flink), {
      reach: 1.2,
      aim: 2,
    }),
    figure('flink', `${query}: Millrace, events/s`, runs.ours),
    figure('flink', `${query}: Flink, events/s`, runs.flink),
  ]
}

async function compareRows(query: string, flink: FlinkCluster, folder: string): Promise<void> {
  const { events, parallelism, groupSize } = CHECKED
  const [ours, theirs] = [join(folder, 'ours.jsonl'), join(folder, 'flink.jsonl')]
  const args = { query, events, groupSize, output: ours }
  await runJob(JOB, { parallelism, args }).result()
  await flink.rows(query, { ...CHECKED, file: theirs })
  requireSameRows(
    query,
    finalRows(query, await readLines(ours)),
    finalRows(query, await readLines(theirs)),
  )
}
