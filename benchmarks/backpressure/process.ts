/** The process that the backpressure benchmark watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import { runJob } from '../../api/index.ts'
import type { Memory } from '../backpressure.ts'

const EARLY_MS = 5_000
const LATE_MS = 60_000

const job = runJob(new URL('./job.js', import.meta.url), { parallelism: 2 })
job.result().catch(() => {})
await sleep(EARLY_MS)
const earlyMb = process.memoryUsage.rss() / 2 ** 20
await sleep(LATE_MS - EARLY_MS)
const lateMb = process.memoryUsage.rss() / 2 ** 20
const { recordsWritten } = (await job.metrics()).totals
await job.cancel()
process.send?.({ earlyMb, lateMb, recordsWritten } satisfies Memory)
process.disconnect?.()
