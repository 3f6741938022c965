import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csvSink } from '../../../connectors/csv/index.ts'
import { jsonLinesSink } from '../../../connectors/json-lines/index.ts'
import type { WriterContext } from '../../../operators/sink.ts'
import { failureOf, withFolder } from '../drive.ts'
import { filesBelow, steps, TwoPhaseRig, type Step } from '../two-phase-rig.ts'

const FIRST = { subtaskIndex: 0, parallelism: 1, checkpoints: true } as const
/** A line of them is longer than what is sent to the disk at once now and then. */
const record = (n: number): { n: number; text: string } => ({ n, text: 'x'.repeat((n % 7) * 900) })

/** The numbers in the visible files, checked to be in order within each file. */
function numbersIn(folder: string): number[] {
  const all = filesBelow(folder)
    .filter((file) => !file.endsWith('.tmp'))
    .flatMap((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1)
      const numbers = file.endsWith('.csv')
        ? lines.slice(1).map((line) => Number(line.split(',')[0]))
        : lines.map((line) => (JSON.parse(line) as { n: number }).n)
      if (file.endsWith('.csv')) assert.ok(lines.length === 0 || lines[0] === 'n,text', lines[0])
      for (let at = 1; at < numbers.length; at++) assert.ok(numbers[at]! > numbers[at - 1]!)
      return numbers
    })
  return all.sort((a, b) => a - b)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

test('whatever happens at parallelism 1, the file is that of an undisturbed job', async () => {
  await withFolder((parent) =>
    fc.assert(
      fc.asyncProperty(steps(12, 1), async (all) => {
        const folder = join(parent, 'out')
        mkdirSync(folder)
        const path = join(folder, 'out.jsonl')
        // a writer that goes on without a file is asked for no name of its own here
        const harmless = all.filter(({ kind }) => kind !== 'end')
        const rig = new TwoPhaseRig({ sink: jsonLinesSink({ path }), folder, record })
        try {
          await rig.run(1, harmless)
          const expected = upTo(rig.records).map((n) => JSON.stringify(record(n)) + '\n')
          assert.is(readFileSync(path, 'utf8'), expected.join(''))
          assert.equal(readdirSync(folder), ['out.jsonl'])
        } finally {
          rmSync(folder, { recursive: true })
        }
      }),
      { numRuns: 120 },
    ),
  )
})

for (const kind of ['jsonl', 'csv'] as const) {
  test(`whatever happens at whatever parallelism, the ${kind} files together hold every record once`, async () => {
    await withFolder((parent) =>
      fc.assert(
        fc.asyncProperty(steps(14, 3), fc.integer({ min: 1, max: 3 }), async (all, parallelism) => {
          const folder = join(parent, 'out')
          mkdirSync(folder)
          const path = join(folder, `out.${kind}`)
          const sink = kind === 'csv' ? csvSink({ path }) : jsonLinesSink({ path })
          try {
            const rig = new TwoPhaseRig({
              sink,
              folder,
              record,
            })
            await rig.run(parallelism, all)
            assert.equal(numbersIn(folder), upTo(rig.records))
          } finally {
            rmSync(folder, { recursive: true })
          }
        }),
        { numRuns: 80 },
      ),
    )
  })
}

test('a name that a file of an earlier attempt has is not given again', async () => {
  const writeAll = [0, 1, 2].map((writer): Step => ({ kind: 'write', records: 5, writer }))
  const complete: Step = { kind: 'checkpoint', outcome: 'complete' }
  const crashTo = (parallelism: number): Step => ({ kind: 'crash', killed: true, parallelism })
  const end: Step = { kind: 'end', writer: 1 }
  for (const all of [
    // the file of the third subtask belongs to another one in between
    [...writeAll, complete, crashTo(2), ...writeAll, complete, crashTo(3), ...writeAll],
    // the file of the second subtask is visible already when the subtask is started once more
    [...writeAll, end, complete, crashTo(3), ...writeAll],
  ]) {
    await withFolder(async (folder) => {
      const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
      const rig = new TwoPhaseRig({ sink, folder, record })
      await rig.run(3, all)
      assert.equal(numbersIn(folder), upTo(rig.records))
    })
  }
})

