import { test } from 'uvu'
import * as assert from 'uvu/assert'

import {
  packSubtask,
  parseSubtaskPartName,
  subtaskPartName,
  unpackSubtask,
} from '../../../checkpoint/store/subtask-part.ts'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'

const bytes = (...values: number[]): Buffer => Buffer.from(values)

const snapshot: SubtaskSnapshot = {
  operators: [
    {
      format: 1,
      uid: 'count',
      maxParallelism: 128,
      keyed: [{ name: 'counts', kind: 'value', version: 2 }],
      groups: [
        { keyGroup: 3, entries: 1, bytes: bytes(1, 2, 3) },
        { keyGroup: 9, entries: 0, bytes: bytes() },
      ],
      operator: [
        {
          name: 'seen',
          kind: 'list',
          version: 1,
          redistribution: 'split',
          items: 2,
          bytes: bytes(4, 5),
        },
      ],
    },
  ],
  source: {
    uid: 'files',
    received: 3,
    open: [{ split: { path: 'a.csv' }, position: { offset: 7n, since: new Date(5) } }],
  },
  sinks: [{ uid: 'out', state: undefined, committables: [{ file: 'part-1' }, bytes(6)] }],
  channels: [
    {
      edge: 'files > out',
      fromSubtask: 2,
      toSubtask: 0,
      side: 'sender',
      batches: [
        {
          codec: 'msgpack',
          length: 2,
          timestamps: Float64Array.of(-Infinity, 1.5),
          payload: bytes(7, 8, 9),
          marks: [{ kind: 'watermark', timestamp: Infinity }, { kind: 'idle' }],
        },
      ],
    },
  ],
  watermark: -Infinity,
  finished: false,
}

function pack(value: SubtaskSnapshot): Buffer {
  return Buffer.concat(packSubtask(value))
}

test('a snapshot comes back as it was', () => {
  assert.equal(unpackSubtask(pack(snapshot), 'here'), snapshot)
})

test('a snapshot without anything in it comes back as it was', () => {
  const nothing: SubtaskSnapshot = {
    operators: [],
    sinks: [],
    channels: [],
    watermark: 12.5,
    finished: true,
  }
  assert.equal(unpackSubtask(pack(nothing), 'here'), nothing)
})

test('the bytes of state are not copied', () => {
  const state = snapshot.operators[0]!.groups[0]!.bytes
  assert.ok(packSubtask(snapshot).includes(state))
  const content = pack(snapshot)
  const [operator] = unpackSubtask(content, 'here').operators
  assert.is(operator!.groups[0]!.bytes.buffer, content.buffer)
})

test('content that was cut or is longer is refused', () => {
  const whole = pack(snapshot)
  for (let length = 0; length < whole.length; length++) {
    assert.throws(
      () => unpackSubtask(whole.subarray(0, length), 'task-1'),
      (error: { code: string; message: string }) =>
        error.code === 'DAMAGED_PAYLOAD' && error.message.includes('task-1'),
      `${length} bytes`,
    )
  }
  assert.throws(() => unpackSubtask(Buffer.concat([whole, bytes(0)]), 'task-1'), /bytes/)
})

test('content of a later version is refused as such', () => {
  const later = pack(snapshot)
  later.writeUInt32LE(2, 0)
  assert.throws(
    () => unpackSubtask(later, 'task-1'),
    (error: { code: string }) => error.code === 'UNSUPPORTED_FORMAT',
  )
})

test('the name of a part says whose it is', () => {
  const owner = { taskId: 3, subtaskIndex: 12 }
  assert.is(subtaskPartName(owner), 'task-3/subtask-12')
  assert.equal(parseSubtaskPartName(subtaskPartName(owner)), owner)
  for (const other of [
    '',
    'task-3',
    'task-3/subtask-',
    'x/task-3/subtask-1',
    'task-3/subtask-1/',
  ]) {
    assert.is(parseSubtaskPartName(other), undefined, other)
  }
})

test.run()
