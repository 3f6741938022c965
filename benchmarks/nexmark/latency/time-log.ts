/**
 * Pairs of an event time and a moment of the clock, both in ms since 1970, gathered by the threads of a job in files of a folder: a file per thread and kind.
 */
import { appendFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { preciseNow } from '../../latency/timed-source.ts'

/** What happened: events were handed out, or rows came. */
export type Happening = 'handed-out' | 'came'

/** An event time, and when what has it was seen. */
export type Seen = readonly [eventTime: number, clockMs: number]

/** Gathers pairs of one kind and appends them to the file of its thread. */
export class TimeLog {
  readonly #file: string
  #pairs: number[] = []

  constructor(folder: string, happening: Happening) {
    this.#file = join(folder, `${happening}-${threadId}`)
  }

  /** It is now that something of this event time is seen. */
  note(eventTime: number): void {
    this.#pairs.push(eventTime, preciseNow())
  }

  /** To be called in the end. */
  flush(): void {
    if (this.#pairs.length === 0) return
    appendFileSync(this.#file, new Uint8Array(Float64Array.from(this.#pairs).buffer))
    this.#pairs = []
  }
}

/** All pairs of one kind, in the order of their event times. */
export async function readTimes(folder: string, happening: Happening): Promise<Seen[]> {
  const files = (await readdir(folder)).filter((file) => file.startsWith(`${happening}-`))
  const seen: Seen[] = []
  for (const file of files) {
    const numbers = new Float64Array(new Uint8Array(await readFile(join(folder, file))).buffer)
    for (let at = 0; at + 1 < numbers.length; at += 2)
      seen.push([numbers[at] as number, numbers[at + 1] as number])
  }
  return seen.toSorted(([a], [b]) => a - b)
}