test('nothing is visible before the end, and an older output stays until then', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'out.jsonl')
    writeFileSync(path, 'old\n')
    const write: Step = { kind: 'write', records: 10, writer: 0 }
    const complete: Step = { kind: 'checkpoint', outcome: 'complete' }
    const crash: Step = { kind: 'crash', killed: true, parallelism: 1 }
    const afterStep = (): void => assert.is(readFileSync(path, 'utf8'), 'old\n')
    const rig = new TwoPhaseRig({ sink: jsonLinesSink({ path }), folder, record, afterStep })
    await rig.run(1, [write, complete, write, crash, write, complete])
    assert.equal(numbersIn(folder), upTo(20))
  })
})

test('a job that goes on from a checkpoint before its last one gets back the file that has its name already', async () => {
  await withFolder(async (folder) => {
    const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
    const first = await sink.open(FIRST)
    await first.write([0, 1], new Float64Array(2))
    const { state } = await first.prepare!(false)
    await first.write([2], new Float64Array(1))
    await sink.commit!((await first.prepare!(true)).committables!)
    await first.close()
    assert.is(readFileSync(join(folder, 'out.jsonl'), 'utf8'), '0\n1\n2\n')
    const second = await sink.open({ ...FIRST, restored: [state!] })
    await second.write([3], new Float64Array(1))
    await sink.commit!((await second.prepare!(true)).committables!)
    await second.close()
    assert.is(readFileSync(join(folder, 'out.jsonl'), 'utf8'), '0\n1\n3\n')
    assert.equal(readdirSync(folder), ['out.jsonl'])
  })
})

test('a file that was written by somebody else in between is not taken for the own one', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'out.jsonl')
    const sink = jsonLinesSink({ path })
    const first = await sink.open(FIRST)
    await first.write([1], new Float64Array(1))
    const { state } = await first.prepare!(false)
    await first.abort!()
    writeFileSync(path, 'something else\n')
    const failure = await failureOf(() => sink.open({ ...FIRST, restored: [state!] }))
    assert.is(failure.code, 'OUTPUT_LOST')
    assert.match(failure.message, path)
    assert.is(readFileSync(path, 'utf8'), 'something else\n')
  })
})

test('a temporary file that is shorter than the checkpoint says is an error', async () => {
  await withFolder(async (folder) => {
    const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
    const writer = await sink.open(FIRST)
    await writer.write(['text'], new Float64Array(1))
    const { state } = await writer.prepare!(false)
    await writer.abort!(true)
    writeFileSync(state!.open!.temporary, '"t')
    const failure = await failureOf(() => sink.open({ ...FIRST, restored: [state!] }))
    assert.is(failure.code, 'OUTPUT_LOST')
    assert.match(failure.message, 'has 2 bytes, but 7 had been written')
  })
})

test('a commit says when a file has vanished under both names', async () => {
  await withFolder(async (folder) => {
    const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
    const writer = await sink.open(FIRST)
    const { committables = [] } = await writer.prepare!(true)
    rmSync(committables[0]!.temporary)
    const failure = await failureOf(() => sink.commit!(committables))
    assert.is(failure.code, 'OUTPUT_LOST')
    assert.match(failure.message, join(folder, 'out.jsonl'))
    await writer.close()
  })
})

test('abort leaves what was prepared only when it is told to', async () => {
  await withFolder(async (folder) => {
    const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
    for (const [prepares, last, keep, left] of [
      [false, false, true, 0],
      [true, false, true, 1],
      [true, false, false, 0],
      [true, true, true, 1],
      [true, true, false, 0],
    ] as const) {
      const writer = await sink.open(FIRST)
      await writer.write([1], new Float64Array(1))
      if (prepares) await writer.prepare!(last)
      await writer.abort!(keep)
      assert.is(readdirSync(folder).length, left)
    }
  })
})

