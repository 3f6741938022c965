/**
 * A sink ten times slower than what is before it: the time from the trigger of a checkpoint to its end, with barriers behind the records that wait, with
 * barriers that overtake them at once, and after 100 ms. Two slots on threads, checkpoints in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { runJob } from '../api/index.ts'
import type { CheckpointOptions, JobHandle } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'

const JOB = new URL('./unaligned/job.js', import.meta.url)
const ROUNDS = 3
/** A source that has read nothing for so long is held back by the sink. */
const STANDSTILL_MS = 150

/** What one checkpoint was like. */
interface Measured {
  readonly seconds: number
  readonly recordsInFlight: number
}

/** Runs all three, the slow one once. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const atOnce: Measured[] = []
  const patient: Measured[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    log(`round ${round} of ${ROUNDS}: unaligned`)
    atOnce.push(await measure({ unaligned: true }))
    patient.push(await measure({ unaligned: true, alignedTimeoutMs: 100 }))
  }
  log('aligned')
  const aligned = await measure({})
  const seconds = (all: readonly Measured[]): number[] => all.map((each) => each.seconds)
  const records = atOnce.map(({ recordsInFlight }) => recordsInFlight)
  return [
    figure('unaligned', 'checkpoint, aligned, s', [aligned.seconds]),
    figure('unaligned', 'checkpoint, unaligned, s', seconds(atOnce), { reach: 1, aim: 0.6 }),
    figure('unaligned', 'checkpoint, unaligned after 100 ms, s', seconds(patient), {
      reach: 1.1,
      aim: 0.7,
    }),
    figure('unaligned', 'records in flight, unaligned', records),
  ]
}

async function measure(checkpoints: CheckpointOptions): Promise<Measured> {
  const handle = runJob(JOB, { host: 'threads', slots: 2, parallelism: 2, checkpoints })
  const ended = handle.result().catch(() => {})
  await standstill(handle)
  // The code that packs runs for the first time; a barrier that keeps its place would take the time of the sink twice.
  if (checkpoints.unaligned === true) {
    await handle.checkpoint()
    await standstill(handle)
  }
  const begunMs = performance.now()
  await handle.checkpoint()
  const seconds = (performance.now() - begunMs) / 1000
  const { recent } = (await handle.metrics()).checkpoints
  await handle.cancel()
  await ended
  return { seconds, recordsInFlight: recent.at(-1)?.recordsInFlight ?? 0 }
}

/** Waits until all queues are full. */
async function standstill(handle: JobHandle): Promise<void> {
  let before = -1
  for (;;) {
    await sleep(STANDSTILL_MS)
    if (handle.state !== 'running') continue
    const { recordsRead } = (await handle.metrics()).totals
    if (recordsRead > 0 && recordsRead === before) return
    before = recordsRead
  }
}
