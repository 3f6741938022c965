import { Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'

import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { arraySource, iterableSource, streamSink } from '../../../connectors/collection/index.ts'
import { discardSink } from '../../../connectors/discard/index.ts'
import {
  drain,
  failureOf,
  readerContext,
  readResuming,
  readSource,
  splitsOf,
  writeSink,
} from '../drive.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

async function* asyncUpTo(count: number): AsyncGenerator<number> {
  for (let index = 0; index < count; index++) yield index
}

test('the values of an array are read once each, by any number of readers and from any position', async () => {
  for (const parallelism of [1, 2, 3, 7]) {
    assert.equal(await readSource(arraySource(upTo(5)), { parallelism, batchSize: 2 }), upTo(5))
  }
  assert.equal(await readSource(arraySource([]), { parallelism: 2 }), [])
  const source = arraySource(upTo(20))
  const [, second] = await splitsOf(source, 2)
  for (const records of await readResuming(source, second!, 3))
    assert.equal(records, upTo(20).slice(10))
})

const readables: [string, () => Iterable<number> | AsyncIterable<number>][] = [
  ['an array', () => upTo(2500)],
  ['a set', () => new Set(upTo(2500))],
  ['an async generator', () => asyncUpTo(2500)],
  ['a Node stream', () => Readable.from(asyncUpTo(2500))],
  [
    'a Web stream',
    () =>
      new ReadableStream<number>({
        start(controller) {
          for (const value of upTo(2500)) controller.enqueue(value)
          controller.close()
        },
      }),
  ],
]

for (const [name, open] of readables) {
  test(`${name} is read to its end, in full batches`, async () => {
    const source = iterableSource(open)
    assert.is(source.maxParallelism, 1)
    assert.equal(await readSource(source, { batchSize: 100 }), upTo(2500))
    const reader = await source.open(null, readerContext({ batchSize: 100 }))
    let batches = 0
    for (let batch = await reader.read(); batch !== undefined; batch = await reader.read())
      batches++
    assert.is(reader.position, 2500)
    assert.ok(batches <= 250, `${batches} batches`)
  })
}

test('a record that comes alone is handed out alone, and not held back for a full batch', async () => {
  let push: (value: number) => void = () => undefined
  const stream = new ReadableStream<number>({
    start(controller) {
      push = (value) => controller.enqueue(value)
    },
  })
  const reader = await iterableSource(() => stream).open(null, readerContext())
  const first = reader.read()
  push(1)
  assert.equal(await first, [1])
  const second = reader.read()
  push(2)
  push(3)
  assert.equal(await second, [2, 3])
  await reader.close?.()
})

test('a slow consumer does not make the source run ahead without bound', async () => {
  let made = 0
  async function* counted(): AsyncGenerator<number> {
    for (;;) yield made++
  }
  const reader = await iterableSource(counted).open(null, readerContext({ batchSize: 10 }))
  await reader.read()
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(made <= 21, `${made} made`)
  await reader.close?.()
})

test('what an iterable throws comes after the records before it', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1
    yield 2
    throw Object.assign(new Error('broken'), { code: 'BROKEN' })
  }
  const reader = await iterableSource(failing).open(null, readerContext())
  assert.equal(await reader.read(), [1, 2])
  assert.is((await failureOf(() => reader.read())).code, 'BROKEN')
})

test('when the job is cancelled a waiting reader ends and the iterator is told', async () => {
  let cancelled = false
  const stream = new ReadableStream<number>({
    cancel() {
      cancelled = true
    },
  })
  const controller = new AbortController()
  const reader = await iterableSource(() => stream).open(null, readerContext({}, controller.signal))
  const waiting = reader.read()
  controller.abort()
  assert.is(await waiting, undefined)
  assert.is(await reader.read(), undefined)
  assert.ok(cancelled)
  const readable = new Readable({ objectMode: true, read: () => undefined })
  const other = await iterableSource<number>(() => readable).open(null, readerContext())
  const nothing = other.read()
  await other.close?.()
  assert.is(await nothing, undefined)
  assert.ok(readable.destroyed)
  let returned = false
  function* endless(): Generator<number> {
    try {
      for (;;) yield 1
    } finally {
      returned = true
    }
  }
  const sync = await iterableSource(endless).open(null, readerContext())
  await sync.read()
  await sync.close?.()
  assert.ok(returned)
})

