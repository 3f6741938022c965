/**
 * Every connector goes on from a checkpoint: what was read before it and what is read behind it are the records of an
 * undisturbed run, whatever the parallelism, and whatever has happened to the files meanwhile.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parquetWriteFile } from 'hyparquet-writer'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { arraySource, iterableSource } from '../../connectors/collection/index.ts'
import { csvSource } from '../../connectors/csv/index.ts'
import { generatorSource } from '../../connectors/generator/index.ts'
import { jsonLinesSource } from '../../connectors/json-lines/index.ts'
import { parquetSource } from '../../connectors/parquet/index.ts'
import type { Source, SplitEnumerator } from '../../operators/source.ts'
import { failureOf, readerContext, splitsOf, withFolder } from './drive.ts'

interface Snapshot {
  readonly enumerator: unknown
  /** Splits that were given out: all that is known of an enumerator without a snapshot. */
  readonly given: number
  readonly open: readonly { readonly split: unknown; readonly position: unknown }[]
}

/** How far a run gets before it is cut: of each split that it takes up, how many batches of how many records. */
interface Run {
  readonly parallelism: number
  readonly batchSize: number
  readonly batchesOf: readonly number[]
}

/** Goes on from a snapshot, reads some batches of some splits, and says what a checkpoint at that moment would hold. */
async function readSome(
  source: Source<unknown>,
  { parallelism, batchSize, batchesOf }: Run,
  from?: Snapshot,
): Promise<{ readonly records: unknown[]; readonly snapshot: Snapshot }> {
  const enumerator = await enumerate(source, parallelism, from)
  const waiting = [...(from?.open ?? [])]
  let given = from?.given ?? 0
  const records: unknown[] = []
  const open: { split: unknown; position: unknown }[] = []
  for (const [turn, batches] of batchesOf.entries()) {
    const taken = waiting.shift() ?? {
      split: await enumerator.next(turn % parallelism),
      position: undefined,
    }
    const { split, position } = taken
    if (split === undefined) break
    if (position === undefined) given++
    const context = readerContext({ batchSize, parallelism })
    const reader = await source.open(split, context, position)
    let batch: readonly unknown[] | undefined = []
    for (let read = 0; read < batches && batch !== undefined; read++) {
      batch = await reader.read()
      records.push(...(batch ?? []))
    }
    if (batch !== undefined) open.push({ split, position: reader.position })
    await reader.close?.()
  }
  const snapshot = { enumerator: enumerator.snapshot?.(), given, open: [...open, ...waiting] }
  return { records, snapshot: structuredClone(snapshot) }
}

async function enumerate(
  source: Source<unknown>,
  parallelism: number,
  from?: Snapshot,
): Promise<SplitEnumerator<unknown>> {
  const { enumerator: restored, given = 0 } = from ?? {}
  if (restored !== undefined) return source.enumerate({ parallelism, restored })
  const enumerator = await source.enumerate({ parallelism })
  for (let passed = 0; passed < given; passed++) await enumerator.next(passed % parallelism)
  return enumerator
}

async function readRest(
  source: Source<unknown>,
  parallelism: number,
  from: Snapshot,
): Promise<unknown[]> {
  const records: unknown[] = []
  const readAll = async (split: unknown, position?: unknown): Promise<void> => {
    const reader = await source.open(split, readerContext({ batchSize: 3, parallelism }), position)
    for (let batch = await reader.read(); batch !== undefined; batch = await reader.read()) {
      records.push(...batch)
    }
    await reader.close?.()
  }
  for (const { split, position } of from.open) await readAll(split, position)
  const enumerator = await enumerate(source, parallelism, from)
  for (let turn = 0; ; turn++) {
    const split: unknown = await enumerator.next(turn % parallelism)
    if (split === undefined) return records
    await readAll(split)
  }
}

const COUNT = 40
const numbers = Array.from({ length: COUNT }, (_, n) => n)

interface Connector {
  /** Two definitions of the source: with other options where these may be changed between two runs. */
  readonly sources: readonly [Source<unknown>, Source<unknown>]
  /** What happens to its files between two runs. */
  readonly meanwhile?: () => void
  readonly reset?: () => void
}

function connectorsIn(folder: string): Record<string, Connector> {
  const file = (name: string): string => join(folder, name)
  const [jsonl, csv, csv2, parquet] = ['a.jsonl', 'a.csv', 'b.csv', 'a.parquet'].map(file) as [
    string,
    string,
    string,
    string,
  ]
  parquetWriteFile({
    filename: parquet,
    columnData: [{ name: 'n', data: numbers, type: 'INT32' }],
    rowGroupSize: 7,
  })
  const array = arraySource(numbers)
  const generated = (splits?: number): Source<unknown> =>
    generatorSource({
      count: COUNT,
      generate: (n) => n,
      ...(splits === undefined ? {} : { splits }),
    })
  const lines = (splitBytes: number): Source<unknown> =>
    jsonLinesSource({ path: jsonl, splitBytes })
  const records: Source<unknown> = csvSource({ paths: [csv, csv2], columns: { n: 'number' } })
  const rows: Source<unknown> = parquetSource({ path: parquet })
  const replayed = iterableSource((taken) => numbers.slice(taken), { replayable: true })
  return {
    array: { sources: [array, array] },
    generator: { sources: [generated(), generated()] },
    'generator with other splits': { sources: [generated(5), generated(3)] },
    'JSON Lines': {
      sources: [lines(17), lines(29)],
      meanwhile: () => appendFileSync(jsonl, '1000\n'),
      reset: () => writeFileSync(jsonl, numbers.map((n) => `${n}\n`).join('')),
    },
    CSV: {
      sources: [records, records],
      meanwhile: () => appendFileSync(csv2, '1000\n'),
      reset() {
        writeFileSync(csv, 'n\n' + numbers.slice(0, 25).join('\n') + '\n')
        writeFileSync(csv2, 'n\n' + numbers.slice(25).join('\n') + '\n')
      },
    },
    Parquet: { sources: [rows, rows] },
    iterable: { sources: [replayed, replayed] },
  }
}

