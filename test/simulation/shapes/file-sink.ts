/**
 * Records into files on the simulated disk: in buckets as JSON Lines that end at each checkpoint, as CSV in files that go on over checkpoints, as
 * Parquet, and into one file per subtask that appears at the end. What is looked at are the bytes on the disk, whenever a process has
 * died, and when the job has ended and the power has gone: only what was committed is visible, whole, and in the end all of it.
 */
import { parquetReadObjects } from 'hyparquet'
import { defineJob } from '../../../api/index.ts'
import type { Sink } from '../../../api/index.ts'
import type { ReadFiles } from '../../../api/testing/index.ts'
import { csv } from '../../../connectors/csv/index.ts'
import { fileSink } from '../../../connectors/file-sink/index.ts'
import type { FileCommittable } from '../../../connectors/files/commit-files.ts'
import { jsonLines, jsonLinesSink } from '../../../connectors/json-lines/index.ts'
import { parquet } from '../../../connectors/parquet/index.ts'
import { items, splitsSource, whole } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const COLUMNS = { id: 'number', amount: 'number' } as const

/** The path of a visible file: its output and what its name ends with. */
const VISIBLE = /^\/sinks\/out\/(\w+)\/(?:.*\/)?[^./][^/]*\.(jsonl|csv|parquet)$/

interface Row {
  readonly id: number
  readonly amount: number
}

export const fileSinks: Shape = {
  name: 'file-sink',
  make(random) {
    const splits = items(random, { records: 30, keys: 3 })
    const records = 1 + whole(random, 8)
    // Of all seeds with this input: files to which a commit was to give their names.
    const committed = new Set<string>()
    const job = defineJob('file sinks', (env) => {
      const rows = env.from(splitsSource('items', splits))
      const buckets = fileSink<Item>({
        directory: '/sinks/out/buckets',
        format: jsonLines(),
        bucket: ({ key }) => `of/${key}`,
        roll: { records },
      })
      const long = fileSink<Row>({
        directory: '/sinks/out/long',
        format: csv({ columns: ['id', 'amount'] }),
        roll: { atCheckpoint: false, records: records + 5 },
      })
      const tables = fileSink<Row>({
        directory: '/sinks/out/tables',
        format: parquet({ columns: COLUMNS, compression: 'none', rowGroupRows: 2 }),
      })
      rows.to(noting(buckets, committed), { name: 'buckets' })
      rows
        .rebalance()
        .map(({ id, amount }): Row => ({ id, amount }))
        .to(noting(long, committed), { name: 'long' })
      rows
        .keyBy(({ key }) => key)
        .reduce((_, next) => next)
        .map(({ id, amount }): Row => ({ id, amount }))
        .to(noting(tables, committed), { name: 'tables' })
      const single = jsonLinesSink({ path: '/sinks/out/single/rows.jsonl' })
      rows.rebalance().to(noting(single, committed), { name: 'single' })
    })
    const all = splits.flat()
    const rows = all.map(({ id, amount }) => ({ id, amount }))
    return {
      job,
      ...(whole(random, 2) === 0 ? {} : { parallelism: [1, 3, 2] }),
      expected: { buckets: all, long: rows, tables: rows, single: all },
      readFiles: reader(committed),
    }
  },
}

/** The sink, whose commits are written down before they begin. */
function noting<T, State>(
  sink: Sink<T, State, FileCommittable>,
  committed: Set<string>,
): Sink<T, State, FileCommittable> {
  return {
    name: sink.name,
    open: (context) => sink.open(context),
    commit: (files) => {
      for (const { final } of files) committed.add(final)
      return sink.commit?.(files)
    },
    onDisk: (disk) => noting(sink.onDisk?.(disk) ?? sink, committed),
  }
}

/** Reads the visible files; throws for one that nobody has committed, or that is not whole. */
function reader(committed: ReadonlySet<string>): ReadFiles {
  return async (files) => {
    const outputs: Record<string, unknown[]> = { buckets: [], long: [], tables: [], single: [] }
    for (const [path, bytes] of files) {
      const [, output, kind] = VISIBLE.exec(path) ?? []
      if (output === undefined) continue
      if (!committed.has(path)) throw new Error(`${path} is visible, but was not committed`)
      outputs[output]?.push(...(await rowsOf(kind ?? '', path, bytes)))
    }
    return outputs
  }
}

async function rowsOf(kind: string, path: string, bytes: Uint8Array): Promise<unknown[]> {
  try {
    if (kind === 'parquet') {
      const { buffer } = Uint8Array.from(bytes)
      return await parquetReadObjects({ file: buffer })
    }
    const text = Buffer.from(bytes).toString()
    if (!text.endsWith('\n')) throw new Error('the last line has no end')
    const lines = text.trimEnd().split('\n')
    return kind === 'csv'
      ? lines.slice(1).map(csvRow)
      : lines.map((line): unknown => JSON.parse(line))
  } catch (error) {
    throw new Error(`${path} of ${bytes.length} bytes is not whole: ${String(error)}`, {
      cause: error,
    })
  }
}

function csvRow(line: string): Row {
  const [id, amount, ...more] = line.split(',').map(Number)
  if (id === undefined || amount === undefined || more.length > 0 || Number.isNaN(id + amount))
    throw new Error(`'${line}' is no row`)
  return { id, amount }
}
