import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { arraySource } from '../../../connectors/collection/index.ts'
import { count } from '../../../api/index.ts'
import type { Stream } from '../../../api/index.ts'
import { expectStream } from '../../../api/testing/expect-stream.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'

const counted = expectStream((words: Stream<string>) =>
  words.keyBy((word) => word).aggregate(count(), (n, word) => `${word} ${n}`),
)
const given = counted.given(['to', 'be', 'to'])

test('what comes out in order is accepted, anything else shows the difference', async () => {
  await given.toYield(['to 1', 'be 1', 'to 2'])
  await rejects(given.toYield(['to 1', 'to 2', 'be 1']), { message: /be 1/ })
  await rejects(given.toYield(['to 1', 'be 1']), { message: /to 2/ })
})

test('in any order, each record counts as often as it stands there', async () => {
  await given.toYieldInAnyOrder(['to 2', 'to 1', 'be 1'])
  await rejects(given.toYieldInAnyOrder(['to 2', 'to 1']), { message: /be 1/ })
  await rejects(given.toYieldInAnyOrder(['to 2', 'to 1', 'be 1', 'be 1']), { message: /be 1/ })
})

test('it runs with several subtasks and under the simulator, and names the seed that failed', async () => {
  const spread = counted.given(arraySource(['to', 'be', 'or', 'not', 'to', 'be']))
  const results = ['to 1', 'be 1', 'or 1', 'not 1', 'to 2', 'be 2']
  await spread.on({ parallelism: 3, slots: 2 }).toYieldInAnyOrder(results)
  await spread.on({ parallelism: 2, seeds: [1, 2, 3] }).toYieldInAnyOrder(results)
  await rejects(spread.on({ parallelism: 2, seeds: [4] }).toYieldInAnyOrder([]), {
    message: /with seed 4/,
  })
})

test('an expected failure is handed back; another one, or none, is told', async () => {
  const failing = expectStream((values: Stream<number>) =>
    values.keyBy((value) => value).aggregate(count()),
  ).given([Number.NaN])
  const error = await failing.toFailWith('INVALID_KEY')
  assert.match(error.message, 'NaN')
  await rejects(failing.toFailWith('INVALID_WINDOW'), { message: /INVALID_KEY/ })
  await rejects(given.toFailWith('INVALID_KEY'))
})

test('an expectation that would run nothing, or otherwise than it says, is refused', () => {
  throwsCode(() => given.on({ seeds: [] }), 'INVALID_ARGUMENT')
  throwsCode(() => given.on({ seed: [1] } as never), 'INVALID_ARGUMENT')
})

test('without an input it says what is missing', async () => {
  await rejects(counted.toYield([]), { code: 'INVALID_ARGUMENT' })
})

test.run()