test('a host that never asks to prepare gets its file from close', async () => {
  await withFolder(async (folder) => {
    const writer = await csvSink({ path: join(folder, 'out.csv'), columns: ['a'] }).open(FIRST)
    await writer.flush()
    await writer.close()
    assert.is(readFileSync(join(folder, 'out.csv'), 'utf8'), 'a\n')
    assert.equal(readdirSync(folder), ['out.csv'])
  })
})

test('a first start removes what killed attempts have left for the same output, and nothing else', async () => {
  await withFolder(async (folder) => {
    // no process has a number as large as this
    const dead = 2 ** 30
    const leftovers = [
      `out.jsonl.${dead}-0.tmp`,
      `out-00001.jsonl.${dead}-0.tmp`,
      `out-00004-0123456789ab.jsonl.${dead}-3.tmp`,
    ]
    const others = [
      `out.jsonl.${process.ppid}-0.tmp`,
      `out.jsonl.tmp`,
      `other.jsonl.${dead}-0.tmp`,
      `out-1.jsonl.${dead}-0.tmp`,
      `out-00001.csv.${dead}-0.tmp`,
    ]
    for (const name of [...leftovers, ...others]) writeFileSync(join(folder, name), 'x')
    const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
    const goingOn = await sink.open({ ...FIRST, restored: [] })
    assert.is(readdirSync(folder).length, leftovers.length + others.length)
    await goingOn.abort!()
    const writer = await sink.open(FIRST)
    await writer.prepare!(false)
    await writer.abort!()
    assert.equal(readdirSync(folder).sort(), others.sort())
  })
})

test('the first start of a subtask leaves alone what the others write', async () => {
  await withFolder(async (folder) => {
    const sink = jsonLinesSink({ path: join(folder, 'out.jsonl') })
    const open = (subtaskIndex: number) =>
      sink.open({ subtaskIndex, parallelism: 3, checkpoints: true })
    const writers = [await open(2), await open(0), await open(1)]
    assert.is(readdirSync(folder).length, 3)
    for (const writer of writers) await writer.abort!()
  })
})

test('paths in checkpoints are absolute, so that the working directory may change', async () => {
  await withFolder(async (folder) => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      const sink = jsonLinesSink({ path: 'out.jsonl' })
      const writer = await sink.open(FIRST)
      const { committables = [] } = await writer.prepare!(true)
      process.chdir(before)
      await sink.commit!(committables)
      await writer.close()
      assert.ok(existsSync(join(folder, 'out.jsonl')))
    } finally {
      process.chdir(before)
    }
  })
})

test('a CSV file goes on with the columns that its first record had', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'out.csv')
    const sink = csvSink({ path })
    const first = await sink.open(FIRST)
    await first.write([{ b: 1, a: 2 }], new Float64Array(1))
    const { state } = structuredClone(await first.prepare!(false))
    await first.abort!(true)
    const second = await sink.open({ ...FIRST, restored: [state!] })
    await second.write([{ a: 4, b: 3 }], new Float64Array(1))
    await second.close()
    assert.is(readFileSync(path, 'utf8'), 'b,a\n1,2\n3,4\n')
  })
})

test('a device is written to directly, before and after it went on', async () => {
  const sink = jsonLinesSink({ path: '/dev/null' })
  const context: WriterContext<never> = FIRST
  const first = await sink.open(context)
  await first.write([1], new Float64Array(1))
  const prepared = await first.prepare!(false)
  await first.abort!(true)
  const second = await sink.open({ ...FIRST, restored: [prepared.state!] })
  await second.write([2], new Float64Array(1))
  assert.equal((await second.prepare!(true)).committables, [])
  await second.close()
  assert.ok(existsSync('/dev/null'))
})

test.run()
