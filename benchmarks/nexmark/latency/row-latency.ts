/**
 * How long rows take: from the moment at which the source hands out the event whose time a row has, until the row is at the sink.
 *
 *     source ──► batch of events: time of the last one, clock ──┐
 *                                                               ├──► per row that was seen: clock at the sink - clock of the first batch that reaches its time
 *     sink ◄── batch of rows: time of the last one, clock ──────┘
 *
 * A row of a window has the window's last moment, so waiting for events that may be late counts. Rows beyond the last event, such as early results of a day that is
 * not over, have no such moment and do not count. One look per batch: what is measured hardly becomes slower.
 */
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'
import type { Sink } from '../../../operators/sink.ts'
import type { Source, SplitReader } from '../../../operators/source.ts'
import { eventTime } from '../model.ts'
import type { NexmarkEvent } from '../model.ts'
import { readTimes, TimeLog } from './time-log.ts'
import type { Seen } from './time-log.ts'

/** What rows took, in ms. */
export interface RowLatency {
  readonly medianMs: number
  /** 99 of 100 took at most so long. */
  readonly p99Ms: number
  /** Rows that were looked at. */
  readonly rows: number
}

/** The source, which notes in the folder when it hands out events. */
export function watchedSource<Split, Position>(
  source: Source<NexmarkEvent, Split, Position>,
  folder: string,
): Source<NexmarkEvent, Split, Position> {
  return {
    ...source,
    async open(split, context, position) {
      return watched(await source.open(split, context, position), new TimeLog(folder, 'handed-out'))
    },
  }
}

type Reader<Position> = SplitReader<NexmarkEvent, Position>
type Batch = readonly NexmarkEvent[] | undefined

function watched<Position>(reader: Reader<Position>, log: TimeLog): Reader<Position> {
  const read = reader.read.bind(reader)
  const close = reader.close?.bind(reader)
  const noted = (batch: Batch): Batch => {
    const last = batch?.at(-1)
    if (last !== undefined) log.note(eventTime(last))
    return batch
  }
  return Object.assign(reader, {
    read(): Batch | Promise<Batch> {
      const batch = read()
      return batch instanceof Promise ? batch.then(noted) : noted(batch)
    },
    close() {
      log.flush()
      return close?.()
    },
  })
}

/** Throws rows away, and notes in the folder when they came. */
export function arrivalSink(folder: string): Sink<unknown> {
  return {
    name: 'discard',
    open() {
      const log = new TimeLog(folder, 'came')
      return {
        write(rows, timestamps) {
          const time = timestamps[rows.length - 1] as number
          if (time !== MIN_TIMESTAMP) log.note(time)
        },
        flush() {},
        close() {
          log.flush()
        },
      }
    },
  }
}

/** What rows took by the notes in the folder; undefined where no row was seen that has the time of an event. */
export async function readRowLatency(folder: string): Promise<RowLatency | undefined> {
  return rowLatency(await readTimes(folder, 'handed-out'), await readTimes(folder, 'came'))
}

/** Both in the order of their event times. */
export function rowLatency(
  handedOut: readonly Seen[],
  came: readonly Seen[],
): RowLatency | undefined {
  const took: number[] = []
  let at = 0
  for (const [time, clockMs] of came) {
    while (at < handedOut.length && (handedOut[at] as Seen)[0] < time) at++
    const left = handedOut[at]
    if (left === undefined) break
    took.push(Math.max(0, clockMs - left[1]))
  }
  if (took.length === 0) return undefined
  took.sort((a, b) => a - b)
  const share = (part: number): number => took[Math.ceil(part * took.length) - 1] as number
  return { medianMs: share(0.5), p99Ms: share(0.99), rows: took.length }
}
