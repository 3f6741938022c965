/** When the files of a folder sink end: by time, and over several checkpoints. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csv } from '../../../connectors/csv/index.ts'
import { fileSink, type FileSinkRoll } from '../../../connectors/file-sink/index.ts'
import { jsonLines } from '../../../connectors/json-lines/index.ts'
import { parquet } from '../../../connectors/parquet/index.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { failureOf, withFolder } from '../drive.ts'
import { filesBelow, steps, TwoPhaseRig } from '../two-phase-rig.ts'

const times = (count: number): Float64Array => new Float64Array(count)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** The numbers in each visible file, by name. */
function files(folder: string): number[][] {
  return filesBelow(folder)
    .filter((file) => !basename(file).startsWith('.'))
    .map((file) => readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1).map(Number))
}

const numbersIn = (folder: string): number[] =>
  files(folder)
    .flat()
    .sort((a, b) => a - b)

/** One writer, its clock, and what a coordinator does with it. */
async function writing(directory: string, roll: FileSinkRoll) {
  const clock = new ManualClock(1_000)
  const sink = fileSink<number>({ directory, format: jsonLines(), roll })
  const facts = { subtaskIndex: 0, parallelism: 1, checkpoints: true, clock }
  const writer = await sink.open(facts)
  let next = 0
  return {
    clock,
    writer,
    sink,
    facts,
    write: (): void | Promise<void> => writer.write([next++], times(1)),
    checkpoint: async () => {
      const prepared = structuredClone(await writer.prepare!(false))
      await sink.commit!(prepared.committables ?? [])
      return prepared
    },
  }
}

test('with atCheckpoint: false a file goes on over checkpoints and appears at the first one behind its end', async () => {
  await withFolder(async (directory) => {
    const { write, checkpoint } = await writing(directory, { records: 3, atCheckpoint: false })
    for (let record = 0; record < 2; record++) {
      await write()
      await checkpoint()
    }
    assert.equal(files(directory), [])
    await write()
    await write()
    assert.equal(files(directory), [], 'not before the checkpoint')
    await checkpoint()
    assert.equal(files(directory), [[0, 1, 2]])
  })
})

test('a file ends when it is old enough, whether records come or only checkpoints', async () => {
  await withFolder(async (directory) => {
    const roll = { ageMs: 100, atCheckpoint: false }
    const { clock, write, checkpoint } = await writing(directory, roll)
    await write()
    clock.pass(99)
    await write()
    await checkpoint()
    assert.equal(files(directory), [])
    clock.pass(1)
    await write()
    await checkpoint()
    assert.equal(files(directory), [[0, 1]], 'the third record is in a new file')
    clock.pass(99)
    await checkpoint()
    assert.is(files(directory).length, 1)
    clock.pass(1)
    await checkpoint()
    assert.equal(files(directory), [[0, 1], [2]])
  })
})

test('a file ends when nothing has come for long enough', async () => {
  await withFolder(async (directory) => {
    const roll = { inactiveMs: 50, atCheckpoint: false }
    const { clock, write, checkpoint } = await writing(directory, roll)
    for (let record = 0; record < 4; record++) {
      clock.pass(49)
      await write()
      await checkpoint()
    }
    assert.equal(files(directory), [])
    clock.pass(50)
    await checkpoint()
    assert.equal(files(directory), [[0, 1, 2, 3]])
  })
})

test('time also cuts between two checkpoints', async () => {
  await withFolder(async (directory) => {
    const { clock, write, checkpoint } = await writing(directory, { ageMs: 10 })
    await write()
    clock.pass(10)
    await write()
    await checkpoint()
    assert.equal(files(directory), [[0], [1]])
  })
})

test('a file that was open at a checkpoint is cut there when the job goes on, also if it has become visible since', async () => {
  for (const seen of [false, true]) {
    await withFolder(async (directory) => {
      const roll = { records: 3, atCheckpoint: false }
      const { write, writer, sink, facts, checkpoint } = await writing(directory, roll)
      await write()
      await write()
      const older = await checkpoint()
      assert.is(older.state?.open?.length, 1)
      await write()
      if (seen) await checkpoint()
      assert.equal(files(directory), seen ? [[0, 1, 2]] : [])
      await writer.abort!(true)
      // twice: what one attempt takes over must still be there for the next one
      for (let attempt = 0; attempt < 2; attempt++) {
        const next = await sink.open({ ...facts, restored: [older.state!] })
        await sink.commit!(older.committables!)
        assert.equal(files(directory), [])
        if (attempt === 0) await next.abort!(false)
        else await sink.commit!((await next.prepare!(false)).committables!)
      }
      assert.equal(files(directory), [[0, 1]])
      assert.is(filesBelow(directory).length, 1)
    })
  }
})

test('however files end, nothing is visible before its commit, nothing twice, and in the end all of it is', async () => {
  const option = fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined })
  await withFolder((parent) =>
    fc.assert(
      fc.asyncProperty(
        steps(14, 3),
        fc.integer({ min: 1, max: 3 }),
        fc.record({ records: option, ageMs: option, inactiveMs: option }),
        async (all, parallelism, limits) => {
          const directory = join(parent, 'out')
          mkdirSync(directory)
          const defined = Object.entries(limits).filter(([, value]) => value !== undefined)
          const roll = { ...Object.fromEntries(defined), atCheckpoint: false }
          const rig: TwoPhaseRig<number, unknown, unknown> = new TwoPhaseRig({
            sink: fileSink({
              directory,
              format: jsonLines(),
              roll,
              bucket: (n: number) => `b${n % 2}`,
            }),
            folder: directory,
            record: (n) => n,
            afterStep() {
              const seen = numbersIn(directory)
              assert.is(new Set(seen).size, seen.length)
              assert.ok((seen.at(-1) ?? -1) < rig.checkpointed)
            },
          })
          try {
            await rig.run(parallelism, all)
            assert.equal(numbersIn(directory), upTo(rig.records))
          } finally {
            rmSync(directory, { recursive: true })
          }
        },
      ),
      { numRuns: 100 },
    ),
  )
})

test('a bucket may be chosen by event time', async () => {
  await withFolder(async (directory) => {
    const sink = fileSink<{ n: number }>({
      directory,
      format: csv(),
      bucket: (_, timestamp) => new Date(timestamp).toISOString().slice(0, 10),
    })
    const writer = await sink.open({ subtaskIndex: 0, parallelism: 1 })
    const day = 86_400_000
    await writer.write([{ n: 1 }, { n: 2 }, { n: 3 }], Float64Array.of(0, day, day + 1))
    await writer.close()
    assert.equal(
      filesBelow(directory).map((file) => file.slice(0, 10)),
      ['1970-01-01', '1970-01-02'],
    )
  })
})

test('wrong limits are refused, and Parquet that should go on over checkpoints', async () => {
  const format = jsonLines()
  const wrong = [
    { directory: 'x', format, roll: { ageMs: 0 } },
    { directory: 'x', format, roll: { inactiveMs: '5' } },
    { directory: 'x', format, roll: { atCheckpoint: 1 } },
    {
      directory: 'x',
      format: parquet({ columns: { n: 'number' } }),
      roll: { atCheckpoint: false },
    },
  ]
  for (const options of wrong) {
    assert.is((await failureOf(() => fileSink(options as never))).code, 'INVALID_ARGUMENT')
  }
})

test.run()
