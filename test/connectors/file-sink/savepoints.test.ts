/** What a folder sink has prepared for a savepoint is there for the run that goes on from it, whatever becomes of the run that made it. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../../api/index.ts'
import type { RunOptions } from '../../../api/index.ts'
import { fileSink } from '../../../connectors/file-sink/index.ts'
import { jsonLines } from '../../../connectors/json-lines/index.ts'
import { parquet, parquetSource } from '../../../connectors/parquet/index.ts'
import { gatedNumbers } from '../../savepoints/gated-source.ts'
import { readSource, withFolder } from '../drive.ts'
import { filesBelow } from '../two-phase-rig.ts'

const COUNT = 100
const FORMATS = {
  'JSON Lines that end at checkpoints': { format: jsonLines(), roll: {} },
  'JSON Lines that go on': { format: jsonLines(), roll: { atCheckpoint: false } },
  Parquet: { format: parquet({ columns: { n: 'number' } }), roll: {} },
} as const

interface Place {
  readonly directory: string
  readonly kind: keyof typeof FORMATS
}

/** `gated`: reads thirty of each fifty numbers, and waits then. */
function copyJob({ directory, kind }: Place, gated: boolean) {
  return defineJob('copy', (env) => {
    const gatedFrom = gated ? 0 : Number.POSITIVE_INFINITY
    env
      .from(gatedNumbers({ name: 'n', count: COUNT, perSplit: 50, gatedFrom, readOfGated: 30 }), {
        uid: 'numbers',
      })
      .map((n) => ({ n }), { uid: 'records' })
      .to(fileSink<{ n: number }>({ directory, ...FORMATS[kind] }), { uid: 'files' })
  })
}

async function visibleNumbers(directory: string): Promise<number[]> {
  const numbers: number[] = []
  for (const file of filesBelow(directory).filter((name) => !basename(name).startsWith('.'))) {
    const path = join(directory, file)
    if (file.endsWith('.parquet')) {
      const rows = await readSource(parquetSource({ path, columns: { n: 'number' } }))
      numbers.push(...rows.map(({ n }) => n))
    } else {
      const lines = readFileSync(path, 'utf8').trim().split('\n')
      numbers.push(...lines.map((line) => (JSON.parse(line) as { readonly n: number }).n))
    }
  }
  return numbers.toSorted((a, b) => a - b)
}

/** Makes a savepoint where the sources wait, and ends the run there. */
async function savepointOf(place: Place, savepoints: string, options: RunOptions): Promise<void> {
  const handle = runJob(copyJob(place, true), { parallelism: 2, ...options })
  const ended = handle.result().catch(() => {})
  while ((await handle.metrics()).totals.recordsRead < 60) await new Promise(setImmediate)
  await handle.savepoint(savepoints)
  assert.equal(await visibleNumbers(place.directory), [])
  await handle.cancel()
  await ended
}

for (const kind of Object.keys(FORMATS) as (keyof typeof FORMATS)[]) {
  for (const [how, options] of [
    ['without checkpoints', {}],
    ['with checkpoints in memory', { checkpoints: {} }],
  ] as const) {
    test(`${kind}, ${how}: after a savepoint and a cancel, two runs at other parallelisms go on from it`, () =>
      withFolder(async (folder) => {
        const place = { directory: join(folder, 'out'), kind }
        const savepoints = join(folder, 'savepoints')
        await savepointOf(place, savepoints, options)
        for (const parallelism of [3, 1]) {
          const job = copyJob(place, false)
          await runJob(job, { parallelism, from: savepoints }).result()
          assert.equal(
            await visibleNumbers(place.directory),
            Array.from({ length: COUNT }, (_, n) => n),
            `parallelism ${parallelism}`,
          )
        }
      }))
  }
}

test.run()
