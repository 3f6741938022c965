/**
 * Asynchronous operators: 1,000 records in flight over a timer of 1 ms, against a bare loop that keeps as many timers going, in turns in
 * this process. The job runs inline, so that both have the same event loop.
 */
import { runJob } from '../api/index.ts'
import { IN_FLIGHT, ask, asyncJob } from './async/job.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'

const RECORDS = 1_000_000

/** Runs it. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  log(`${RECORDS} records a run, ${IN_FLIGHT} in flight, a timer of 1 ms each`)
  const job = (order: 'ordered' | 'unordered') => (): Promise<number> =>
    perSecond(RECORDS, () =>
      runJob(asyncJob, { parallelism: 1, args: { order, count: RECORDS } }).result(),
    )
  const runs = await alternate({
    bare: () => perSecond(RECORDS, () => bareLoop(RECORDS)),
    unordered: job('unordered'),
    ordered: job('ordered'),
  })
  const bounds = { reach: 0.8, aim: 0.95 }
  return [
    figure('async', 'bare loop, records/s', runs.bare),
    figure('async', 'unordered, records/s', runs.unordered),
    figure('async', 'unordered / bare loop', ratios(runs.unordered, runs.bare), bounds),
    figure('async', 'ordered / bare loop', ratios(runs.ordered, runs.bare), bounds),
  ]
}

/** The ideal: as soon as one of the promises settles, the next question is asked. */
function bareLoop(count: number): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0
    let answered = 0
    const onAnswer = (): void => {
      if (++answered === count) resolve()
      if (asked < count) askNext()
    }
    const askNext = (): void => {
      void ask(asked++).then(onAnswer)
    }
    for (let i = 0; i < IN_FLIGHT; i++) askNext()
  })
}
