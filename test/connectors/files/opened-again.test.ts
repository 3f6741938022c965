/** An attempt that fails before its first record takes nothing away that a checkpoint counts on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { Sink, Source } from '../../../api/index.ts'
import { jsonLinesSink } from '../../../connectors/json-lines/index.ts'

const COUNT = 40
const HALF = 20

test('a sink that another one keeps from being opened goes on with its file at the next attempt', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-opened-'))
  const path = join(folder, 'rows.jsonl')
  let letGo = (): void => {}
  const going = new Promise<void>((resolve) => {
    letGo = resolve
  })
  /** Half of the numbers, and, when it may, the other half. */
  const source: Source<number, number, number> = {
    name: 'numbers',
    enumerate: ({ restored }) => {
      let next = restored === undefined ? 0 : 1
      return { next: () => (next === 0 ? next++ : undefined), snapshot: () => next }
    },
    open: (_split, _context, start = 0) => {
      let position = start
      return {
        get position() {
          return position
        },
        async read() {
          if (position === HALF) await going
          if (position === COUNT) return undefined
          const from = position
          position += HALF
          return Array.from({ length: HALF }, (_, i) => from + i)
        },
      }
    },
  }
  const left = { writes: 0, opens: { before: 0, behind: 0 } }
  const fickle = (where: 'before' | 'behind'): Sink<number> => ({
    name: where,
    open: () => {
      if (left.opens[where] > 0 && left.writes === 0) {
        left.opens[where]--
        throw new Error('cannot be opened')
      }
      return {
        write: () => {
          if (left.writes === 0) return
          left.writes--
          throw new Error('cannot be written')
        },
        flush: () => {},
        close: () => {},
      }
    },
  })
  const job = defineJob('opened again', (env) => {
    const numbers = env.from(source)
    // On either side, for one of them is opened when the file is.
    numbers.rebalance().to(fickle('before'), { name: 'before' })
    numbers.rebalance().to(jsonLinesSink({ path }), { name: 'file' })
    numbers.rebalance().to(fickle('behind'), { name: 'behind' })
  })
  try {
    const handle = runJob(job, {
      host: 'inline',
      parallelism: 1,
      checkpoints: {},
      restart: fixedDelayRestart({ attempts: 10, delayMs: 1 }),
    })
    while ((await handle.metrics()).totals.recordsRead < HALF)
      await new Promise((resolve) => setImmediate(resolve))
    await handle.checkpoint()
    left.writes = 1
    left.opens = { before: 1, behind: 1 }
    letGo()
    const { restarts } = await handle.result()
    assert.equal(left, { writes: 0, opens: { before: 0, behind: 0 } })
    assert.is(restarts, 3)
    const rows = readFileSync(path, 'utf8').trimEnd().split('\n').map(Number)
    assert.equal(
      rows,
      Array.from({ length: COUNT }, (_, i) => i),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
