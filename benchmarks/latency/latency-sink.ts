/**
 * A sink that keeps how late records are, in a histogram per subtask, and writes it into a file of its own when the job is over.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import type { Histogram } from 'hdr-histogram-js'
import type { Sink } from '../../operators/sink.ts'
import { preciseNow } from './timed-source.ts'

/** Histograms count microseconds, up to an hour, to three digits. */
const SHAPE = {
  lowestDiscernibleValue: 1,
  highestTrackableValue: 3_600_000_000,
  numberOfSignificantValueDigits: 3,
} as const
const US_PER_MS = 1_000

/** What is late, and from when on it counts. */
export interface LatencySinkOptions<T> {
  readonly folder: string
  /** Records that were due before do not count, in ms since 1970. */
  readonly fromMs: number
  /** When a record could have come out at the earliest, in ms since 1970. */
  readonly dueMs: (record: T) => number
}

/** Makes the sink. */
export function latencySink<T>({ folder, fromMs, dueMs }: LatencySinkOptions<T>): Sink<T> {
  return {
    name: 'latency',
    open({ subtaskIndex }) {
      const histogram = build(SHAPE)
      return {
        write(records) {
          const now = preciseNow()
          for (const record of records) {
            const due = dueMs(record)
            if (due >= fromMs)
              histogram.recordValue(Math.max(0, Math.round((now - due) * US_PER_MS)))
          }
        },
        flush() {},
        close: () =>
          writeFile(
            join(folder, `${subtaskIndex}.histogram`),
            encodeIntoCompressedBase64(histogram),
          ),
      }
    },
  }
}

/** The latencies that the sinks of a job have written into the folder, in microseconds. */
export async function readLatencies(folder: string): Promise<Histogram> {
  const all = build(SHAPE)
  for (const file of await readdir(folder)) {
    if (file.endsWith('.histogram'))
      all.add(decodeFromCompressedBase64(await readFile(join(folder, file), 'utf8')))
  }
  return all
}
