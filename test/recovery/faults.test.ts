/** For real: threads that end, and a disk that is full, leave no trace in what the flights job writes. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fixedDelayRestart, runJob } from '../../api/index.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { differences, flightsAnswer } from '../examples/flights-answer.ts'
import { cutFlights, removeCut } from '../examples/flights-cut.ts'
import type { FlightsCut } from '../examples/flights-cut.ts'
import { leftovers } from '../runner/expect.ts'
import { unless } from '../runner/skip.ts'
import { onSmallDisk, smallDiskLacks } from './small-disk.ts'

export const deadlineMs = 300_000

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const FLIGHTS = fileURLToPath(new URL('../../examples/flights.js', import.meta.url))
const DYING = new URL('./fixtures/dying-flights.js', import.meta.url)
const DEATHS = 8

let cut: FlightsCut
let answer: DuckDBConnection

test.before(async () => {
  cut = await cutFlights('faults', '2001-01-16')
  answer = await flightsAnswer(cut.input)
})

test.after(async () => {
  answer.closeSync()
  await removeCut(cut)
})

test('threads that die at random are replaced, and each flight counts once', async () => {
  const { folder, input } = cut
  const nothingLeft = leftovers()
  const [marks, output] = [join(folder, 'marks'), join(folder, 'dying.jsonl')]
  mkdirSync(marks)
  const codes: unknown[] = []
  const handle = runJob(DYING, {
    parallelism: 2,
    slots: 2,
    args: { input, output, marks, deaths: DEATHS },
    checkpoints: { directory: join(folder, 'dying'), intervalMs: 10 },
    restart: fixedDelayRestart({ attempts: 2 * DEATHS, delayMs: 1 }),
    onRestart: ({ error }) => codes.push(error instanceof MillraceError ? error.code : error),
  })
  for await (const row of handle.collect('worst airport-hours')) void row
  const { restarts, checkpoints } = await handle.result()
  assert.is(readdirSync(marks).length, DEATHS)
  assert.equal([...new Set(codes)], ['SLOT_LOST'])
  // Two threads may die in one attempt.
  assert.ok(restarts >= DEATHS / 2 && restarts <= DEATHS, `${restarts} restarts`)
  assert.ok(checkpoints.completed > 1, `${checkpoints.completed} checkpoints`)
  assert.is(await differences(answer, output), 0)
  await nothingLeft()
})

unless(test, smallDiskLacks)(
  'a job whose disk is full fails as such, and goes on when there is room again',
  async () => {
    const { folder, input } = cut
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const copy = join(folder, 'from-the-disk.jsonl')
    const script = `
    run() {
      "$node" "$main" run "$flights" --parallelism 2 --rows 1 --restarts none --resume \
        --arg "input=$input" --arg "output=$disk/out.jsonl" \
        --checkpoints "$disk/checkpoints" --checkpoint-interval 5ms
    }
    run && echo "wrong: the disk ought to be too small" >&2
    [ -e "$disk/out.jsonl" ] && echo "wrong: there is output already" >&2
    ls "$disk/checkpoints" | grep -q '^checkpoint-' || echo "wrong: there are no checkpoints" >&2
    mount -o remount,size=64m "$disk"
    run && cp "$disk/out.jsonl" "$copy" && ls -A "$disk" >&2`
    const env = { node: process.execPath, main: MAIN, flights: FLIGHTS, input, copy }
    const { code, stderr } = await onSmallDisk(disk, 3_000, script, env)
    assert.is(code, 0, stderr)
    for (const said of [
      /^millrace: (OUTPUT_WRITE_FAILED|OPERATOR_FAILED|CHECKPOINT_FAILED|TOO_MANY_FAILED_CHECKPOINTS|STORE_FULL): .*(no space|ENOSPC)/m,
      /^ {4}checkpoint \d+ is kept in /m,
      /^millrace: going on from checkpoint \d+ in /m,
    ]) {
      assert.ok(said.test(stderr), `expected ${String(said)} in: ${stderr}`)
    }
    assert.not.match(stderr, /^wrong:/m)
    assert.ok(stderr.endsWith('checkpoints\nout.jsonl\n'), stderr)
    assert.is(await differences(answer, copy), 0)
  },
)

test.run()
