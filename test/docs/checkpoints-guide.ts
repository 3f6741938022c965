/** The examples of docs/checkpoints.md, between `#region` marks; `checkpoints.test.ts` runs them and compares the text. */
// #region first
import { count, defineJob, runJob, tumbling } from '../../api/index.ts'
import { fileSink } from '../../connectors/file-sink/index.ts'
import { jsonLines, jsonLinesSource } from '../../connectors/json-lines/index.ts'

type Click = { readonly page: string; readonly at: number }
const needed = { type: 'string', required: true } as const

export const clicksPerMinute = defineJob(
  { name: 'clicks per minute', args: { input: needed, output: needed } },
  (env, { input, output }) => {
    env
      .from(jsonLinesSource<Click>({ path: input }), { uid: 'clicks', timestamp: ({ at }) => at })
      .keyBy((click) => click.page)
      .window(tumbling(60_000))
      .aggregate(count(), (clicks, { key, windowStart }) => ({ page: key, windowStart, clicks }), {
        uid: 'count',
      })
      .to(fileSink({ directory: output, format: jsonLines() }), { uid: 'files' })
  },
)

export const run = (input: string, output: string, checkpoints: string) =>
  runJob(clicksPerMinute, {
    args: { input, output },
    checkpoints: { directory: checkpoints, intervalMs: 10_000 },
    resume: true,
  })
// #endregion

// #region restart
import { failureRateRestart } from '../../api/index.ts'

export const careful = (input: string, output: string) =>
  runJob(clicksPerMinute, {
    args: { input, output },
    checkpoints: { intervalMs: 10_000 },
    restart: failureRateRestart({ failures: 3, intervalMs: 600_000, delayMs: 5_000 }),
    onRestart: ({ error, restarts }) => console.error(`restart ${restarts}:`, error),
  })
// #endregion

// #region savepoint
import type { JobHandle } from '../../api/index.ts'

export async function move(old: JobHandle, directory: string, args: Record<string, string>) {
  const { id } = await old.stop({ savepoint: directory })
  return runJob(clicksPerMinute, {
    args,
    parallelism: 4,
    from: { directory, checkpointId: id },
  })
}
// #endregion

// #region files
import type { Stream } from '../../api/index.ts'
import { parquet } from '../../connectors/parquet/index.ts'

interface Flight {
  readonly origin: string
  readonly delay: number | null
  readonly at: number
}

export function write(flights: Stream<Flight>, directory: string): void {
  const columns = { origin: 'string', delay: 'number?', at: 'timestamp' } as const
  flights.to(
    fileSink({
      directory: `${directory}/parquet`,
      format: parquet({ columns }),
      bucket: ({ at }) => new Date(at).toISOString().slice(0, 10),
    }),
  )
  flights.to(
    fileSink({
      directory: `${directory}/lines`,
      format: jsonLines(),
      roll: { bytes: 64 * 1024 * 1024, ageMs: 900_000, inactiveMs: 60_000, atCheckpoint: false },
    }),
  )
}
// #endregion

// #region sink
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { Sink } from '../../api/index.ts'

interface Batch {
  readonly hidden: string
  readonly final: string
}

/** One file per subtask and checkpoint. */
export const batches = (directory: string): Sink<object, undefined, Batch> => ({
  name: 'batches',
  open() {
    let lines = ''
    let prepared: Batch[] = []
    return {
      write(values) {
        for (const value of values) lines += `${JSON.stringify(value)}\n`
      },
      flush() {},
      async prepare() {
        // a checkpoint that was given up has committed nothing: what is still hidden goes with this one
        prepared = prepared.filter(({ hidden }) => existsSync(hidden))
        if (lines !== '') {
          const final = `${directory}/${randomUUID()}.jsonl`
          const hidden = `${final}.hidden`
          await writeFile(hidden, lines, { flush: true })
          lines = ''
          prepared.push({ hidden, final })
        }
        return { committables: prepared }
      },
      close() {},
    }
  },
  async commit(committed) {
    for (const { hidden, final } of committed) {
      // after a restore it may have its name already
      if (existsSync(hidden)) await rename(hidden, final)
    }
  },
})
// #endregion
