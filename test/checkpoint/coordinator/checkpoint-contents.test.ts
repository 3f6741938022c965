import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  coordinatorState,
  readCheckpoint,
} from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import type { EnumeratorSnapshot } from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import { MemorySnapshotStore } from '../../../checkpoint/coordinator/memory-snapshot-store.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import { packSubtask, subtaskPartName } from '../../../checkpoint/store/subtask-part.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { rejects } from '../../runner/expect.ts'

const ENUMERATOR: EnumeratorSnapshot = {
  uid: 'in',
  state: { files: ['b', 'c'], at: new Date(5) },
  given: 7,
  returned: [{ subtaskIndex: 1, split: { path: 'a', from: 10n } }],
}

const NOTHING: SubtaskSnapshot = {
  operators: [],
  sinks: [],
  channels: [],
  watermark: Number.NEGATIVE_INFINITY,
  finished: false,
}

function state(uid: string, byte: number): OperatorSnapshot {
  const groups = [{ keyGroup: 3, entries: 1, bytes: Uint8Array.of(byte, 255) }]
  return { format: 1, uid, maxParallelism: 8, keyed: [], groups, operator: [] }
}

async function store(
  subtasks: readonly (readonly [SubtaskName, SubtaskSnapshot])[],
  coordinator: unknown = coordinatorState([ENUMERATOR]),
): Promise<MemorySnapshotStore> {
  const snapshots = new MemorySnapshotStore()
  const writer = await snapshots.begin(1)
  for (const [name, snapshot] of subtasks) {
    await writer.put(subtaskPartName(name), packSubtask(snapshot))
  }
  await writer.put('a later version put this here', new Uint8Array(3))
  await writer.complete({
    jobName: 'job',
    jobId: 'run',
    fingerprint: '',
    triggeredAt: 1,
    completedAt: 2,
    operators: [
      { uid: 'in', name: 'in', task: 0, parallelism: 2, maxParallelism: 8 },
      { uid: 'count', name: 'count', task: 0, parallelism: 2, maxParallelism: 8 },
      { uid: 'out', name: 'out', task: 0, parallelism: 2, maxParallelism: 8 },
      { uid: 'seen', name: 'seen', task: 1, parallelism: 1, maxParallelism: 8 },
    ],
    coordinator,
  })
  return snapshots
}

const SUBTASK_0: readonly [SubtaskName, SubtaskSnapshot] = [
  { taskId: 0, subtaskIndex: 0 },
  {
    ...NOTHING,
    operators: [state('count', 1)],
    source: { uid: 'in', received: 4, open: [{ split: { path: 'x' }, position: 900 }] },
    sinks: [{ uid: 'out', state: { length: 5 }, committables: ['part-0'] }],
    watermark: 77,
  },
]
const SUBTASK_1: readonly [SubtaskName, SubtaskSnapshot] = [
  { taskId: 0, subtaskIndex: 1 },
  { ...NOTHING, operators: [state('count', 2)], finished: true },
]

test('what several operators of a chain had is found by their uids, in the order of subtasks, bytes as they were', async () => {
  const { operators, metadata } = await readCheckpoint(await store([SUBTASK_1, SUBTASK_0]), 1)
  assert.is(metadata.id, 1)
  const count = operators.get('count')
  assert.equal(
    count?.shares.map(({ state: found }) => Uint8Array.from(found?.groups[0]?.bytes ?? [])),
    [Uint8Array.of(1, 255), Uint8Array.of(2, 255)],
  )
  assert.equal(
    count?.shares.map(({ watermark, finished }) => [watermark, finished]),
    [
      [77, false],
      [Number.NEGATIVE_INFINITY, true],
    ],
  )
  assert.is(count?.shares[0]?.source, undefined)
  assert.equal(operators.get('in')?.shares[0]?.source, SUBTASK_0[1].source)
  assert.equal(operators.get('out')?.shares[0]?.sink, SUBTASK_0[1].sinks[0])
  assert.is(operators.get('out')?.shares[1]?.sink, undefined)
})

test('where an enumerator stood is with its source, as it was', async () => {
  const { operators } = await readCheckpoint(await store([SUBTASK_0, SUBTASK_1]), 1)
  assert.equal(operators.get('in')?.enumerator, ENUMERATOR)
  assert.is(operators.get('out')?.enumerator, undefined)
})

test('an operator whose task has no subtasks has no shares', async () => {
  const { operators } = await readCheckpoint(await store([SUBTASK_0, SUBTASK_1]), 1)
  assert.equal(operators.get('seen')?.shares, [])
})

test('a checkpoint without one of its subtasks is refused', async () => {
  const message = /expected the subtasks 0 to 1 of task 0 \(operator 'in'\), found 1$/
  await rejects(readCheckpoint(await store([SUBTASK_1]), 1), {
    code: 'INCOMPLETE_CHECKPOINT',
    message,
  })
})

test('state of an operator that the metadata does not know is not dropped in silence', async () => {
  const stranger = [SUBTASK_0[0], { ...SUBTASK_0[1], operators: [state('seen', 1)] }] as const
  await rejects(readCheckpoint(await store([stranger, SUBTASK_1]), 1), {
    code: 'UNKNOWN_OPERATOR',
    message: /task 0: expected state of 'in', 'count', 'out', got that of 'seen'/,
  })
})

test('what was in flight is read back, of all subtasks', async () => {
  const name = { edge: 'in > count', fromSubtask: 0, toSubtask: 1 }
  const channels = [{ ...name, side: 'receiver' as const, batches: [] }]
  const withRecords = [SUBTASK_0[0], { ...SUBTASK_0[1], channels }] as const
  const stored = await readCheckpoint(await store([withRecords, SUBTASK_1]), 1)
  assert.equal(stored.channels, channels)
})

test('channels that are named in an unknown way are not dropped in silence', async () => {
  const channels = [{ edge: 0, fromSubtask: 0, batches: [] }] as never
  const withRecords = [SUBTASK_0[0], { ...SUBTASK_0[1], channels }] as const
  await rejects(readCheckpoint(await store([withRecords, SUBTASK_1]), 1), {
    code: 'UNSUPPORTED_CHANNEL_STATE',
    message: /memory: checkpoint 1: subtask 0 of task 0/,
  })
})

test('what a later version or somebody else has written is not taken for ours', async () => {
  for (const [coordinator, code] of [
    [{ format: 2, enumerators: [] }, 'UNSUPPORTED_FORMAT'],
    [{ format: 1 }, 'DAMAGED_PAYLOAD'],
    [undefined, 'DAMAGED_PAYLOAD'],
  ] as const) {
    const stored = await store([SUBTASK_0, SUBTASK_1], coordinator ?? null)
    await rejects(readCheckpoint(stored, 1), { code })
  }
})

test('a checkpoint that is not there is refused', async () => {
  await rejects(readCheckpoint(new MemorySnapshotStore(), 3), { code: 'UNKNOWN_CHECKPOINT' })
})

test.run()