const numberOf = (record: unknown): number =>
  typeof record === 'number' ? record : (record as { n: number }).n

for (const name of [
  'array',
  'generator',
  'generator with other splits',
  'JSON Lines',
  'CSV',
  'Parquet',
  'iterable',
]) {
  test(`${name}: cut at any record, again and again, at any parallelism, it gives the records of an undisturbed run`, async () => {
    await withFolder((folder) => {
      const { sources, meanwhile, reset } = connectorsIn(folder)[name]!
      const parallelism = fc.integer({ min: 1, max: 4 })
      const run: fc.Arbitrary<Run> = fc.record({
        parallelism,
        batchSize: fc.integer({ min: 1, max: 5 }),
        // splits that are open, but not read yet, too
        batchesOf: fc.array(fc.nat(6), { maxLength: 6 }),
      })
      const runs = fc.array(run, { minLength: 1, maxLength: 3 })
      return fc.assert(
        fc.asyncProperty(runs, parallelism, async ([first, ...others], last) => {
          reset?.()
          let { records, snapshot } = await readSome(sources[0], first!)
          meanwhile?.()
          for (const other of others) {
            const next = await readSome(sources[1], other, snapshot)
            records = [...records, ...next.records]
            snapshot = next.snapshot
          }
          const rest = await readRest(sources[1], last, snapshot)
          const read = [...records, ...rest].map(numberOf).sort((a, b) => a - b)
          assert.equal(read, numbers)
        }),
        { numRuns: 100 },
      )
    })
  })
}

test('the splits of an endless generator go on in other numbers of readers as they were dealt', async () => {
  const source = generatorSource({ generate: (n) => n })
  const enumerator = await source.enumerate({ parallelism: 3 })
  const first = await enumerator.next(0)
  const restored = structuredClone(enumerator.snapshot?.())
  const again = await source.enumerate({ parallelism: 1, restored })
  const splits = [first, await again.next(0), await again.next(0), await again.next(0)]
  assert.equal(splits, [
    { start: 0, end: Infinity, step: 3 },
    { start: 1, end: Infinity, step: 3 },
    { start: 2, end: Infinity, step: 3 },
    undefined,
  ])
})

test('a checkpoint of another kind of source is refused', async () => {
  const restored = (await arraySource([1]).enumerate({ parallelism: 1 })).snapshot?.()
  const failure = await failureOf(() =>
    generatorSource({ generate: (n) => n }).enumerate({ parallelism: 1, restored }),
  )
  assert.is(failure.code, 'INCOMPATIBLE_STATE')
  assert.match(failure.message, '"arraySource"')
  for (const wrong of [null, 7, {}, { kind: 'arraySource' }]) {
    const refused = await failureOf(() =>
      arraySource([1]).enumerate({ parallelism: 1, restored: wrong }),
    )
    assert.is(refused.code, 'INCOMPATIBLE_STATE')
  }
})

test('a Parquet file that was replaced meanwhile is not read, whichever its row groups are', async () => {
  await withFolder(async (folder) => {
    const filename = join(folder, 'a.parquet')
    const write = (data: number[]): void =>
      parquetWriteFile({
        filename,
        columnData: [{ name: 'n', data, type: 'INT32' }],
        rowGroupSize: 7,
      })
    write(numbers)
    // each run has its own definition of the source
    const source = (): Source<unknown> => parquetSource({ path: filename })
    const { snapshot } = await readSome(source(), { parallelism: 1, batchSize: 2, batchesOf: [0] })
    write(numbers.slice(0, 20))
    assert.is((await failureOf(() => readRest(source(), 1, snapshot))).code, 'FILE_CHANGED')
  })
})

test('an iterable goes on as its options say', async () => {
  const from = (taken: number): number[] => numbers.slice(taken)
  const exact = iterableSource(from, { replayable: true })
  const onwards = iterableSource(() => [100, 101], { replayable: false })
  const neither = iterableSource(from)
  assert.equal(
    [exact, onwards, neither].map(({ replayable }) => replayable),
    [true, false, false],
  )
  for (const [source, first] of [
    [exact, 38],
    [onwards, 100],
  ] as const) {
    const reader = await source.open(null, readerContext(), 38)
    assert.is((await reader.read())?.[0], first)
    assert.is(reader.position, 40)
    await reader.close?.()
  }
  assert.is((await failureOf(() => neither.open(null, readerContext(), 1))).code, 'NOT_REPLAYABLE')
  assert.equal(await splitsOf(neither), [null])
  const wrong = { replayable: 1 } as never
  assert.is((await failureOf(() => iterableSource(from, wrong))).code, 'INVALID_ARGUMENT')
})

test.run()
