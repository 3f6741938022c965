/** Wrong interval joins are refused where they are built, with texts that say what to do. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag } from '../../api/index.ts'
import type { IntervalJoinOptions, KeyedStream, Stream } from '../../api/index.ts'
import { throwsCode } from '../runner/expect.ts'
import { fakeSink, fakeSource, graphOf } from './fakes.ts'

/** A stream of a job, without a key. Each call makes a job of its own. */
async function unkeyed(): Promise<Stream<number>> {
  const streams: Stream<number>[] = []
  await graphOf((env) => {
    const stream = env.from(fakeSource<number>())
    stream.to(fakeSink())
    streams.push(stream)
  })
  return streams[0] as Stream<number>
}

const plain = await unkeyed()
const keyed = plain.keyBy((value) => value)
const foreign = (await unkeyed()).keyBy((value) => value)

function refused(code: string, text: string, act: () => unknown): void {
  const { message } = throwsCode(act, code) as Error
  assert.ok(message.startsWith(`${text} (at `), message)
}

const loose = (options: unknown) => () => {
  keyed.intervalJoin(keyed, options as IntervalJoinOptions<number, number>)
}

test('bounds', () => {
  const wrong = (text: string, options: unknown): void => {
    refused('INVALID_JOIN', `intervalJoin: ${text}`, loose(options))
  }
  wrong('the second argument must be an object with lowerMs and upperMs, got undefined', undefined)
  wrong('the second argument must be an object with lowerMs and upperMs, got number 5', 5)
  wrong('lowerMs must be a finite number of ms, got undefined', { upperMs: 1 })
  wrong('upperMs must be a finite number of ms, got number Infinity', {
    lowerMs: 0,
    upperMs: Infinity,
  })
  wrong('lowerMs must be a finite number of ms, got number NaN', { lowerMs: NaN, upperMs: 0 })
  wrong('lowerMs must be a finite number of ms, got "1"', { lowerMs: '1', upperMs: 2 })
  wrong('the interval must not be empty, got lowerMs 1 and upperMs 0', { lowerMs: 1, upperMs: 0 })
  wrong(
    'the interval must not be empty, got lowerMs 0 and upperMs 1; without its excluded ends it is from 1 to 0',
    { lowerMs: 0, upperMs: 1, lowerInclusive: false, upperInclusive: false },
  )
  wrong('upperInclusive must be a boolean, got number 1', {
    lowerMs: 0,
    upperMs: 1,
    upperInclusive: 1,
  })
  wrong('lateLeft must be a tag made with outputTag(name), got "late"', {
    lowerMs: 0,
    upperMs: 1,
    lateLeft: 'late',
  })
  wrong('lateRight must be a tag made with outputTag(name), got null', {
    lowerMs: 0,
    upperMs: 1,
    lateRight: null,
  })
  wrong(
    "unknown option 'upper'; did you mean 'upperMs'? (known are lowerMs, upperMs, lowerInclusive, upperInclusive, lateLeft, lateRight) " +
      '(name, uid and the like go to inner, left, right, full or process)',
    { lowerMs: 0, upper: 1 },
  )
})

test('bounds that are one point are fine, with excluded ends too', () => {
  loose({ lowerMs: 0, upperMs: 0 })()
  loose({ lowerMs: -1, upperMs: 1, lowerInclusive: false, upperInclusive: false })()
  loose({ lowerMs: 0, upperMs: 1, lateLeft: outputTag<number>('late') })()
})

test('streams', () => {
  const bounds = { lowerMs: 0, upperMs: 1 }
  const join = (right: unknown) => () =>
    keyed.intervalJoin(right as KeyedStream<number, number>, bounds)
  refused(
    'INVALID_JOIN',
    'intervalJoin: the first argument must be a keyed stream, got undefined',
    join(undefined),
  )
  refused(
    'STREAM_WITHOUT_KEY',
    'intervalJoin: the stream has keys, the one given has none: call .keyBy(selector) on it too',
    join(plain),
  )
  refused(
    'FOREIGN_STREAM',
    'intervalJoin: the streams belong to different environments; a job has one',
    join(foreign),
  )
})

test('functions', () => {
  const joined = keyed.intervalJoin(keyed, { lowerMs: 0, upperMs: 1 })
  refused(
    'INVALID_ARGUMENT',
    'intervalJoin(…).full: the function must be a function, got undefined',
    () => joined.full(undefined as never),
  )
  refused(
    'INVALID_ARGUMENT',
    'intervalJoin(…).inner: the function must not be async, for nobody would wait for it: put mapAsync behind the join',
    () => joined.inner(async () => 1),
  )
  refused(
    'INVALID_ARGUMENT',
    'intervalJoin(…).process: the definition must be an object with processJoin(left, right, …); an object (Object) has no processJoin()',
    () => joined.process({} as never),
  )
  refused(
    'INVALID_ARGUMENT',
    'intervalJoin(…).process: processJoin must not be async, for nobody would wait for it: put mapAsync behind the join',
    () => joined.process({ processJoin: async () => {} } as object as never),
  )
})

test.run()
