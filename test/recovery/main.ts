#!/usr/bin/env node
/**
 * Kills the flights job as often as one likes: `npm run kills -- [--kills N] [--seed N] [--parallelism N,N,…]`.
 *
 * Each round runs the job to its end, killed on the way, and holds its output against DuckDB's answer; rounds go on until there were
 * enough kills. Ends with 1, and keeps the folder, when the output is wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { differences, flightsAnswer } from '../examples/flights-answer.ts'
import { killUntilDone } from './killed-flights.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    parallelism: { type: 'string', default: '1,3,2' },
  },
})
const wanted = wholeNumber('--kills', values.kills)
const cycle = values.parallelism.split(',').map((text) => wholeNumber('--parallelism', text))
const duckdb = await flightsAnswer()
let kills = 0
for (let seed = wholeNumber('--seed', values.seed); kills < wanted; seed++) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
  const parallelisms = Array.from({ length: 999 }, (_, run) => cycle[run % cycle.length] ?? 2)
  const runs = await killUntilDone({
    folder,
    seed,
    kills: wanted - kills,
    parallelisms,
    log: (line) => {
      console.log(`seed ${seed}: ${line}`)
    },
  })
  kills += runs.kills
  const wrong = await differences(duckdb, runs.output)
  const inside = `${runs.insideCheckpoints} inside a checkpoint`
  console.log(`seed ${seed}: ${runs.kills} kills, ${inside}; ${wrong} rows differ from DuckDB's`)
  if (wrong > 0) {
    console.log(`seed ${seed}: the output is kept in ${folder}`)
    process.exitCode = 1
    break
  }
  await rm(folder, { recursive: true })
}
duckdb.closeSync()

function wholeNumber(option: string, text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (value >= 1) return value
  throw new TypeError(`${option}: expected a whole number from 1, got '${text}'`)
}
