/** What leaves an asynchronous operator, when and in which order; in all modes of the harness. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { MapAsyncOptions, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessMode } from '../../../api/testing/index.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'
import { Service } from './service.ts'

function rig(mode: HarnessMode, options: MapAsyncOptions<string, string> = {}) {
  const service = new Service<string, string>()
  const harness = operatorHarness(
    (words: Stream<string>) => words.mapAsync(service.ask, { name: 'ask', ...options }),
    { mode },
  )
  const answer = async (...values: string[]): Promise<void> => {
    for (const value of values) service.answer(value, value.toUpperCase())
    await harness.settle()
  }
  return { service, harness, answer }
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: ordered results wait for those before them`, async () => {
    const { harness, answer } = rig(mode)
    harness.processRecord('a', 1)
    harness.processRecord('b', 2)
    harness.processRecord('c', 3)
    await answer('c', 'b')
    assert.equal(harness.takeItems(), [])
    await answer('a')
    assert.equal(harness.takeItems(), [
      { value: 'A', timestamp: 1 },
      { value: 'B', timestamp: 2 },
      { value: 'C', timestamp: 3 },
    ])
  })

  test(`${mode}: unordered results leave as they come`, async () => {
    const { harness, answer } = rig(mode, { order: 'unordered' })
    for (const word of ['a', 'b', 'c']) harness.processRecord(word)
    await answer('c')
    await answer('a')
    assert.equal(harness.takeValues(), ['C', 'A'])
    await answer('b')
    assert.equal(harness.takeValues(), ['B'])
  })

  for (const order of ['ordered', 'unordered'] as const) {
    test(`${mode}: ${order} results and watermarks do not overtake each other`, async () => {
      const { harness, answer } = rig(mode, { order })
      harness.processWatermark(5)
      harness.processRecord('a', 10)
      harness.processWatermark(10)
      harness.processRecord('b', 20)
      harness.processWatermark(20)
      assert.equal(harness.takeItems(), [{ watermark: 5 }])
      await answer('b')
      assert.equal(harness.takeItems(), [], 'b came after a watermark that waits for a')
      await answer('a')
      assert.equal(harness.takeItems(), [
        { value: 'A', timestamp: 10 },
        { watermark: 10 },
        { value: 'B', timestamp: 20 },
        { watermark: 20 },
      ])
      harness.processWatermark(30)
      assert.equal(harness.takeItems(), [{ watermark: 30 }])
    })
  }

  test(`${mode}: the input ends when all answers have come`, async () => {
    const { harness, service } = rig(mode, { order: 'unordered' })
    harness.processRecord('a', 1)
    harness.processRecord('b', 2)
    setTimeout(() => {
      service.answer('b', 'B')
      service.answer('a', 'A')
    }, 2)
    await harness.endInput()
    assert.equal(harness.takeItems(), [
      { value: 'B', timestamp: 2 },
      { value: 'A', timestamp: 1 },
      { watermark: Infinity },
    ])
  })

  test(`${mode}: an iterable of results leaves as one record each`, async () => {
    const harness = operatorHarness(
      (lines: Stream<string>) =>
        lines.flatMapAsync((line) => Promise.resolve(new Set(line.split(' ').filter(Boolean)))),
      { mode },
    )
    harness.processRecord('to be to', 7)
    harness.processRecord('')
    await harness.settle()
    assert.equal(harness.takeItems(), [
      { value: 'to', timestamp: 7 },
      { value: 'be', timestamp: 7 },
    ])
  })

  test(`${mode}: a result that is no promise is an answer, and so is undefined`, async () => {
    const harness = operatorHarness(
      (words: Stream<string>) => words.mapAsync((word) => (word === '' ? undefined : word)),
      { mode },
    )
    harness.processRecord('a')
    harness.processRecord('')
    await harness.settle()
    assert.equal(harness.takeValues(), ['a', undefined])
  })

  test(`${mode}: bad records are skipped or leave in their place as dead letters`, async () => {
    const harness = operatorHarness(
      (words: Stream<string>) => {
        const main = words.mapAsync(
          (word) => {
            if (word === 'sync') throw new TypeError('at once')
            return word === 'bad' ? Promise.reject(new RangeError('later')) : word
          },
          { name: 'ask', onError: 'deadLetter' },
        )
        return { main, dead: main.deadLetters() }
      },
      { mode },
    )
    harness.processRecord('good', 1)
    harness.processRecord('bad', 2)
    harness.processRecord('sync', 3)
    harness.processWatermark(9)
    await harness.settle()
    assert.equal(harness.takeValues(), ['good'])
    const dead = harness.takeItems('dead')
    assert.equal(
      dead.map((item) =>
        'value' in item
          ? [item.value.record, item.value.error.message, item.timestamp]
          : [item.watermark],
      ),
      [['bad', 'later', 2], ['sync', 'at once', 3], [9]],
    )
    assert.is(harness.counter('ask', 'recordsSkipped'), 2)
  })

  test(`${mode}: records that one record becomes wait until there is room`, async () => {
    let asked = 0
    let most = 0
    const service = new Service<string, string>()
    const harness = operatorHarness(
      (lines: Stream<string>) =>
        lines
          .flatMap((line) => line.split(' '))
          .mapAsync(
            (word, context) => {
              most = Math.max(most, ++asked)
              context.signal.addEventListener('abort', () => asked--)
              return service.ask(word, context).finally(() => {
                if (!context.signal.aborted) asked--
              })
            },
            { capacity: 2 },
          ),
      { mode },
    )
    harness.processRecord('a b c d e')
    assert.is(asked, 2)
    const values: string[] = []
    for (const word of ['b', 'a', 'c', 'e', 'd']) {
      service.answer(word, word)
      await harness.settle()
      values.push(...harness.takeValues())
    }
    assert.equal(values, ['a', 'b', 'c', 'd', 'e'])
    assert.is(most, 2)
    harness.processRecord('f')
    service.answer('f', 'f')
    await harness.settle()
    assert.equal(harness.takeValues(), ['f'], 'there is room again')
  })
}

test('without a policy the first error ends the job, with operator and record', async () => {
  const { harness, service } = rig('straight')
  harness.processRecord('a')
  harness.processRecord('b')
  service.refuse('b', new Error('no such word'))
  const error = await rejects(() => harness.settle(), { code: 'OPERATOR_FAILED' })
  assert.is(
    (error as Error).message,
    "Operator 'ask' (subtask 0) failed on record 'b': no such word",
  )
})

test('a flat answer that is no iterable is an error', async () => {
  const harness = operatorHarness((words: Stream<string>) =>
    words.flatMapAsync(() => Promise.resolve(1 as never)),
  )
  harness.processRecord('a')
  await rejects(() => harness.settle(), { code: 'NOT_ITERABLE' })
})

test('the function is told event time, attempt and subtask, and may count and log', async () => {
  const seen: unknown[] = []
  const harness = operatorHarness(
    (words: Stream<string>) =>
      words.mapAsync(
        (word, { timestamp, attempt, subtaskIndex, parallelism, counter, log }) => {
          counter('asked').value++
          log.info('asked', { word })
          seen.push([timestamp, attempt, subtaskIndex, parallelism])
          return word
        },
        { name: 'ask' },
      ),
    { subtaskIndex: 1, parallelism: 3 },
  )
  harness.processRecord('a', 12)
  await harness.settle()
  assert.equal(seen, [[12, 1, 1, 3]])
  assert.is(harness.counter('ask', 'asked'), 1)
  assert.equal(harness.logLines, [{ level: 'info', message: 'asked', fields: { word: 'a' } }])
})

test('closing aborts what is in flight, and answers that come later have no effect', async () => {
  const { harness, service, answer } = rig('straight')
  harness.processRecord('a')
  harness.processRecord('b')
  await answer('b')
  const [first, second] = service.calls.map(({ context }) => context.signal)
  harness.close()
  assert.ok(first?.aborted)
  assert.is((first?.reason as { code: string } | undefined)?.code, 'ASYNC_CLOSED')
  assert.not(second?.aborted, 'b had its answer')
  service.answer('a', 'A')
  await harness.settle()
  assert.equal(harness.takeItems(), [])
})

test('a snapshot holds every record that has not left, with an answer or without', async () => {
  const { harness, answer, service } = rig('straight')
  for (const word of ['a', 'b', 'c']) harness.processRecord(word, 1)
  await answer('b')
  const restored = operatorHarness(
    (words: Stream<string>) => words.mapAsync(service.ask, { name: 'ask' }),
    { restore: harness.snapshot() },
  )
  assert.equal(
    service.calls.slice(3).map(({ value, context }) => [value, context.timestamp]),
    [
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ],
  )
  service.answer('a', 'A')
  service.answer('c', 'C')
  await restored.settle()
  assert.equal(restored.takeValues(), ['A', 'B', 'C'])
  assert.equal(
    restored.snapshot().map(({ operator }) => operator.map(({ items }) => items)),
    [[0]],
  )
})

test('records of several subtasks come behind none of the watermarks that they were before', async () => {
  const service = new Service<string, string>()
  const build = (words: Stream<string>): Stream<string> => words.mapAsync(service.ask)
  const [left, right] = [0, 1].map((subtaskIndex) =>
    operatorHarness(build, { subtaskIndex, parallelism: 2 }),
  )
  left?.processRecord('left 0', 0)
  left?.processWatermark(10)
  left?.processRecord('left 10', 10)
  right?.processRecord('right 0', 0)
  right?.processWatermark(5)
  right?.processRecord('right 5', 5)
  const restore = [left, right].flatMap((harness) => (harness ? [harness.snapshot()] : []))
  const harness = operatorHarness(build, { restore })
  harness.processWatermark(20)
  for (const word of ['left 10', 'right 5', 'left 0']) service.answer(word, word)
  await harness.settle()
  assert.equal(harness.takeValues(), ['left 0'])
  service.answer('right 0', 'right 0')
  await harness.settle()
  assert.equal(harness.takeItems(), [
    { value: 'right 0', timestamp: 0 },
    { watermark: 5 },
    { value: 'right 5', timestamp: 5 },
    { watermark: 10 },
    { value: 'left 10', timestamp: 10 },
    { watermark: 20 },
  ])
})

for (const order of ['ordered', 'unordered'] as const) {
  test(`${order}: where event time begins anew behind a restore, no watermark overtakes a record`, async () => {
    const service = new Service<string, string>()
    const build = (words: Stream<string>): Stream<string> => words.mapAsync(service.ask, { order })
    const before = operatorHarness(build)
    before.processWatermark(100)
    before.processRecord('restored', 110)
    const harness = operatorHarness(build, { restore: before.snapshot() })
    harness.processWatermark(50)
    harness.processRecord('new', 70)
    harness.processWatermark(80)
    service.answer('restored', 'restored')
    await harness.settle()
    harness.processRecord('newer', 90)
    assert.equal(harness.takeItems(), [{ watermark: 50 }, { value: 'restored', timestamp: 110 }])
    service.answer('new', 'new')
    service.answer('newer', 'newer')
    await harness.settle()
    assert.equal(harness.takeItems(), [
      { value: 'new', timestamp: 70 },
      { watermark: 80 },
      { value: 'newer', timestamp: 90 },
    ])
  })
}

test('a wrong delay of a strategy fails the record', async () => {
  const harness = operatorHarness((words: Stream<string>) =>
    words.mapAsync(() => Promise.reject(new Error('no')), {
      retry: { attempts: 2, delayMs: () => Number.NaN },
    }),
  )
  harness.processRecord('a')
  await rejects(() => harness.settle(), { code: 'BAD_RETRY_DELAY' })
})

test('before it is opened it takes no record', async () => {
  const { asyncOperator } = await import('../../../operators/async/async-operator.ts')
  const operator = asyncOperator({
    fn: () => 1,
    flat: false,
    order: 'ordered',
    capacity: 1,
    timeoutMs: undefined,
    onTimeout: undefined,
    retry: undefined,
  })
  throwsCode(() => operator.processRecord('a', 0), 'NOT_OPEN')
  operator.close()
})

test.run()
