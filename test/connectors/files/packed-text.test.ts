/** Files are the same whether the writers or the subtasks that send records make the text. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csv, csvSink } from '../../../connectors/csv/index.ts'
import { fileSink } from '../../../connectors/file-sink/index.ts'
import { jsonLines, jsonLinesSink } from '../../../connectors/json-lines/index.ts'
import { parquet } from '../../../connectors/parquet/index.ts'
import type { Sink } from '../../../operators/sink.ts'
import { failureOf, withFolder } from '../drive.ts'
import { filesBelow } from '../two-phase-rig.ts'

interface Row {
  readonly n: number
  readonly text: string
}

const BATCHES = fc.array(
  fc.record({
    packed: fc.boolean(),
    rows: fc.array(fc.record({ n: fc.nat(99), text: fc.string({ unit: 'grapheme' }) }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  { maxLength: 5 },
)

type Batches = readonly { readonly packed: boolean; readonly rows: readonly Row[] }[]

/** The event time of a row. */
const timeOf = ({ n }: Row): number => n * 10

/** Writes the batches through one writer; those that are `packed` as if they came from another thread. */
async function writeAll(sink: Sink<Row>, batches: Batches): Promise<void> {
  const writer = await sink.open({ subtaskIndex: 0, parallelism: 1 })
  const packer = sink.createPacker!()
  for (const { packed, rows } of batches) {
    const timestamps = Float64Array.from(rows, timeOf)
    if (packed)
      await writer.writePacked!(structuredClone(packer.pack(rows, timestamps)), rows.length)
    else await writer.write(rows, timestamps)
  }
  await writer.flush()
  await writer.close()
}

/** The contents of the files of a folder, without the mark of the run in their names. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(folder).map((file) => [
      file.replace(/-[0-9a-f]{8}-/, '-'),
      readFileSync(join(folder, file), 'utf8'),
    ]),
  )
}

const columns = ['text', 'n'] as const

const SINKS: Readonly<Record<string, (folder: string) => Sink<Row>>> = {
  'JSON Lines': (folder) => jsonLinesSink({ path: join(folder, 'out') }),
  CSV: (folder) => csvSink({ path: join(folder, 'out'), columns }),
  'CSV without a header': (folder) =>
    csvSink({ path: join(folder, 'out'), columns, header: false }),
  'a folder of JSON Lines that rolls by size': (folder) =>
    fileSink({ directory: folder, format: jsonLines(), roll: { bytes: 100 } }),
  'a folder of CSV with buckets': (folder) =>
    fileSink<Row>({
      directory: folder,
      format: csv({ columns }),
      bucket: ({ n }, timestamp) => `${n % 3}/${timestamp % 20}`,
      roll: { bytes: 60 },
    }),
}

for (const [name, sinkIn] of Object.entries(SINKS)) {
  test(`${name}: the bytes are the same, whoever makes the text`, async () => {
    await withFolder((folder) =>
      fc.assert(
        fc.asyncProperty(BATCHES, async (batches) => {
          const files: Record<string, string>[] = []
          for (const all of [batches, batches.map(({ rows }) => ({ rows, packed: false }))]) {
            const place = join(folder, 'files')
            mkdirSync(place)
            await writeAll(sinkIn(place), all)
            files.push(contents(place))
            rmSync(place, { recursive: true })
          }
          assert.equal(files[0], files[1])
        }),
        { numRuns: 12 },
      ),
    )
  })
}

test('records that a format cannot hold are refused where they are packed, with the same error', async () => {
  const sink: Sink<unknown> = jsonLinesSink({ path: 'out' })
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const failure = await failureOf(() => sink.createPacker!().pack([cycle], new Float64Array(1)))
  assert.is(failure.code, 'NOT_JSON')
  const rows: Sink<object> = csvSink({ path: 'out', columns: ['a'] })
  const nested = await failureOf(() => rows.createPacker!().pack([{ a: {} }], new Float64Array(1)))
  assert.is(nested.code, 'NOT_CSV')
})

test('nothing is packed where the text depends on the file', () => {
  const unpacked: readonly Sink<never>[] = [
    csvSink({ path: 'out' }),
    fileSink({ directory: 'out', format: csv() }),
    fileSink({ directory: 'out', format: parquet({ columns: { n: 'number' } }) }),
    fileSink({ directory: 'out', format: jsonLines(), roll: { records: 10 } }),
  ]
  for (const sink of unpacked) assert.not('createPacker' in sink, sink.name)
})

test.run()
