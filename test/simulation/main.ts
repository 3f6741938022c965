#!/usr/bin/env node
/**
 * Runs the flights job through many simulated interleavings and compares every run with DuckDB's answer.
 *
 *   npm run simulate -- [--seeds N] [--from SEED]      many seeds, 10,000 by default
 *   npm run simulate -- --seed N [--trace]             one seed again, step by step
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeFlightsSlice } from './flights-slice.ts'
import { runSeed } from './run-seed.ts'

const PROGRESS_EVERY = 1_000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})

const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || first < 0 || count < 1) {
  console.error('simulate: expected whole numbers, --seeds of at least 1')
  process.exit(2)
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-simulate-'))
try {
  process.exitCode = (await runAll()) ? 0 : 1
} finally {
  await rm(folder, { recursive: true })
}

async function runAll(): Promise<boolean> {
  const slice = await writeFlightsSlice(folder)
  const startMs = performance.now()
  let steps = 0
  for (let seed = first; seed < first + count; seed++) {
    const trace = values.trace ? console.log : undefined
    const result = await runSeed(seed, slice, folder, trace)
    steps += result.steps
    if (result.fault !== undefined) {
      console.error(`seed ${seed}: ${result.fault}`)
      console.error(`replay it with: npm run simulate -- --seed ${seed} --trace`)
      return false
    }
    const done = seed - first + 1
    if (done % PROGRESS_EVERY === 0) console.log(`${done} seeds, ${steps} steps, no fault`)
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  console.log(`${count} seeds, ${steps} steps, no fault, ${seconds} s`)
  return true
}
