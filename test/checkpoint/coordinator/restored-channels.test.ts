import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { StoredCheckpoint } from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import { restoreChannels } from '../../../checkpoint/coordinator/restored-channels.ts'
import type { ChannelSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { throwsCode } from '../../runner/expect.ts'

function channel(
  edge: string,
  [fromSubtask, toSubtask]: readonly [number, number],
  side: ChannelSnapshot['side'],
  length = 1,
): ChannelSnapshot {
  const batch = { codec: 'columns', length, timestamps: new Float64Array(length) }
  return {
    edge,
    fromSubtask,
    toSubtask,
    side,
    batches: [{ ...batch, payload: new Uint8Array(0) }],
  }
}

/** A checkpoint of `in`, with parallelism 2, and `out`, with 3. */
function stored(...channels: ChannelSnapshot[]): StoredCheckpoint {
  const operators = new Map([
    ['in', { parallelism: 2 }],
    ['out', { parallelism: 3 }],
  ])
  return { metadata: { id: 8 }, operators, channels } as unknown as StoredCheckpoint
}

const EDGE = { edge: 'in > out', from: 'in', to: 'out', takesChannelState: true }

test('what was in flight is found by its edge: per channel, what the receiver had before what the sender had', () => {
  const channels = [
    channel('in > out', [1, 2], 'sender'),
    channel('in > out', [0, 0], 'sender'),
    channel('in > out', [1, 2], 'receiver'),
    channel('in > out', [0, 2], 'receiver'),
  ]
  const restored = restoreChannels(stored(...channels), [EDGE]).get('in > out')
  assert.equal([restored?.senders, restored?.receivers], [2, 3])
  assert.equal(
    restored?.channels.map((each) => [each.fromSubtask, each.toSubtask, each.side]),
    [
      [0, 0, 'sender'],
      [0, 2, 'receiver'],
      [1, 2, 'receiver'],
      [1, 2, 'sender'],
    ],
  )
})

test('nothing in flight is nothing', () => {
  assert.is(restoreChannels(stored(), [EDGE]).size, 0)
})

test('records of an edge that is gone, or goes to everybody now, are refused with what there is', () => {
  const old = stored(channel('in > other', [0, 0], 'receiver', 5))
  const error = throwsCode(() => restoreChannels(old, [EDGE]), 'CHANNEL_STATE_WITHOUT_EDGE')
  assert.match((error as Error).message, /checkpoint 8 has 5 records .* 'in > other'.*'in > out'/)
  assert.is(restoreChannels(old, [EDGE], true).size, 0)
  const broadcast = { ...EDGE, takesChannelState: false }
  const all = stored(channel('in > out', [0, 0], 'receiver'))
  throwsCode(() => restoreChannels(all, [broadcast]), 'CHANNEL_STATE_WITHOUT_EDGE')
})

test('of an edge that is gone, event time alone is no loss', () => {
  const marks = stored(channel('in > other', [0, 0], 'receiver', 0))
  assert.is(restoreChannels(marks, [EDGE]).size, 0)
})

test.run()
