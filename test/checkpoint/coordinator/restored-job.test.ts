import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  StoredCheckpoint,
  StoredOperator,
  StoredShare,
} from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import { restoreJob } from '../../../checkpoint/coordinator/restored-job.ts'
import type { PlannedOperator } from '../../../checkpoint/coordinator/restored-job.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import { throwsCode } from '../../runner/expect.ts'

const EMPTY: StoredShare = {
  subtaskIndex: 0,
  state: undefined,
  source: undefined,
  sink: undefined,
  watermark: 0,
  finished: false,
}

function operator(
  uid: string,
  shares: readonly Partial<StoredShare>[],
  more: Partial<StoredOperator> = {},
): StoredOperator {
  return {
    uid,
    name: `the ${uid}`,
    task: 0,
    parallelism: shares.length,
    maxParallelism: 128,
    enumerator: undefined,
    shares: shares.map((share, subtaskIndex) => ({ ...EMPTY, subtaskIndex, ...share })),
    ...more,
  }
}

function checkpoint(...operators: StoredOperator[]): StoredCheckpoint {
  return {
    metadata: {
      format: 1,
      id: 5,
      kind: 'checkpoint',
      jobName: 'job',
      jobId: 'run',
      fingerprint: '',
      triggeredAt: 0,
      completedAt: 0,
      operators,
      coordinator: undefined,
      parts: [],
    },
    operators: new Map(operators.map((one) => [one.uid, one])),
  }
}

function planned(
  uid: string,
  parallelism: number,
  kind: PlannedOperator['kind'] = 'operator',
): PlannedOperator {
  return { uid, name: `the ${uid}`, parallelism, maxParallelism: 128, kind }
}

function state(uid: string, keyGroup: number): OperatorSnapshot {
  const groups = [{ keyGroup, entries: 1, bytes: new Uint8Array(1) }]
  return { format: 1, uid, maxParallelism: 128, keyed: [], groups, operator: [] }
}

function reading(uid: string, ...splits: string[]): Partial<StoredShare> {
  const open = splits.map((split, position) => ({ split, position }))
  return { source: { uid, received: splits.length, open } }
}

const openSplits = (shares: readonly { readonly splits: readonly { split: unknown }[] }[]) =>
  shares.map(({ splits }) => splits.map(({ split }) => split))

test('every subtask gets the state of all old ones, at any parallelism', () => {
  const stored = checkpoint(
    operator('count', [{ state: state('count', 1) }, { state: state('count', 2) }]),
  )
  for (const parallelism of [1, 2, 3]) {
    const { shares } = restoreJob(stored, [planned('count', parallelism)]).operators.get(
      'count',
    ) ?? {
      shares: [],
    }
    assert.is(shares.length, parallelism)
    for (const { states } of shares) {
      assert.equal(
        states.map(({ groups }) => groups[0]?.keyGroup),
        [1, 2],
      )
    }
  }
})

test('where the parallelism is as before, splits, writers and watermarks stay where they were', () => {
  const given = { uid: 'in', state: 1, given: 4, returned: [{ subtaskIndex: 1, split: 'd' }] }
  const stored = checkpoint(
    operator(
      'in',
      [
        { ...reading('in', 'a', 'b'), watermark: 3 },
        { ...reading('in', 'c'), watermark: 9 },
      ],
      {
        enumerator: given,
      },
    ),
    operator('out', [
      { sink: { uid: 'out', state: undefined, committables: [] } },
      { sink: { uid: 'out', state: 'open', committables: ['x'] } },
    ]),
  )
  const { operators, committables } = restoreJob(stored, [
    planned('in', 2, 'source'),
    planned('out', 2, 'sink'),
  ])
  const source = operators.get('in')
  assert.equal(openSplits(source?.shares ?? []), [['a', 'b'], ['c']])
  assert.equal(source?.shares[0]?.splits[1], { split: 'b', position: 1 })
  assert.equal(
    source?.shares.map(({ watermark }) => watermark),
    [3, 9],
  )
  assert.equal(source?.enumerator, given)
  assert.equal(
    operators.get('out')?.shares.map(({ sinkStates }) => sinkStates),
    [[], ['open']],
  )
  assert.equal([...committables], [['out', ['x']]])
})

