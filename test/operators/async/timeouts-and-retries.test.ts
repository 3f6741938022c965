/** Timeouts and retries of an asynchronous operator, on a clock that the test moves; in all modes of the harness. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exponentialDelay, fixedDelay } from '../../../api/index.ts'
import type { MapAsyncOptions, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessMode } from '../../../api/testing/index.ts'
import { rejects } from '../../runner/expect.ts'
import { Service } from './service.ts'

/** A service that refuses each word a number of times, whoever asks. */
function refusing(times: Readonly<Record<string, number>>) {
  const left = new Map(Object.entries(times))
  const attempts: [word: string, attempt: number][] = []
  const ask = async (word: string, { attempt }: { attempt: number }): Promise<string> => {
    attempts.push([word, attempt])
    const rest = left.get(word) ?? 0
    left.set(word, rest - 1)
    if (rest > 0) throw new Error(`not now, ${word}`)
    return word.toUpperCase()
  }
  return { ask, attempts }
}

function retrying(
  mode: HarnessMode,
  times: Readonly<Record<string, number>>,
  options: MapAsyncOptions<string, string>,
) {
  const service = refusing(times)
  const harness = operatorHarness(
    (words: Stream<string>) => words.mapAsync(service.ask, { name: 'ask', ...options }),
    { mode },
  )
  return { harness, ...service }
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: a record that times out gets what onTimeout gives, or nothing`, async () => {
    const service = new Service<string, string>()
    const harness = operatorHarness(
      (words: Stream<string>) =>
        words.mapAsync(service.ask, {
          name: 'ask',
          order: 'unordered',
          timeoutMs: 100,
          onTimeout: (word, { timestamp }) =>
            word === 'b' ? undefined : `${word} at ${timestamp}`,
        }),
      { mode },
    )
    for (const [time, word] of ['a', 'b', 'c'].entries()) harness.processRecord(word, time)
    service.answer('c', 'C')
    await harness.settle()
    harness.setProcessingTime(99)
    assert.equal(harness.takeValues(), ['C'])
    // Restored just now, in the mode that restores: then the whole timeout is granted again, as in Flink.
    harness.setProcessingTime(250)
    await harness.settle()
    assert.equal(harness.takeItems(), [{ value: 'a at 0', timestamp: 0 }])
    service.answer('a', 'late')
    await harness.settle()
    assert.equal(harness.takeValues(), [], 'a late answer is dropped')
    assert.is(harness.counter('ask', 'timeouts'), 2)
  })

  test(`${mode}: results that time out flat are lists`, async () => {
    const harness = operatorHarness(
      (words: Stream<string>) =>
        words.flatMapAsync(() => new Promise<string[]>(() => {}), {
          timeoutMs: 10,
          onTimeout: (word) => [word, word],
        }),
      { mode },
    )
    harness.processRecord('a')
    harness.setProcessingTime(10)
    assert.equal(harness.takeValues(), ['a', 'a'])
  })

  test(`${mode}: retries come after their delay and do not hold up other records`, async () => {
    const { harness, attempts } = retrying(
      mode,
      { a: 2 },
      { order: 'unordered', retry: fixedDelay({ attempts: 3, delayMs: 50 }) },
    )
    harness.processRecord('a')
    harness.processRecord('b')
    await harness.settle()
    // A restart asks again at once.
    if (mode !== 'restoring') {
      assert.equal(harness.takeValues(), ['B'])
      assert.equal(attempts, [
        ['a', 1],
        ['b', 1],
      ])
      harness.setProcessingTime(49)
      assert.is(attempts.length, 2)
      harness.setProcessingTime(50)
      assert.equal(attempts.at(-1), ['a', 2])
      await harness.settle()
      harness.setProcessingTime(100)
      assert.equal(attempts.at(-1), ['a', 3])
      assert.is(harness.counter('ask', 'retries'), 2)
    }
    await harness.settle()
    assert.ok(harness.takeValues().includes('A'))
  })

  test(`${mode}: ordered results wait for the retries of those before them`, async () => {
    const { harness } = retrying(
      mode,
      { a: 1 },
      { retry: fixedDelay({ attempts: 2, delayMs: 50 }) },
    )
    harness.processRecord('a')
    harness.processRecord('b')
    await harness.settle()
    harness.setProcessingTime(1_000)
    await harness.settle()
    assert.equal(harness.takeValues(), ['A', 'B'])
  })

  test(`${mode}: the end of input waits for retries`, async () => {
    const { harness } = retrying(
      mode,
      { a: 3 },
      { retry: exponentialDelay({ attempts: 4, initialMs: 10, maxMs: 1_000 }) },
    )
    harness.processRecord('a')
    await harness.endInput()
    assert.equal(harness.takeValues(), ['A'])
    harness.close()
    assert.is(harness.clock.pendingTimers, 0)
  })
}

test('without onTimeout a timeout is an error that names operator, record and time', async () => {
  const harness = operatorHarness((words: Stream<string>) =>
    words.mapAsync(() => new Promise<string>(() => {}), { name: 'ask', timeoutMs: 250 }),
  )
  harness.processRecord('a')
  const error = await rejects(() => harness.setProcessingTime(250), { code: 'ASYNC_TIMEOUT' })
  assert.is(
    (error as Error).message,
    "Operator 'ask' (subtask 0) failed on record 'a': no result within 250 ms (one attempt)",
  )
})

test('a timeout can be skipped like any bad record', async () => {
  const { harness } = retrying(
    'straight',
    { a: 100 },
    { timeoutMs: 100, onError: 'skip', retry: fixedDelay({ attempts: 100, delayMs: 30 }) },
  )
  harness.processRecord('a')
  for (let time = 0; time <= 100; time += 10) {
    harness.setProcessingTime(time)
    await harness.settle()
  }
  assert.is(harness.counter('ask', 'recordsSkipped'), 1)
  assert.is(harness.counter('ask', 'retries'), 4, 'at 0, 30, 60 and 90; the timeout ended the last')
  await harness.endInput()
  harness.close()
  assert.is(harness.clock.pendingTimers, 0)
})

test('the timeout counts from the first attempt, retries included, and aborts the signal', async () => {
  const signals: AbortSignal[] = []
  const harness = operatorHarness((words: Stream<string>) =>
    words.mapAsync(
      (_, { signal, attempt }) => {
        signals.push(signal)
        return attempt === 1 ? Promise.reject(new Error('once more')) : new Promise(() => {})
      },
      {
        timeoutMs: 100,
        onTimeout: (word, { attempt, signal }) => `${word} ${attempt} ${signal.aborted}`,
        retry: fixedDelay({ attempts: 9, delayMs: 60 }),
      },
    ),
  )
  harness.processRecord('a')
  await harness.settle()
  harness.setProcessingTime(60)
  harness.setProcessingTime(99)
  assert.equal(
    signals.map(({ aborted }) => aborted),
    [false, false],
  )
  harness.setProcessingTime(100)
  assert.equal(harness.takeValues(), ['a 2 true'])
  assert.equal(
    signals.map(({ aborted }) => aborted),
    [false, true],
    'the first attempt had ended by itself',
  )
  assert.is((signals[1]?.reason as { code: string } | undefined)?.code, 'ASYNC_TIMEOUT')
})

test('each record has a timeout of its own', async () => {
  const service = new Service<string, string>()
  const harness = operatorHarness((words: Stream<string>) =>
    words.mapAsync(service.ask, {
      order: 'unordered',
      timeoutMs: 100,
      onTimeout: (word) => `${word} too late`,
    }),
  )
  for (const word of ['a', 'b', 'c']) {
    harness.processRecord(word)
    harness.setProcessingTime(harness.clock.now() + 30)
  }
  service.answer('a', 'a in time')
  await harness.settle()
  harness.setProcessingTime(129)
  assert.equal(harness.takeValues(), ['a in time'])
  harness.setProcessingTime(130)
  assert.equal(harness.takeValues(), ['b too late'])
  harness.setProcessingTime(160)
  assert.equal(harness.takeValues(), ['c too late'])
})

for (const order of ['ordered', 'unordered'] as const) {
  test(`${order}: an answer and a timeout at one moment do not overtake the watermark between them`, async () => {
    const service = new Service<string, string>()
    const harness = operatorHarness((words: Stream<string>) =>
      words.mapAsync(service.ask, { order, timeoutMs: 100, onTimeout: (word) => `no ${word}` }),
    )
    harness.processRecord('a', 1)
    harness.processWatermark(5)
    harness.processRecord('b', 6)
    harness.processWatermark(9)
    harness.processRecord('c', 10)
    service.answer('a', 'A')
    service.answer('c', 'C')
    // Nobody has looked at the answers when the clock rings.
    await new Promise(setImmediate)
    harness.setProcessingTime(100)
    assert.equal(harness.takeItems(), [
      { value: 'A', timestamp: 1 },
      { watermark: 5 },
      { value: 'no b', timestamp: 6 },
      { watermark: 9 },
      { value: 'C', timestamp: 10 },
    ])
  })
}

test('the last error counts, and errors that are not worth it are not retried', async () => {
  const { harness, attempts } = retrying(
    'straight',
    { a: 5, fatal: 5 },
    {
      onError: 'skip',
      retry: fixedDelay({
        attempts: 3,
        delayMs: 1,
        when: (error) => !String(error).includes('fatal'),
      }),
    },
  )
  harness.processRecord('a')
  harness.processRecord('fatal')
  await harness.endInput()
  assert.equal(attempts, [
    ['a', 1],
    ['fatal', 1],
    ['a', 2],
    ['a', 3],
  ])
  assert.is(harness.counter('ask', 'recordsSkipped'), 2)
})

test('a poor result is retried, and the last one counts whatever it is', async () => {
  const harness = operatorHarness((words: Stream<string>) =>
    words.flatMapAsync((_, { attempt }) => Promise.resolve(attempt < 3 ? [] : [attempt]), {
      retry: fixedDelay({
        attempts: 3,
        delayMs: 1,
        whenResult: (found: number[]) => found.length === 0,
      }),
    }),
  )
  harness.processRecord('a')
  await harness.endInput()
  assert.equal(harness.takeValues(), [3])
  const poor = operatorHarness((words: Stream<string>) =>
    words.mapAsync((_, { attempt }) => attempt, {
      retry: fixedDelay({ attempts: 2, delayMs: 1, whenResult: () => true }),
    }),
  )
  poor.processRecord('a')
  await poor.endInput()
  assert.equal(poor.takeValues(), [2])
})

test('a predicate or handler that throws makes a bad record', async () => {
  const fail = (): never => {
    throw new Error('in the predicate')
  }
  const options: MapAsyncOptions<string, string>[] = [
    { retry: fixedDelay({ attempts: 2, delayMs: 1, when: fail }) },
    { retry: fixedDelay({ attempts: 2, delayMs: 1, whenResult: fail }) },
    { timeoutMs: 5, onTimeout: fail },
  ]
  for (const [index, option] of options.entries()) {
    const harness = operatorHarness((words: Stream<string>) =>
      words.mapAsync(
        (word) => {
          if (index === 0) throw new Error('first')
          return index === 1 ? word : new Promise<string>(() => {})
        },
        { name: 'ask', ...option },
      ),
    )
    await rejects(
      async () => {
        harness.processRecord('a')
        await harness.settle()
        harness.setProcessingTime(5)
      },
      { code: 'OPERATOR_FAILED', message: /'ask'.*'a'.*in the predicate/ },
    )
  }
})

test.run()
