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
    failAt: fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 4 }),
    kind: fc.constantFrom('jsonLines' as const, 'csv' as const, 'parquet' as const),
    buckets: fc.boolean(),
    records: fc.integer({ min: 10, max: 100 }),
    ageMs: fc.integer({ min: 1, max: 20 }),
    atCheckpoint: fc.boolean(),
  })
  .map(({ records, ageMs, atCheckpoint, ...rest }) => ({
    ...rest,
    roll: { records, ageMs, atCheckpoint: atCheckpoint || rest.kind === 'parquet' },
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

/** Numbers in small batches, between which checkpoints find their turn. */
function slowly(): ReturnType<typeof numbers> {
  const source = numbers(COUNT, 40)
  return {
    ...source,
    open: async (start, context, position) => {
      const reader = await source.open(start, { ...context, batchSize: 10 }, position)
      return {
        get position() {
          return reader.position
        },
        async read() {
          await new Promise(setImmediate)
          return reader.read()
        },
      }
    },
  }
}

/** Starts the job once for each parallelism; all runs but the last are cancelled after some checkpoints. Returns the restarts. */
async function runDisturbed(folder: string, disturbance: Disturbance): Promise<number> {
  const { parallelisms, failAt, kind, buckets, roll } = disturbance
  const directory = join(folder, 'out')
  let seen = 0
  let restarts = 0
  const job = defineJob('to files', (env) => {
    env
      .from(slowly(), { uid: 'numbers' })
      .map(
        (n) => {
          if (failAt.includes(++seen)) throw new Error(`the ${seen}th record`)
          return { n }
        },
        { uid: 'records' },
      )
      .rebalance()
      .to(
        fileSink<Row>({
          directory,
          format: FORMATS[kind],
          roll,
          ...(buckets ? { bucket: ({ n }) => `b${n % 3}` } : {}),
        }),
        { uid: 'files' },
      )
  })
  for (const [start, parallelism] of parallelisms.entries()) {
    const isLast = start === parallelisms.length - 1
    const handle = runJob(job, {
      slots: 2,
      parallelism,
      restart: fixedDelayRestart({ attempts: failAt.length, delayMs: 1 }),
      onRestart: () => {
        restarts++
      },
      checkpoints: { directory: join(folder, 'checkpoints'), intervalMs: 1 },
      resume: true,
    })
    const ended = handle.result()
    if (!isLast) {
      ended.catch(() => {})
      while (handle.state === 'created' || handle.state === 'running') {
        if ((await handle.metrics()).checkpoints.completed >= 2) break
        await new Promise(setImmediate)
      }
      await handle.cancel()
      const found = await visible(directory)
      assert.is(new Set(found).size, found.length)
      continue
    }
    await ended
  }
  return restarts
}

test('the folder holds what the job was given, once, whatever happened', async () => {
  let restarts = 0
  await withFolder(async (parent) => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(disturbances, async (disturbance) => {
        const folder = join(parent, `run-${runs++}`)
        restarts += await runDisturbed(folder, disturbance)
        assert.equal(
          await visible(join(folder, 'out')),
          Array.from({ length: COUNT }, (_, n) => n),
        )
      }),
      { numRuns: 15 },
    )
  })
  assert.ok(restarts > 3, `${restarts} restarts`)
})

test.run()
