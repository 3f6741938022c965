/**
 * What sources of text do with lines that they can't make records of, where the job wants to go on.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../api/index.ts'
import type { DeadLetter, ErrorPolicy } from '../../api/index.ts'
import { csvSource } from '../../connectors/csv/index.ts'
import { jsonLinesSource } from '../../connectors/json-lines/index.ts'
import type { Source } from '../../operators/source.ts'
import { rejects } from '../runner/expect.ts'
import { drain, readerContext, splitsOf, withFolder } from './drive.ts'

interface Bad {
  readonly record: unknown
  readonly code: unknown
  readonly place: string | undefined
}

/** The good records of all splits, and the bad ones. */
async function readAll<T, S, P>(source: Source<T, S, P>, batchSize: number) {
  const bad: Bad[] = []
  const good: T[] = []
  for (const split of await splitsOf(source)) {
    const badRecord = (record: unknown, error: unknown, place?: string): void => {
      bad.push({ record, code: (error as { readonly code?: unknown }).code, place })
    }
    const reader = await source.open(split, readerContext({ batchSize, badRecord }))
    good.push(...(await drain(reader, batchSize)))
  }
  return { good, bad }
}

test('JSON Lines: bad lines are left out wherever they stand, and told with their place', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'bad.jsonl')
    const parts = [
      'oops\n',
      '1\n',
      '{"a":\n',
      '2\n3\n',
      Buffer.from([34, 0xff, 34, 10]),
      '4\n',
      'end',
    ]
    writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part as string))))
    for (const splitBytes of [3, 1_000]) {
      for (const batchSize of [1, 2, 1_024]) {
        const { good, bad } = await readAll(jsonLinesSource({ path, splitBytes }), batchSize)
        assert.equal(good, [1, 2, 3, 4])
        assert.equal(
          bad.map(({ place }) => place),
          [1, 3, 6, 8].map((line) => `${path}, line ${line}`),
        )
        assert.equal([bad[0]?.record, bad[1]?.record, bad[3]?.record], ['oops', '{"a":', 'end'])
        assert.ok(bad.every(({ code }) => code === 'BAD_JSON_LINE'))
      }
    }
  })
})

test('CSV: rows with too few fields or values of another type are left out and told with their place', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'bad.csv')
    writeFileSync(path, 'name,n\na,1\nb\nc,x\n"d\n",4\ne,5,6\nf,7\ng\n')
    const source = () => csvSource({ path, columns: { name: 'string', n: 'number' } })
    for (const batchSize of [1, 2, 1_024]) {
      const { good, bad } = await readAll(source(), batchSize)
      assert.equal(good, [
        { name: 'a', n: 1 },
        { name: 'd\n', n: 4 },
        { name: 'f', n: 7 },
      ])
      assert.equal(bad, [
        { record: 'b', code: 'BAD_CSV_LINE', place: `${path}, line 3` },
        { record: 'c,x', code: 'BAD_CSV_VALUE', place: `${path}, line 4` },
        { record: 'e,5,6', code: 'BAD_CSV_LINE', place: `${path}, line 7` },
        { record: 'g', code: 'BAD_CSV_LINE', place: `${path}, line 9` },
      ])
    }
  })
})

function jobOver(path: string, onError: ErrorPolicy) {
  return defineJob('prices', (env) => {
    const source = jsonLinesSource({ path, parse: (value) => value as { readonly at: number } })
    const prices = env.from(source, { timestamp: ({ at }) => at, name: 'prices', onError })
    prices.collect('prices')
    if (onError === 'deadLetter') prices.deadLetters().collect('letters')
  })
}

test('in a job they are dead letters, beside records without a valid time', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'prices.jsonl')
    writeFileSync(path, '{"at":1}\nnothing\n{"at":"now"}\n{"at":2}\nlast')
    const job = runJob(jobOver(path, 'deadLetter'), { parallelism: 1 })
    const [prices, letters] = await Promise.all([
      listOf(job.collect('prices')),
      listOf(job.collect<DeadLetter>('letters')),
    ])
    assert.equal(prices, [{ at: 1 }, { at: 2 }])
    const told = letters.map(({ record, error, place, operatorName }) => ({
      record,
      code: error.code,
      place,
      operatorName,
    }))
    const operatorName = 'prices'
    assert.equal(
      told.toSorted((a, b) => (String(a.place) < String(b.place) ? -1 : 1)),
      [
        { record: 'nothing', code: 'BAD_JSON_LINE', place: `${path}, line 2`, operatorName },
        { record: 'last', code: 'BAD_JSON_LINE', place: `${path}, line 5`, operatorName },
        { record: { at: 'now' }, code: 'BAD_TIMESTAMP', place: undefined, operatorName },
      ],
    )
    const { subtasks } = await job.result()
    const counted = subtasks.map(({ counters }) => counters['prices.recordsSkipped'] ?? 0)
    assert.is(
      counted.reduce((sum, count) => sum + count, 0),
      3,
    )
    const failed = runJob(jobOver(path, 'fail'), { parallelism: 1 })
    await rejects(failed.result(), { code: 'BAD_JSON_LINE' })
  })
})

async function listOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

test.run()
