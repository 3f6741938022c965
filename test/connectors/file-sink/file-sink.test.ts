import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csv } from '../../../connectors/csv/index.ts'
import { fileSink, type FileSinkOptions } from '../../../connectors/file-sink/index.ts'
import { jsonLines } from '../../../connectors/json-lines/index.ts'
import { failureOf, withFolder } from '../drive.ts'
import { filesBelow, steps, TwoPhaseRig, type Step } from '../two-phase-rig.ts'

const FIRST = { subtaskIndex: 0, parallelism: 1, checkpoints: true } as const
const times = (count: number): Float64Array => new Float64Array(count)
const isVisible = (file: string): boolean => !basename(file).startsWith('.')
const visibleIn = (folder: string): string[] => filesBelow(folder).filter(isVisible)

/** The lines of the visible files, in the order of their names. */
function linesIn(folder: string): string[] {
  return visibleIn(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1),
  )
}

const numbersIn = (folder: string): number[] =>
  linesIn(folder)
    .map(Number)
    .sort((a, b) => a - b)

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

test('whatever happens, what is visible are the records up to the last committed checkpoint, in the end all, once each', async () => {
  await withFolder((parent) =>
    fc.assert(
      fc.asyncProperty(
        steps(14, 3),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 30 }),
        async (all, parallelism, buckets, records) => {
          const directory = join(parent, 'out')
          mkdirSync(directory)
          const options: FileSinkOptions<number> = {
            directory,
            format: jsonLines(),
            roll: { records },
          }
          const sink = fileSink(buckets ? { ...options, bucket: (n) => `b${n % 3}/x` } : options)
          const rig: TwoPhaseRig<number, unknown, unknown> = new TwoPhaseRig({
            sink,
            folder: directory,
            record: (n) => n,
            // the rig completes a checkpoint and commits it in one step, or restores from it and commits
            afterStep: () => assert.equal(numbersIn(directory), upTo(rig.checkpointed)),
          })
          try {
            await rig.run(parallelism, all)
            assert.equal(numbersIn(directory), upTo(rig.records))
            for (const file of visibleIn(directory)) {
              const lines = readFileSync(join(directory, file), 'utf8').split('\n').length - 1
              assert.ok(lines > 0 && lines <= records)
              if (buckets) assert.match(dirname(file), /^b[012]\/x$/)
            }
          } finally {
            rmSync(directory, { recursive: true })
          }
        },
      ),
      { numRuns: 100 },
    ),
  )
})

test('what a given-up checkpoint had prepared is committed with the next one', async () => {
  await withFolder(async (directory) => {
    const sink = fileSink<number>({ directory, format: jsonLines() })
    const writer = await sink.open(FIRST)
    await writer.write([1], times(1))
    await writer.prepare!(false)
    await writer.write([2], times(1))
    const { committables = [] } = await writer.prepare!(false)
    assert.is(committables.length, 2)
    await sink.commit!(committables)
    assert.equal(numbersIn(directory), [1, 2])
    assert.equal((await writer.prepare!(true)).committables, [], 'and then no more')
    await writer.close()
  })
})

test('files end by records and by bytes, and each CSV file has its header', async () => {
  await withFolder(async (directory) => {
    const sink = fileSink<{ n: number }>({ directory, format: csv(), roll: { records: 3 } })
    const writer = await sink.open(FIRST)
    await writer.write(
      upTo(7).map((n) => ({ n })),
      times(7),
    )
    await writer.close()
    const texts = visibleIn(directory).map((file) => readFileSync(join(directory, file), 'utf8'))
    assert.equal(texts, ['n\n0\n1\n2\n', 'n\n3\n4\n5\n', 'n\n6\n'])
    assert.match(visibleIn(directory)[0]!, /^part-00001-[0-9a-f]{8}-000000\.csv$/)
  })
  await withFolder(async (directory) => {
    const sink = fileSink<string>({ directory, format: jsonLines(), roll: { bytes: 10 } })
    const writer = await sink.open(FIRST)
    // two bytes per letter
    for (const text of ['ä', 'ääää', 'ö']) await writer.write([text], times(1))
    await writer.close()
    assert.equal(linesIn(directory), ['"ä"', '"ääää"', '"ö"'])
    assert.is(visibleIn(directory).length, 2)
  })
})

test('more buckets than files may be open are written', async () => {
  await withFolder(async (directory) => {
    const bucket = (n: number): string => `b${n % 150}`
    const sink = fileSink<number>({ directory, format: jsonLines(), bucket })
    const writer = await sink.open(FIRST)
    await writer.write(upTo(300), times(300))
    await writer.write(upTo(300), times(300))
    await sink.commit!((await writer.prepare!(true)).committables!)
    await writer.close()
    assert.equal(
      numbersIn(directory),
      upTo(600).map((n) => n >> 1),
    )
    assert.is(readdirSync(directory).length, 150)
  })
})