test('where it has changed, they go to subtasks in turn, and each begins with the smallest watermark', () => {
  const returned = [
    { subtaskIndex: 0, split: 'e' },
    { subtaskIndex: 2, split: 'f' },
  ]
  const stored = checkpoint(
    operator(
      'in',
      [
        { ...reading('in', 'a', 'b'), watermark: 3 },
        { ...reading('in', 'c'), watermark: 9 },
        { ...reading('in'), watermark: 5 },
      ],
      { enumerator: { uid: 'in', state: undefined, given: 5, returned } },
    ),
  )
  const source = restoreJob(stored, [planned('in', 2, 'source')]).operators.get('in')
  assert.equal(openSplits(source?.shares ?? []), [['a', 'c'], ['b']])
  assert.equal(
    source?.shares.map(({ watermark }) => watermark),
    [3, 3],
  )
  assert.equal(source?.enumerator?.returned, [
    { subtaskIndex: 1, split: 'e' },
    { subtaskIndex: 0, split: 'f' },
  ])
})

test('no split and no writer is lost or doubled, whatever the parallelism, and shares differ by one at most', () => {
  const counts = fc.array(fc.nat(5), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 8 }), (lengths, parallelism) => {
      const names = lengths.map((length, i) => Array.from({ length }, (_, k) => `${i}.${k}`))
      const stored = checkpoint(
        operator(
          'in',
          names.map((splits) => reading('in', ...splits)),
        ),
        operator(
          'out',
          names.map(([first]) => ({ sink: { uid: 'out', state: first, committables: [] } })),
        ),
      )
      const { operators } = restoreJob(stored, [
        planned('in', parallelism, 'source'),
        planned('out', parallelism, 'sink'),
      ])
      const splits = openSplits(operators.get('in')?.shares ?? [])
      const writers = operators.get('out')?.shares.map(({ sinkStates }) => sinkStates) ?? []
      assert.equal(new Set(splits.flat()), new Set(names.flat()))
      assert.is(splits.flat().length, names.flat().length)
      assert.equal(writers.flat().length, names.filter(({ length }) => length > 0).length)
      if (parallelism === lengths.length) return
      for (const lists of [splits, writers]) {
        const sizes = lists.map(({ length }) => length)
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join(' '))
      }
    }),
  )
})

test('state without an operator is refused with its uid, or given up where that is allowed', () => {
  const stored = checkpoint(
    operator('count', [{ state: state('count', 1) }]),
    operator('old sink', [{ sink: { uid: 'old sink', state: undefined, committables: ['x'] } }]),
    operator('map', [{}]),
  )
  const plan = [planned('count 2', 1)]
  const error = throwsCode(() => restoreJob(stored, plan), 'STATE_WITHOUT_OPERATOR') as Error
  assert.match(
    error.message,
    /'count' \(the count\), 'old sink' \(the old sink\).*it has 'count 2'/,
  )
  const restored = restoreJob(stored, plan, { allowNonRestoredState: true })
  assert.equal(restored.givenUp, ['count', 'old sink'])
  assert.equal(restored.withoutState, ['count 2'])
  assert.equal([restored.operators.size, restored.committables.size], [0, 0])
})

test('state under the uid of an operator that keeps none is refused instead of lost, or given up where that is allowed', () => {
  const stored = checkpoint(operator('count', [{ state: state('count', 1) }]))
  for (const kind of ['stateless', 'sink', 'source'] as const) {
    const plan = [planned('count', 1, kind), planned('other', 1)]
    const error = throwsCode(() => restoreJob(stored, plan), 'STATE_WITHOUT_OPERATOR') as Error
    assert.match(error.message, /'count' \(the count\), but 'count' is 'the count' now/)
    const restored = restoreJob(stored, plan, { allowNonRestoredState: true })
    assert.equal(restored.givenUp, ['count'])
    assert.equal(restored.withoutState, ['count', 'other'])
    assert.equal([...restored.operators.keys()], [])
  }
  const other = checkpoint(
    operator('count', [{ state: state('count', 1) }], { maxParallelism: 64 }),
  )
  const given = { allowNonRestoredState: true }
  assert.equal(restoreJob(other, [planned('count', 1, 'stateless')], given).givenUp, ['count'])
  const empty = checkpoint(operator('map', [{ state: { ...state('map', 0), groups: [] } }]))
  restoreJob(empty, [planned('map', 1, 'stateless')])
})

