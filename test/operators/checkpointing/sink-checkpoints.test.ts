/** The sinks of a subtask at a barrier and at the end. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import type { PreparedWrites, SinkWriter } from '../../../operators/sink.ts'
import type { ChannelItem } from '../../../runtime/output-channel.ts'
import { subtaskRig } from '../subtask-rig.ts'

const BARRIER = { kind: 'barrier', checkpointId: 7 } as const
const END = { kind: 'end' } as const

function records(...values: unknown[]): ChannelItem {
  return { values, timestamps: new Float64Array(values.length), length: values.length }
}

/** A subtask with a writer whose `prepare` the test ends. */
function rig() {
  const calls: unknown[] = []
  let end: (prepared: PreparedWrites) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const writer: SinkWriter<unknown> = {
    write: (values) => {
      calls.push([...values])
    },
    flush: () => {
      calls.push('flush')
    },
    prepare: (last) => {
      calls.push(last ? 'prepare last' : 'prepare')
      return new Promise((resolve, reject) => {
        end = resolve
        fail = reject
      })
    },
    close: () => {
      calls.push('close')
    },
    abort: (keepPrepared) => {
      calls.push(['abort', keepPrepared])
    },
  }
  const surroundings = subtaskRig({ writer }, () => subtask)
  const subtask: InputSubtask = new InputSubtask({ ...surroundings.parts, inputChannels: [0] })
  subtask.open()
  subtask.start()
  const give = async (...items: ChannelItem[]): Promise<void> => {
    for (const item of items) subtask.inputs.offer(0, item)
    await surroundings.settle()
  }
  const prepared = async (result: PreparedWrites): Promise<void> => {
    end(result)
    await surroundings.settle()
  }
  const failed = async (error: unknown): Promise<void> => {
    fail(error)
    await surroundings.settle()
  }
  return { ...surroundings, subtask, calls, give, prepared, failed }
}

test('it acknowledges when its sinks have prepared what came before the barrier; the rest waits', async () => {
  const { give, calls, prepared, snapshots, transport } = rig()
  await give(records(1, 2), BARRIER, records(3), END)
  assert.equal(calls, [[1, 2], 'prepare'])
  assert.equal(transport.sent, [[1, 2], BARRIER])
  assert.is(snapshots.size, 0)
  await prepared({ state: { at: 2 }, committables: ['part 1'] })
  assert.equal(snapshots.get(7)?.sinks, [
    { uid: 'sink uid', state: { at: 2 }, committables: ['part 1'] },
  ])
  assert.equal(calls.slice(2), [[3], 'flush', 'prepare last'])
})

test('at the end its sinks prepare for the last time, before others hear of the end', async () => {
  const { give, calls, prepared, snapshots, heard, subtask, transport } = rig()
  await give(records(1), END)
  assert.equal([calls, heard, subtask.state], [[[1], 'flush', 'prepare last'], [], 'finishing'])
  assert.not.equal(transport.sent.at(-1), END)
  await prepared({ committables: ['part 1'] })
  assert.equal([heard, subtask.state, transport.sent.at(-1)], [[['finished']], 'finished', END])
  assert.equal(snapshots.get('end')?.sinks, [
    { uid: 'sink uid', state: undefined, committables: ['part 1'] },
  ])
  await subtask.commit()
  assert.is(calls.at(-1), 'close')
})

test('a writer that cannot prepare fails the subtask', async () => {
  const { give, failed, heard, snapshots, subtask } = rig()
  await give(BARRIER)
  await failed(new Error('disk full'))
  assert.equal([subtask.state, snapshots.size, heard.length], ['failed', 0, 1])
  assert.match(String(heard[0]?.[1]), /'sink' \(subtask 0\) failed: disk full/)
})

test('cancelled while its sinks prepare, it does not acknowledge, and says whether to keep what they had', async () => {
  const { give, prepared, calls, snapshots, subtask, heard } = rig()
  await give(BARRIER, records(1))
  subtask.cancel()
  const aborted = subtask.abort(true)
  assert.not(calls.some((call) => Array.isArray(call)))
  await prepared({})
  await aborted
  assert.equal(calls, ['prepare', ['abort', true]])
  assert.equal([snapshots.size, heard], [0, []])
})

test.run()