test('a job that goes on from an older checkpoint withdraws what later ones had made visible', async () => {
  await withFolder(async (directory) => {
    const write: Step = { kind: 'write', records: 5, writer: 0 }
    const complete: Step = { kind: 'checkpoint', outcome: 'complete' }
    const sink = fileSink<number>({ directory, format: jsonLines() })
    const writer = await sink.open(FIRST)
    await writer.write([0], times(1))
    const older = await writer.prepare!(false)
    await sink.commit!(older.committables!)
    await writer.write([1], times(1))
    await sink.commit!((await writer.prepare!(false)).committables!)
    assert.equal(numbersIn(directory), [0, 1])
    await writer.abort!(true)
    const next = await sink.open({ ...FIRST, restored: [older.state!] })
    await sink.commit!(older.committables!)
    assert.equal(numbersIn(directory), [0])
    await next.abort!()
    // another run writes into the same folder, and leaves these alone
    await new TwoPhaseRig({ sink, folder: directory, record: (n) => n + 10 }).run(1, [
      write,
      complete,
    ])
    assert.equal(numbersIn(directory), [0, 10, 11, 12, 13, 14])
  })
})

test('what a killed attempt had begun is removed when the job goes on', async () => {
  await withFolder(async (directory) => {
    const write: Step = { kind: 'write', records: 6, writer: 0 }
    const complete: Step = { kind: 'checkpoint', outcome: 'complete' }
    const crash: Step = { kind: 'crash', killed: true, parallelism: 1 }
    const sink = fileSink<number>({ directory, format: jsonLines(), roll: { records: 4 } })
    const rig = new TwoPhaseRig({ sink, folder: directory, record: (n) => n })
    await rig.run(1, [write, complete, write, crash, write, crash])
    assert.equal(filesBelow(directory), visibleIn(directory))
    assert.equal(numbersIn(directory), upTo(6))
  })
})

test('abort leaves what was prepared only when it is told to, and never what was not', async () => {
  for (const keep of [true, false]) {
    await withFolder(async (directory) => {
      const sink = fileSink<number>({ directory, format: jsonLines(), roll: { records: 1 } })
      const writer = await sink.open(FIRST)
      await writer.write([1], times(1))
      await writer.prepare!(false)
      await writer.write([2, 3], times(2))
      await writer.abort!(keep)
      assert.is(filesBelow(directory).length, keep ? 1 : 0)
      assert.equal(visibleIn(directory), [])
    })
  }
})

test('a first start removes hidden files that killed runs have left, and nothing else', async () => {
  await withFolder(async (directory) => {
    const dead = 2 ** 30
    const leftovers = [
      `.part-00001-0123abcd-000000.jsonl.${dead}.pending`,
      `eu/.part-00007-0123abcd-000012.jsonl.${dead}.pending`,
      // a process had the same number as this one
      `.part-00001-0123abcd-000001.jsonl.${process.pid}.pending`,
    ]
    const others = [
      'part-00001-0123abcd-000000.jsonl',
      `.part-00001-0123abcd-000000.csv.${dead}.pending`,
      `.other-00001-0123abcd-000000.jsonl.${dead}.pending`,
      `.part-00002-0123abcd-000000.jsonl.${dead}.pending`,
      `.part-00001-0123abcd-000000.jsonl.${process.ppid}.pending`,
      `.part-00001-0123abcd-000002.jsonl.${process.pid}.pending`,
    ]
    mkdirSync(join(directory, 'eu'))
    for (const file of [...leftovers, ...others]) writeFileSync(join(directory, file), '1\n')
    utimesSync(join(directory, leftovers[2]!), 0, 0)
    const sink = fileSink({ directory, format: jsonLines() })
    const writer = await sink.open({ ...FIRST, parallelism: 2 })
    assert.equal(filesBelow(directory), [...others].sort())
    await writer.abort!()
  })
})

test('a directory that cannot be made is refused at open, and a bucket that leads elsewhere when it comes', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '')
    const inFile = fileSink({ directory: join(folder, 'file', 'x'), format: jsonLines() })
    assert.is((await failureOf(() => inFile.open(FIRST))).code, 'OUTPUT_NOT_WRITABLE')
    const directory = join(folder, 'made', 'on the way')
    const names = ['', '..', 'a/../..', '/a', 'a//b', 'a\\b', 'a\0', 7 as never, undefined as never]
    for (const name of names) {
      const sink = fileSink({ directory, format: jsonLines(), bucket: () => name })
      const writer = await sink.open(FIRST)
      const failure = await failureOf(() => writer.write([1], times(1)))
      assert.is(failure.code, 'INVALID_BUCKET', String(name))
      await writer.abort!()
    }
    assert.equal(readdirSync(folder).sort(), ['file', 'made'])
    assert.ok(existsSync(directory))
  })
})

test('wrong arguments are refused at once', async () => {
  const format = jsonLines()
  for (const options of [
    { format },
    { directory: '', format },
    { directory: 'x' },
    { directory: 'x', format: {} },
    { directory: 'x', format, prefix: 'a/b' },
    { directory: 'x', format, prefix: '' },
    { directory: 'x', format, bucket: 'b' },
    { directory: 'x', format, roll: { bytes: 0 } },
    { directory: 'x', format, roll: { records: 1.5 } },
  ]) {
    assert.is((await failureOf(() => fileSink(options as never))).code, 'INVALID_ARGUMENT')
  }
  assert.is((await failureOf(() => csv({ columns: [] }))).code, 'INVALID_ARGUMENT')
})

test.run()
