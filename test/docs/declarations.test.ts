/**
 * A library that exports what it has made of Millrace can be compiled with its declarations: all that is in inferred types has a name in
 * the package. Against the package as it is published, apart from its folder being a link.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findRoot } from '../architecture/repository.ts'

const LIBRARY = `
import {
  combine, count, countDistinct, exponentialDelayRestart, max, mean, sum, topN, triggers, tumbling, valueState, withAlignment, monotonous,
} from 'millrace'
import type { Sink, Stream } from 'millrace'
import { csvSink, csvSource } from 'millrace/connectors/csv'
import { fileSink } from 'millrace/connectors/file-sink'
import { generatorSource } from 'millrace/connectors/generator'
import { jsonLines, jsonLinesSink, jsonLinesSource } from 'millrace/connectors/json-lines'
import { parquet, parquetSource } from 'millrace/connectors/parquet'
import { socketSource } from 'millrace/connectors/socket'
import { defineActor } from 'millrace/actors'
import { operatorHarness, Simulator } from 'millrace/testing'

interface Click { readonly page: string; readonly at: number }
export const sinks = [csvSink({ path: 'x' }), jsonLinesSink({ path: 'x' })] as const
export const files = fileSink<Click>({ directory: 'x', format: jsonLines() })
export const table = csvSource({ path: 'x', columns: { page: 'string', at: 'number?' } })
export const lines = jsonLinesSource<Click>({ path: 'x' })
export const rows = [parquetSource({ path: 'x' }), parquet({ columns: { page: 'string' } })] as const
export const numbers = [generatorSource({ generate: (i) => i }), socketSource({ host: 'x', port: 1, format: 'text' })] as const
export const aggregates = [
  count(), countDistinct((c: Click) => c.page), max((c: Click) => c.at), mean((c: Click) => c.at), sum((c: Click) => c.at),
  topN(3, (c: Click) => c.at), combine({ n: count(), latest: max((c: Click) => c.at) }),
] as const
export const when = [
  triggers.count(3), triggers.delta(3, (a: Click, b: Click) => a.at - b.at), triggers.continuousEventTime(9), triggers.never(),
] as const
export const time = [tumbling(9), withAlignment(monotonous(), { group: 'x', maxDriftMs: 3 }), exponentialDelayRestart()] as const
export const windows = (clicks: Stream<Click>) => clicks.keyBy((c) => c.page).window(tumbling(9))
export const counters = (clicks: Stream<Click>) => clicks.mapAsync((_click, { counter }) => counter('asked'))
export const visits = { last: valueState<number>() }
export const actor = defineActor(import.meta.url, 'actor', (_context, start: number) => (by: string) => start + by.length)
export const tried = (clicks: Stream<Click>) => operatorHarness(() => clicks)
export const simulator = new Simulator({ seed: 1, slots: 2 })
export function own(sink: Sink<Click>) {
  return async () => (await sink.open({ subtaskIndex: 0, parallelism: 1 })).prepare?.(true)
}
`

/** A project of a user's, with the package as one of its own; `resolution`: as in its compiler options. */
async function compile(folder: string, resolution: 'nodenext' | 'bundler'): Promise<string> {
  const compiled = fileURLToPath(new URL('../../', import.meta.url))
  const installed = join(folder, 'node_modules', 'millrace')
  await mkdir(installed, { recursive: true })
  await copyFile(join(findRoot(), 'package.json'), join(installed, 'package.json'))
  await symlink(compiled, join(installed, 'dist'), 'dir')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'library.ts'), LIBRARY)
  const project = {
    compilerOptions: {
      target: 'ES2022',
      module: resolution === 'bundler' ? 'esnext' : resolution,
      moduleResolution: resolution,
      types: ['node'],
      strict: true,
      declaration: true,
      outDir: 'out',
      rootDir: '.',
      // Otherwise the package's files lie in this repository, where any path names them.
      preserveSymlinks: true,
    },
    files: ['library.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const tsc = join(findRoot(), 'node_modules/typescript/bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], (error, stdout) => {
      resolve(error === null ? '' : `${stdout}${error.message}`)
    })
  })
}

for (const resolution of ['nodenext', 'bundler'] as const) {
  test(`${resolution}: a library that exports what it has made compiles, its declarations too`, async () => {
    await mkdir(join(findRoot(), '.build'), { recursive: true })
    const folder = await mkdtemp(join(findRoot(), '.build', 'declarations-'))
    try {
      assert.is(await compile(folder, resolution), '')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

test.run()
