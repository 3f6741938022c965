/**
 * Whole jobs into a folder: whatever fails and whenever, what is visible in the end is what the job was given, once each; and nothing is
 * visible twice on the way.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { JobHandle } from '../../../api/index.ts'
import { csv } from '../../../connectors/csv/index.ts'
import { fileSink, type FileSinkRoll } from '../../../connectors/file-sink/index.ts'
import { jsonLines } from '../../../connectors/json-lines/index.ts'
import { parquet, parquetSource } from '../../../connectors/parquet/index.ts'
import { numbers } from '../../api/execution/fixtures/numbers.ts'
import { readSource, withFolder } from '../drive.ts'
import { filesBelow } from '../two-phase-rig.ts'

export const deadlineMs = 60_000

const COUNT = 300

interface Row {
  readonly n: number
}

const FORMATS = {
  jsonLines: jsonLines(),
  csv: csv({ columns: ['n'] }),
  parquet: parquet({ columns: { n: 'number' }, rowGroupRows: 50 }),
} as const

/** How a job is disturbed: it fails at these records, counted over all attempts, and is cancelled and resumed with another parallelism. */
interface Disturbance {
  readonly parallelisms: readonly number[]
  readonly failAt: readonly number[]
  readonly kind: keyof typeof FORMATS
  readonly buckets: boolean
  readonly roll: FileSinkRoll
}

const disturbances: fc.Arbitrary<Disturbance> = fc
  .record({
    parallelisms: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    failAt: fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 4 }),
    kind: fc.constantFrom('jsonLines' as const, 'csv' as const, 'parquet' as const),
    buckets: fc.boolean(),
    records: fc.integer({ min: 10, max: 100 }),
    ageMs: fc.integer({ min: 1, max: 500 }),
    atCheckpoint: fc.boolean(),
  })
  .map(({ records, ageMs, atCheckpoint, ...rest }) => ({
    ...rest,
    roll: { records, ageMs, atCheckpoint: atCheckpoint || rest.kind === 'parquet' },
  }))

/** What random disturbances may leave out: failures and new starts behind checkpoints, with files open in these. */
const SURE: readonly Disturbance[] = (['jsonLines', 'csv', 'parquet'] as const).map((kind) => ({
  parallelisms: [2, 3],
  failAt: [130, 290],
  kind,
  buckets: kind === 'csv',
  roll: { records: 70, ageMs: 60_000, atCheckpoint: kind === 'parquet' },
}))

async function visible(directory: string): Promise<number[]> {
  const found: number[] = []
  for (const file of filesBelow(directory).filter((name) => !basename(name).startsWith('.'))) {
    const path = join(directory, file)
    if (file.endsWith('.parquet')) {
      const rows = await readSource(parquetSource({ path, columns: { n: 'number' } }))
      found.push(...rows.map(({ n }) => n))
      continue
    }
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    const records = file.endsWith('.csv') ? lines.slice(1).map(Number) : lines.map(parsed)
    found.push(...records)
  }
  return found.toSorted((a, b) => a - b)
}

function parsed(line: string): number {
  return (JSON.parse(line) as Row).n
}

/** Lets sources read so many records, and then wait: so that checkpoints, which take their time, fall between records. */
class Pace {
  #budget = 0
  #waiting: (() => void)[] = []

  async take(records: number): Promise<void> {
    while (this.#budget < records) await new Promise<void>((heard) => this.#waiting.push(heard))
    this.#budget -= records
  }

  refill(records: number): void {
    this.#budget = records
    const heard = this.#waiting
    this.#waiting = []
    for (const tell of heard) tell()
  }
}

const BATCH = 5

function pacedNumbers(pace: Pace): ReturnType<typeof numbers> {
  const source = numbers(COUNT, 40)
  return {
    ...source,
    open: async (start, context, position) => {
      const reader = await source.open(start, { ...context, batchSize: BATCH }, position)
      return {
        get position() {
          return reader.position
        },
        async read() {
          await pace.take(BATCH)
          return reader.read()
        },
      }
    },
  }
}

/** Makes checkpoints, with some records between them, until the job has ended or `most` are complete. */
async function makeCheckpoints(handle: JobHandle, pace: Pace, most: number): Promise<void> {
  for (let completed = 0; completed < most && !ENDED.has(handle.state);) {
    await new Promise(setImmediate)
    if (handle.state !== 'running') continue
    pace.refill(40)
    try {
      await handle.checkpoint()
      completed++
    } catch {
      // an attempt that has just failed makes none
    }
  }
}

const ENDED: ReadonlySet<string> = new Set(['finished', 'failed', 'cancelled'])

/** What has happened to the jobs of all runs. */
interface Tally {
  restarts: number
  /** Writers that went on from a checkpoint, and those of them that had files open in it. */
  restored: number
  withOpenFiles: number
}

/** Starts the job once for each parallelism; all runs but the last are cancelled after two checkpoints. */
async function runDisturbed(folder: string, disturbance: Disturbance, tally: Tally): Promise<void> {
  const { parallelisms, failAt, kind, buckets, roll } = disturbance
  const directory = join(folder, 'out')
  const pace = new Pace()
  const files = fileSink<Row>({
    directory,
    format: FORMATS[kind],
    roll,
    ...(buckets ? { bucket: ({ n }: Row) => `b${n % 3}` } : {}),
  })
  const watched: typeof files = {
    ...files,
    open(context) {
      const { restored = [] } = context
      tally.restored += restored.length
      tally.withOpenFiles += restored.filter(({ open }) => open !== undefined).length
      return files.open(context)
    },
  }
  let seen = 0
  const job = defineJob('to files', (env) => {
    env
      .from(pacedNumbers(pace), { uid: 'numbers' })
      .map(
        (n) => {
          if (failAt.includes(++seen)) throw new Error(`the ${seen}th record`)
          return { n }
        },
        { uid: 'records' },
      )
      .rebalance()
      .to(watched, { uid: 'files' })
  })
  for (const [start, parallelism] of parallelisms.entries()) {
    const isLast = start === parallelisms.length - 1
    const handle = runJob(job, {
      slots: 2,
      parallelism,
      restart: fixedDelayRestart({ attempts: failAt.length, delayMs: 1 }),
      onRestart: () => {
        tally.restarts++
      },
      checkpoints: { directory: join(folder, 'checkpoints') },
      resume: true,
    })
    const ended = handle.result()
    ended.catch(() => {})
    await makeCheckpoints(handle, pace, isLast ? Number.POSITIVE_INFINITY : 2)
    if (isLast) await ended
    else await handle.cancel()
    const found = await visible(directory)
    assert.is(new Set(found).size, found.length)
  }
}

test('the folder holds what the job was given, once, whatever happened', async () => {
  const tally: Tally = { restarts: 0, restored: 0, withOpenFiles: 0 }
  await withFolder(async (parent) => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(disturbances, async (disturbance) => {
        const folder = join(parent, `run-${runs++}`)
        await runDisturbed(folder, disturbance, tally)
        assert.equal(
          await visible(join(folder, 'out')),
          Array.from({ length: COUNT }, (_, n) => n),
        )
      }),
      { numRuns: 7, examples: SURE.map((disturbance) => [disturbance]), endOnFailure: true },
    )
  })
  assert.ok(Math.min(...Object.values(tally)) > 0, JSON.stringify(tally))
})

test.run()
