/**
 * The flights job gives the same answer whatever the interleaving.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeFlightsSlice } from './flights-slice.ts'
import type { FlightsSlice } from './flights-slice.ts'
import { runSeed } from './run-seed.ts'

const SEEDS = 200

const test = suite<{ folder: string; slice: FlightsSlice }>('simulated flights')

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'millrace-simulation-'))
  context.slice = await writeFlightsSlice(context.folder)
})

test.after(async ({ folder }) => {
  await rm(folder, { recursive: true })
})

test(`${SEEDS} interleavings give DuckDB's answer`, async ({ folder, slice }) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const { fault } = await runSeed(seed, slice, folder)
    assert.is(fault, undefined, `seed ${seed}: ${fault}`)
  }
})

test('the same seed takes the same steps, another seed takes others', async ({ folder, slice }) => {
  const traces: string[][] = []
  for (const seed of [4, 4, 10]) {
    const trace: string[] = []
    await runSeed(seed, slice, folder, (line) => trace.push(line))
    traces.push(trace)
  }
  assert.equal(traces[0], traces[1])
  assert.not.equal(traces[0], traces[2])
})

test.run()
