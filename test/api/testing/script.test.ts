import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, defineJob, runJob, tumbling } from '../../../api/index.ts'
import type { Stream } from '../../../api/index.ts'
import { expectStream, fromScript, script } from '../../../api/testing/index.ts'
import type { ScriptStep } from '../../../api/testing/index.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'

const windows = expectStream((letters: Stream<string>) =>
  letters
    .windowAll(tumbling(10))
    .aggregate(count(), (n, { windowStart }) => `${windowStart}: ${n}`),
)

test('watermarks come where the script says: what stands behind one is late', async () => {
  const given = script<string>([
    { value: 'a', at: 1 },
    { value: 'a', at: 12 },
    { watermark: 9 },
    { value: 'a', at: 2 },
    { value: 'b', at: 13 },
  ])
  await windows.given(given).toYield(['0: 1', '10: 2'])
  await windows
    .given(given)
    .on({ seeds: [1, 2, 3] })
    .toYield(['0: 1', '10: 2'])
})

test('splits are read side by side, and the slowest holds event time back', async () => {
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const counts = expectStream((letters: Stream<string>) =>
    letters
      .filter((letter) => {
        if (letter === 'behind its own watermark') open()
        return true
      })
      .windowAll(tumbling(10))
      .aggregate(count()),
  )
  const given = script<string>(
    [{ value: 'first', at: 1 }, { until: gate }, { value: 'second', at: 2 }, { watermark: 50 }],
    [{ value: 'other', at: 3 }, { watermark: 100 }, { value: 'behind its own watermark', at: 4 }],
  )
  await counts.given(given).toYield([4])
})

test('an error of the script is an error of the source', async () => {
  const job = defineJob('script', (env) => {
    fromScript(
      env,
      script<number>([{ value: 1, at: 0 }, { fail: new Error('the disk is gone') }]),
      {
        name: 'orders',
      },
    ).collect('numbers')
  })
  const error = (await rejects(runJob(job, { parallelism: 1 }).result())) as Error
  assert.match(error.message, "'orders' (subtask 0)")
  assert.match(error.message, 'the disk is gone')
})

test('a step that is none, or two, is refused with its place', () => {
  const both = { value: 1, at: 0, watermark: 5 }
  for (const step of [{}, { value: 1 }, { watermark: 'now' }, { fail: 'no' }, null, both]) {
    const error = throwsCode(
      () => script([{ value: 1, at: 0 }], [step as ScriptStep<number>]),
      'INVALID_SCRIPT',
    ) as Error
    assert.match(error.message, 'step 0 of split 1 must be { value, at }')
  }
})

test.run()
