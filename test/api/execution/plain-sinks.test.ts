/** Sinks without phases: at least once. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { memorySink, numbers } from './fixtures/numbers.ts'

test('a sink without prepare and commit sees every record, and after a restart those behind the last checkpoint again', async () => {
  let again = 0
  for (let seed = 0; seed < 20; seed++) {
    const sink = memorySink<number>()
    let seen = 0
    const job = defineJob('plain', (env) => {
      env
        .from(numbers(1_000, 100), { uid: 'numbers' })
        .map((n) => {
          if (++seen === 400 || seen === 900) throw new Error(`the ${seen}th record`)
          return n
        })
        .rebalance()
        .to(sink, { uid: 'sink' })
    })
    const handle = runJob(job, {
      host: new Simulator({ seed, slots: 2 }),
      parallelism: 2,
      restart: fixedDelayRestart({ attempts: 2, delayMs: 1 }),
      onRestart: () => {},
      checkpoints: { intervalMs: 0.05 },
    })
    assert.is((await handle.result()).restarts, 2)
    assert.is(new Set(sink.written).size, 1_000, `seed ${seed}: nothing is missing`)
    again += sink.written.length - 1_000
  }
  assert.ok(again > 0, 'no record came twice: the sink was never behind a checkpoint')
})

test.run()
