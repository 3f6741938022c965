/**
 * How speed changes with the size of the state and of the windows, at parallelism 1 and 2: one update of a counter per record over so many keys, and
 * counts of 1,000 keys in sliding windows of so many slides, ten records per key and slide.
 */
import { runJob, startCluster } from '../api/index.ts'
import type { LocalCluster } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'
import { alternate } from './measure.ts'

const JOB = new URL('./scaling/job.js', import.meta.url)
const EVENTS = 2_000_000
const ROUNDS = 3
const KEYS = [1_000, 10_000, 100_000, 1_000_000]
const SLIDES = [1, 10, 100, 300]

/** Measures, see the head of this file. */
export async function run({
  log,
  events = EVENTS,
  rounds = ROUNDS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const keys of KEYS) {
    log(`state of ${keys} keys`)
    figures.push(...(await measure(`state of ${keys} keys`, { keys }, { events, rounds })))
  }
  for (const slides of SLIDES) {
    log(`windows of ${slides} slides`)
    figures.push(...(await measure(`windows of ${slides} slides`, { slides }, { events, rounds })))
  }
  return figures
}

async function measure(
  what: string,
  args: Readonly<Record<string, number>>,
  { events, rounds }: { readonly events: number; readonly rounds: number },
): Promise<readonly Figure[]> {
  const clusters = [await startCluster({ slots: 1 }), await startCluster({ slots: 2 })]
  const [one, two] = clusters as [LocalCluster, LocalCluster]
  const at = (host: LocalCluster) => async (): Promise<number> => {
    const splits = host.slots
    const records = Math.ceil(events / splits)
    const job = runJob(JOB, { host, parallelism: splits, args: { ...args, splits, records } })
    const { durationMs, totals } = await job.result()
    if (totals.recordsRead !== records * splits) throw new Error(`${what}: records are missing`)
    return (totals.recordsRead * 1000) / durationMs
  }
  const runs = await keeping(clusters, () => alternate({ one: at(one), two: at(two) }, { rounds }))
  return [
    figure('scaling', `${what}: parallelism 1, records/s`, runs.one),
    figure('scaling', `${what}: parallelism 2, records/s`, runs.two),
  ]
}
