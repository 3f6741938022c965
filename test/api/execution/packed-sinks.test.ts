/** Records of a sink may be packed by the subtasks that send them: the output, the figures and the errors are those of a job where they are not. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { CheckpointOptions, OperatorError, RunOptions, Sink } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { committingSink, sorted } from './fixtures/in-flight-shapes.ts'
import type { CommittingSink } from './fixtures/in-flight-shapes.ts'
import { numbers } from './fixtures/numbers.ts'

const TOTAL = 300

/** How a sink was given its records. */
interface Seen {
  packed: number
  asTheyAre: number
}

/** A sink that packs its records into a text, and its writers, which take both. */
function packing(to: CommittingSink<number>, seen: Seen): Sink<number> {
  return {
    name: 'packing',
    maxParallelism: 2,
    createPacker: () => ({
      pack: (values) => {
        if (values.includes(-1)) throw new Error('there is a -1')
        return values.join()
      },
    }),
    async open(context) {
      const writer = await to.open(context)
      return {
        ...writer,
        write(values, timestamps) {
          if (values.includes(-1)) throw new Error('there is a -1')
          seen.asTheyAre += values.length
          return writer.write(values, timestamps)
        },
        writePacked(packed, records) {
          seen.packed += records
          const values = String(packed).split(',').map(Number)
          assert.is(values.length, records)
          return writer.write(values, new Float64Array(records))
        },
      }
    },
    commit: (committables) => to.commit!(committables as never),
  }
}

interface Job {
  readonly sink: Sink<number>
  /** Called with each record. */
  readonly watch?: (n: number) => number
  readonly writers?: number
}

const job = ({ sink, watch = (n) => n, writers = 1 }: Job) =>
  defineJob('packed', (env) => {
    env
      .from(numbers(TOTAL, 4))
      .map(watch, { name: 'watch' })
      .to(sink, { name: 'out', uid: 'out', parallelism: writers })
  })

const numbersTo = Array.from({ length: TOTAL }, (_, n) => n)

for (const [mode, checkpoints] of [
  ['without checkpoints', undefined],
  ['aligned', {}],
  ['at least once', { mode: 'at-least-once' }],
  ['unaligned', { unaligned: true }],
] as readonly (readonly [string, CheckpointOptions | undefined])[]) {
  test(`${mode}: each record is written once, at every interleaving, and counted as one`, async () => {
    const all: Seen = { packed: 0, asTheyAre: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        fc.integer({ min: 2, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        async (seed, parallelism, writers) => {
          const to = committingSink<number>(seed % 3)
          const seen: Seen = { packed: 0, asTheyAre: 0 }
          const options: RunOptions = {
            host: new Simulator({ seed, slots: 2 }),
            parallelism,
            ...(checkpoints && { checkpoints: { intervalMs: 0.3, ...checkpoints } }),
          }
          const { subtasks, totals } = await runJob(
            job({ sink: packing(to, seen), writers }),
            options,
          ).result()
          assert.equal(sorted(to.values), sorted(numbersTo))
          assert.is(totals.recordsWritten, TOTAL)
          const sum = (name: 'recordsIn' | 'recordsOut', of: string): number =>
            subtasks
              .filter(({ taskName }) => taskName.includes(of))
              .reduce((total, subtask) => total + subtask[name], 0)
          if (writers !== parallelism) assert.is(sum('recordsIn', 'out'), TOTAL)
          assert.is(sum('recordsOut', 'watch'), TOTAL)
          all.packed += seen.packed
          all.asTheyAre += seen.asTheyAre
        },
      ),
      { numRuns: 15 },
    )
    // In one slot there is nothing to be gained; and records that a checkpoint may have to record stay records.
    assert.ok(all.asTheyAre > 0)
    assert.is(all.packed > 0, checkpoints?.unaligned !== true)
  })
}

test('after crashes too, each record is written once', async () => {
  const all: Seen = { packed: 0, asTheyAre: 0 }
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), fc.integer({ min: 50, max: 400 }), async (seed, failAt) => {
      const to = committingSink<number>()
      let count = 0
      const watch = (n: number): number => {
        if (++count === failAt) throw new Error('a crash')
        return n
      }
      const handle = runJob(job({ sink: packing(to, all), watch }), {
        host: new Simulator({ seed, slots: 2 }),
        parallelism: 3,
        restart: fixedDelayRestart({ attempts: 1, delayMs: 1 }),
        onRestart: () => {},
        checkpoints: { intervalMs: 0.3 },
      })
      await handle.result()
      assert.equal(sorted(to.values), sorted(numbersTo))
    }),
    { numRuns: 25 },
  )
  assert.ok(all.packed > 0)
})

test('a record that cannot be packed fails the sink, as one that cannot be written', async () => {
  const failures = new Set<string>()
  for (let seed = 0; seed < 12; seed++) {
    const seen: Seen = { packed: 0, asTheyAre: 0 }
    const watch = (n: number): number => (n === seed * 20 ? -1 : n)
    const error = await rejects(
      runJob(job({ sink: packing(committingSink<number>(), seen), watch }), {
        host: new Simulator({ seed, slots: 2 }),
        parallelism: 2,
      }).result(),
      { code: 'OPERATOR_FAILED' },
    )
    failures.add((error as OperatorError).message)
  }
  assert.equal([...failures], ["Operator 'out' (subtask 0) failed: there is a -1"])
})

test('what a packer makes must be plain data', async () => {
  const sink: Sink<number> = {
    ...packing(committingSink<number>(), { packed: 0, asTheyAre: 0 }),
    createPacker: () => ({ pack: () => ({ later: () => {} }) }),
  }
  const error = await rejects(
    runJob(job({ sink }), { host: new Simulator({ seed: 1, slots: 2 }), parallelism: 2 }).result(),
    { code: 'UNSENDABLE_VALUE' },
  )
  assert.match((error as OperatorError).message, /^Operator 'out' \(subtask 0\) failed: .*later/)
})

test.run()