test('an iterable cannot be read again, and says so', async () => {
  const source = iterableSource(() => [1, 2])
  assert.is((await failureOf(() => source.open(null, readerContext(), 1))).code, 'NOT_REPLAYABLE')
  assert.equal(await drain(await source.open(null, readerContext(), 0)), [1, 2])
})

test('a Node stream gets all records, makes the sink wait when it is full, and is ended', async () => {
  const got: unknown[] = []
  let release: (() => void) | undefined
  let ended = false
  const writable = new Writable({
    objectMode: true,
    highWaterMark: 2,
    write(value, _encoding, done) {
      got.push(value)
      release = done
    },
    final(done) {
      ended = true
      done()
    },
  })
  const writer = await streamSink<number>(() => writable).open({ subtaskIndex: 0, parallelism: 1 })
  assert.is(writer.write([1], new Float64Array(1)), undefined)
  const full = writer.write([2, 3], new Float64Array(2))
  assert.instance(full, Promise)
  for (let index = 0; index < 3; index++) {
    release?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await full
  await writer.close()
  assert.equal(got, [1, 2, 3])
  assert.ok(ended)
})

test('a Web stream gets all records encoded, and is closed', async () => {
  const got: unknown[] = []
  let closed = false
  const stream = new WritableStream({
    write: (value) => void got.push(value),
    close: () => {
      closed = true
    },
  })
  await writeSink(
    streamSink<number>(() => stream, { encode: (value) => `${value}\n` }),
    [[[1, 2], [3]]],
  )
  assert.equal(got, ['1\n', '2\n', '3\n'])
  assert.ok(closed)
})

test('a stream that fails or goes away surfaces as an error with a code', async () => {
  const broken = new Writable({
    objectMode: true,
    write: (_value, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
  })
  const node = await streamSink(() => broken).open({ subtaskIndex: 0, parallelism: 1 })
  const first = await failureOf(async () => {
    await node.write([1], new Float64Array(1))
    await node.flush()
    await node.close()
  })
  assert.is(first.code, 'OUTPUT_CLOSED')
  const web = new WritableStream({
    write: () => {
      throw new Error('no room')
    },
  })
  const writer = await streamSink(() => web).open({ subtaskIndex: 0, parallelism: 1 })
  const second = await failureOf(async () => {
    await writer.write([1], new Float64Array(1))
    await writer.flush()
  })
  assert.is(second.code, 'OUTPUT_WRITE_FAILED')
  await writer.abort?.()
})

test('an aborted writer destroys its stream', async () => {
  const writable = new Writable({ objectMode: true, write: () => undefined })
  const writer = await streamSink(() => writable).open({ subtaskIndex: 0, parallelism: 1 })
  await writer.write([1], new Float64Array(1))
  await writer.abort?.()
  assert.ok(writable.destroyed)
})

test('wrong arguments are refused', async () => {
  const context = { subtaskIndex: 0, parallelism: 1 }
  for (const make of [
    () => arraySource(new Set() as never),
    () => iterableSource([1] as never),
    () => iterableSource(() => 7 as never).open(null, readerContext()),
    () => streamSink({} as never),
    () => streamSink(() => ({}) as never).open(context),
  ]) {
    assert.is((await failureOf(make)).code, 'INVALID_ARGUMENT')
  }
})

test('the discard sink takes everything', async () => {
  await writeSink<unknown>(discardSink(), [[[1], ['x', null]], []])
  assert.is(discardSink().name, 'discard')
})

test.run()
