/**
 * Sliding windows of 100 slides against tumbling windows of one slide: the same records, keys, aggregates and number of firings.
 *
 * 1,000 keys, 10 records per key and slide, in order; a watermark after every batch. Both fire once per slide; a sliding window
 * sums up a hundred times as much, which slices make a matter of about three merges per key.
 */
import { count, max, sum } from '../operators/aggregates/aggregates.ts'
import { combine } from '../operators/aggregates/combine.ts'
import { compileChain, linearChain } from '../operators/chain/chain.ts'
import type { Operator } from '../operators/operator.ts'
import { slidingAggregate } from '../operators/windows/sliding-aggregate.ts'
import type { FiredWindow } from '../operators/windows/window-aggregate.ts'
import { windowAggregate } from '../operators/windows/window-aggregate.ts'
import { tumbling } from '../operators/windows/window-assigner.ts'
import { bareContext } from './bare-context.ts'
import { figure, type BenchmarkOptions, type Figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'

interface Reading {
  readonly sensor: number
  readonly celsius: number
}

const BATCH = 1_000
const KEYS = 1_000
const SLIDE_MS = 1_000
const SLIDES = 100
const RECORDS_PER_SLIDE = 10 * KEYS
/** More slides than a window has, so that windows are full for most of the run. */
const RUN_SLIDES = 400
const RECORDS = RECORDS_PER_SLIDE * RUN_SLIDES

/** One slide's records, used again for each slide. */
function makeReadings(): Reading[] {
  return Array.from({ length: RECORDS_PER_SLIDE }, (_, i) => ({
    sensor: (i * 7) % KEYS,
    celsius: (i * 13) % 97,
  }))
}

const statistics = () =>
  combine({
    readings: count(),
    sum: sum((reading: Reading) => reading.celsius),
    highest: max((reading: Reading) => reading.celsius),
  })

interface Statistics {
  readonly readings: number
  readonly sum: number
  readonly highest: number | undefined
}

const sensorOf = (reading: Reading): number => reading.sensor
const toRow = (found: Statistics, { key, windowEnd }: FiredWindow<number>) => ({
  sensor: key,
  windowEnd,
  ...found,
})

const tumblingWindows = (): Operator<Reading> =>
  windowAggregate({
    assigner: tumbling(SLIDE_MS),
    aggregate: statistics(),
    key: sensorOf,
    result: toRow,
  })

const slidingWindows = (): Operator<Reading> =>
  slidingAggregate({
    name: 'sliding',
    size: SLIDES * SLIDE_MS,
    slide: SLIDE_MS,
    offset: 0,
    aggregate: statistics(),
    key: sensorOf,
    result: toRow,
  })

/** Runs the records through an operator; returns the number of readings in the results. */
function runThrough(operator: Operator<Reading>, readings: readonly Reading[]): number {
  let total = 0
  const keep = (row: unknown): void => {
    total += (row as Statistics).readings
  }
  const chain = compileChain(
    linearChain([{ name: 'windows', operator: operator as Operator }], {
      name: 'result',
      output: { emit: keep, full: false },
    }),
    { subtaskIndex: 0, gate: { full: false } },
  )
  chain.open(bareContext)
  const timestamps = new Float64Array(BATCH)
  for (let slide = 0; slide < RUN_SLIDES; slide++) {
    for (let from = 0; from < readings.length; from += BATCH) {
      const time = slide * SLIDE_MS + Math.floor((from / readings.length) * SLIDE_MS)
      timestamps.fill(time)
      chain.processBatch(readings.slice(from, from + BATCH), timestamps, 0, BATCH)
      chain.processWatermark(time - 1)
    }
  }
  chain.processWatermark(Number.POSITIVE_INFINITY)
  chain.close()
  return total
}

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const readings = makeReadings()
  const counted = [runThrough(tumblingWindows(), readings), runThrough(slidingWindows(), readings)]
  if (counted[0] !== RECORDS || counted[1] !== RECORDS * SLIDES)
    throw new Error(
      `sliding: expected ${RECORDS} and ${RECORDS * SLIDES} readings, got ${counted.join(' and ')}`,
    )
  log(`sliding windows of ${SLIDES} slides against tumbling windows of one`)
  const runs = await alternate(
    {
      tumbling: () => perSecond(RECORDS, () => runThrough(tumblingWindows(), readings)),
      sliding: () => perSecond(RECORDS, () => runThrough(slidingWindows(), readings)),
    },
    { rounds: 7, warmups: 1 },
  )
  return [
    figure('sliding', 'sliding / tumbling', ratios(runs.sliding, runs.tumbling), {
      reach: 0.5,
      aim: 0.8,
    }),
    figure('sliding', 'sliding, records/s', runs.sliding),
    figure('sliding', 'tumbling, records/s', runs.tumbling),
  ]
}