test('an operator that had nothing may go and come; those that begin empty are listed', () => {
  const nothing: OperatorSnapshot = { ...state('idle', 0), groups: [] }
  const stored = checkpoint(
    operator('idle', [{ state: nothing }]),
    operator('map', [{}]),
    operator('count', [{ state: state('count', 1) }]),
  )
  const restored = restoreJob(stored, [planned('count', 1), planned('map', 1), planned('new', 4)])
  assert.equal(restored.withoutState, ['map', 'new'])
  assert.equal(restored.givenUp, [])
  assert.equal([...restored.operators.keys()], ['count', 'map'])
})

test('another max parallelism is refused where there is state, and fine where there is none', () => {
  const other = { maxParallelism: 64 }
  const plan = [planned('count', 1)]
  const stored = checkpoint(operator('count', [{ state: state('count', 1) }], other))
  const error = throwsCode(() => restoreJob(stored, plan), 'MAX_PARALLELISM_CHANGED') as Error
  assert.match(error.message, /operator 'count' .*expected a max parallelism of 64.*got 128/)
  assert.is(restoreJob(checkpoint(operator('count', [{}], other)), plan).operators.size, 1)
})

test('what was a source or a sink cannot go on as something else', () => {
  const source = checkpoint(operator('x', [reading('x', 'a')]))
  const sink = checkpoint(operator('x', [{ sink: { uid: 'x', state: 1, committables: [] } }]))
  throwsCode(() => restoreJob(source, [planned('x', 1, 'sink')]), 'INCOMPATIBLE_STATE')
  throwsCode(() => restoreJob(source, [planned('x', 1)]), 'INCOMPATIBLE_STATE')
  throwsCode(() => restoreJob(sink, [planned('x', 1, 'source')]), 'INCOMPATIBLE_STATE')
})

test('what was a source or a sink is given up where that is allowed, whatever stands under its uid now', () => {
  const given = { allowNonRestoredState: true }
  const source = checkpoint(
    operator('x', [reading('x', 'a')], {
      enumerator: { uid: 'x', state: undefined, given: 1, returned: [] },
    }),
  )
  const sink = checkpoint(operator('x', [{ sink: { uid: 'x', state: 1, committables: ['c'] } }]))
  for (const [stored, kinds] of [
    [source, ['stateless', 'operator', 'sink']],
    [sink, ['stateless', 'operator', 'source']],
  ] as const) {
    for (const kind of kinds) {
      const restored = restoreJob(stored, [planned('x', 1, kind)], given)
      assert.equal([restored.givenUp, restored.withoutState], [['x'], ['x']])
      assert.equal([restored.operators.size, restored.committables.size], [0, 0])
    }
  }
  const nothing = checkpoint(
    operator('x', [{ sink: { uid: 'x', state: undefined, committables: [] } }]),
  )
  assert.equal(restoreJob(nothing, [planned('x', 1)], given).givenUp, [])
})

test('an operator has finished when all its subtasks have', () => {
  const done = { finished: true, watermark: Number.POSITIVE_INFINITY }
  const finished = (...shares: Partial<StoredShare>[]) =>
    restoreJob(checkpoint(operator('x', shares)), [planned('x', 3)]).operators.get('x')
  assert.is(finished(done, done)?.finished, true)
  const partly = finished(done, { watermark: 8 })
  assert.is(partly?.finished, false)
  assert.equal(
    partly?.shares.map(({ watermark }) => watermark),
    [8, 8, 8],
  )
  assert.is(finished()?.finished, false)
  assert.is(finished()?.shares[0]?.watermark, Number.NEGATIVE_INFINITY)
})

test.run()
