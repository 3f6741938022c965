/**
 * The Nexmark queries against Apache Flink: the same events from the same generator, on as many threads.
 *
 * Each query in the DataStream API and, where Flink has it, in SQL. Before anything is measured all give the same rows for a few events.
 * Then they take turns. Flink's JVM lives through all runs, and so do the threads that run the jobs of Millrace, as clusters would; a job's time begins when it takes
 * input.
 */
import { join } from 'node:path'
import { startCluster } from '../api/index.ts'
import type { LocalCluster } from '../api/index.ts'
import { figure, median } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { startFlink } from './flink/flink-cluster.ts'
import type { FlinkCluster } from './flink/flink-cluster.ts'
import { alternate, geometricMean, ratios } from './measure.ts'
import { QUERIES, wantedQueries } from './nexmark/queries/queries.ts'
import { finalRows, readLines, requireSameRows, streamRows } from './nexmark/rows.ts'
import { runQuery } from './nexmark/run-query.ts'
import { inTemporaryFolder } from './temporary-folder.ts'

const PARALLELISM = 2
const EVENTS = 400_000
/** Flink's readers share events in blocks, and all have as many. */
const EVENTS_ARE_MULTIPLES_OF = 1_000 * PARALLELISM
const ROUNDS = 2
const CHECKED = { events: 20_000, parallelism: 1, groupSize: 100 }
/** q10 is about files, which both write as they like; q12 depends on the clock. */
const NOT_COMPARED = new Set(['q10', 'q12'])
/** Flink's SQL has the first not at all, and the second only with a table outside. */
const NOT_IN_SQL = new Set(['q6', 'q13'])

interface Measured {
  readonly query: string
  readonly ours: readonly number[]
  readonly dataStream: readonly number[]
  readonly sql: readonly number[] | undefined
}

/** Measures, see the head of this file. */
export async function run({
  log,
  queries,
  events: atLeast = EVENTS,
  rounds = ROUNDS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const events = Math.ceil(atLeast / EVENTS_ARE_MULTIPLES_OF) * EVENTS_ARE_MULTIPLES_OF
  const known = Object.keys(QUERIES).filter((query) => !NOT_COMPARED.has(query))
  const wanted = wantedQueries(queries, known)
  const flink = startFlink(log)
  const cluster = await startCluster({ slots: PARALLELISM })
  try {
    const measured: Measured[] = []
    for (const query of wanted) {
      await inTemporaryFolder('flink', (folder) => compareRows(query, flink, folder))
      log(`${query}: the rows are the same`)
      const found = { query, ...(await compareSpeed(query, { flink, cluster, events, rounds })) }
      for (const { metric, value } of figuresOf(found)) log(`${metric}: ${value.toPrecision(3)}`)
      measured.push(found)
    }
    return [...measured.flatMap(figuresOf), ...summary(measured)]
  } finally {
    flink.stop()
    await cluster.stop()
  }
}

interface Comparison {
  readonly flink: FlinkCluster
  readonly cluster: LocalCluster
  readonly events: number
  readonly rounds: number
}

async function compareSpeed(
  query: string,
  { flink, cluster, events, rounds }: Comparison,
): Promise<Omit<Measured, 'query'>> {
  const settings = { events, parallelism: PARALLELISM, groupSize: 1, host: cluster }
  const competitors = {
    ours: async () => events / (await runQuery(query, settings)).seconds,
    dataStream: async () => events / (await flink.run(query, events, PARALLELISM)).seconds,
  }
  const turns = { rounds, warmups: 'steady' as const }
  if (NOT_IN_SQL.has(query)) return { ...(await alternate(competitors, turns)), sql: undefined }
  const sql = async (): Promise<number> =>
    events / (await flink.runSql(query, events, PARALLELISM)).seconds
  return alternate({ ...competitors, sql }, turns)
}

function figuresOf({ query, ours, dataStream, sql }: Measured): Figure[] {
  const against = sql === undefined ? 'DataStream' : 'the faster of DataStream and SQL'
  return [
    figure(
      'flink',
      `${query}: Millrace / Flink, ${against}`,
      ratios(ours, fasterOf(dataStream, sql)),
      {
        reach: 1.2,
        aim: 2,
      },
    ),
    figure('flink', `${query}: Millrace / Flink DataStream`, ratios(ours, dataStream)),
    figure('flink', `${query}: Millrace, events/s`, ours),
    figure('flink', `${query}: Flink DataStream, events/s`, dataStream),
    ...(sql === undefined ? [] : [figure('flink', `${query}: Flink SQL, events/s`, sql)]),
  ]
}

/** The runs of the way that is faster in the median. */
function fasterOf(
  dataStream: readonly number[],
  sql: readonly number[] | undefined,
): readonly number[] {
  return sql !== undefined && median(sql) > median(dataStream) ? sql : dataStream
}

function summary(measured: readonly Measured[]): Figure[] {
  const [first] = measured
  if (first === undefined || measured.length < 2) return []
  const meanOf = (runsOf: (query: Measured) => readonly number[]): number[] =>
    first.ours.map((_, round) =>
      geometricMean(measured.map((query) => runsOf(query)[round] as number)),
    )
  const againstFaster = ({ ours, dataStream, sql }: Measured): number[] =>
    ratios(ours, fasterOf(dataStream, sql))
  const worst = measured
    .map((query) => ({ query: query.query, runs: againstFaster(query) }))
    .reduce((a, b) => (median(b.runs) < median(a.runs) ? b : a))
  return [
    figure(
      'flink',
      'Millrace / Flink DataStream, geometric mean',
      meanOf(({ ours, dataStream }) => ratios(ours, dataStream)),
      { reach: 3, aim: 5 },
    ),
    figure(
      'flink',
      'Millrace / the faster of DataStream and SQL, geometric mean',
      meanOf(againstFaster),
    ),
    figure('flink', `the worst query, ${worst.query}: Millrace / the faster`, worst.runs, {
      reach: 1.2,
      aim: 2,
    }),
  ]
}

async function compareRows(query: string, flink: FlinkCluster, folder: string): Promise<void> {
  const file = join(folder, 'flink.jsonl')
  const ours = await streamRows(query, CHECKED)
  await flink.rows(query, { ...CHECKED, file })
  requireSameRows(`${query}, DataStream`, ours, finalRows(query, await readLines(file)))
  if (NOT_IN_SQL.has(query)) return
  await flink.rowsSql(query, { ...CHECKED, file })
  requireSameRows(`${query}, SQL`, ours, finalRows(query, await readLines(file)))
}
