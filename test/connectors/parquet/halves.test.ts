/** The last row groups are read in halves by several subtasks, and what earlier versions have stored goes on as it was. */
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parquetSource } from '../../../connectors/parquet/index.ts'
import type { ParquetSplit } from '../../../connectors/parquet/index.ts'
import { duckdb } from '../duckdb.ts'
import { drain, failureOf, readerContext, readSource, splitsOf, withFolder } from '../drive.ts'

/** Three row groups, the last of which is small. */
const ROWS = [67_584, 67_584, 40]
const TOTAL = ROWS.reduce((sum, rows) => sum + rows, 0)

async function withRows(body: (path: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, 'rows.parquet')
    await duckdb(
      `copy (select i::int as n from range(${TOTAL}) t(i)) to '${path}' (format parquet, row_group_size ${ROWS[0]})`,
    )
    await body(path)
  })
}

const shown = ({ rowGroup, part }: ParquetSplit): unknown => [rowGroup, part]
const HALVES = [
  [0, undefined],
  [1, [0, 33_792]],
  [1, [33_792, 67_584]],
  [2, undefined],
]

test('with two subtasks, the large ones among the last two row groups are two splits each', async () => {
  await withRows(async (path) => {
    const source = parquetSource({ path, columns: { n: 'number' } })
    assert.equal((await splitsOf(source, 2)).map(shown), HALVES)
    assert.equal((await splitsOf(source)).map(shown), [
      [0, undefined],
      [1, undefined],
      [2, undefined],
    ])
    const { recordsExpected } = await source.enumerate({ parallelism: 2 })
    assert.is(recordsExpected, TOTAL)
  })
})

test('all parts together are all rows, each once', async () => {
  await withRows(async (path) => {
    const source = parquetSource({ path, columns: { n: 'number' } })
    const rows = await readSource(source, { parallelism: 2 })
    assert.equal(
      rows.map(({ n }) => n),
      Array.from({ length: TOTAL }, (_, n) => n),
    )
  })
})

test('a position counts from the beginning of the row group, and lies inside the part', async () => {
  await withRows(async (path) => {
    const source = parquetSource({ path, columns: { n: 'number' } })
    const [, , second] = await splitsOf(source, 2)
    const reader = await source.open(second!, readerContext())
    assert.is(reader.position, 33_792)
    const rest = await drain(await source.open(second!, readerContext(), 67_580))
    assert.equal(
      rest.map(({ n }) => n),
      [1, 2, 3, 4].map((n) => 2 * 67_584 - 5 + n),
    )
    for (const position of [33_791, 67_585]) {
      const failure = await failureOf(() => source.open(second!, readerContext(), position))
      assert.is(failure.code, 'INVALID_ARGUMENT')
    }
  })
})

test('a checkpoint decides what the splits are, whatever the parallelism is later', async () => {
  await withRows(async (path) => {
    const source = parquetSource({ path, columns: { n: 'number' } })
    const first = await source.enumerate({ parallelism: 2 })
    await first.next(0)
    await first.next(0)
    const restored = structuredClone(first.snapshot!()) as {
      readonly facts: readonly { readonly halved?: number }[]
    }
    const restOf = async (state: unknown, parallelism: number): Promise<unknown[]> => {
      const enumerator = await source.enumerate({ parallelism, restored: state })
      const rest: ParquetSplit[] = []
      for (let split = await enumerator.next(0); split; split = await enumerator.next(0))
        rest.push(split)
      return rest.map(shown)
    }
    for (const parallelism of [1, 2, 5])
      assert.equal(await restOf(restored, parallelism), HALVES.slice(2))
    // as earlier versions have stored it
    const facts = restored.facts.map((known) => ({ ...known, halved: undefined }))
    assert.equal(await restOf({ ...restored, facts }, 2), [[2, undefined]])
  })
})

test.run()
