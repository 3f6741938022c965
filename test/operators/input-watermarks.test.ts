/** The watermark of a subtask with several inputs: idle ones, and two kinds of them. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { InputSubtask } from '../../operators/input-subtask.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import { subtaskRig } from './subtask-rig.ts'

/** A subtask with these channels, `0` or `1` for the input that each feeds. */
function rig(...inputChannels: (0 | 1)[]) {
  const twoInputs = {
    name: 'both',
    operator: {
      open: () => {},
      processRecord1: () => {},
      processRecord2: () => {},
      processWatermark: () => true,
      endInput: () => true,
      close: () => {},
    },
  }
  const elements = inputChannels.includes(1) ? [twoInputs] : []
  const surroundings = subtaskRig({ elements }, () => subtask)
  const subtask: InputSubtask = new InputSubtask({ ...surroundings.parts, inputChannels })
  subtask.open()
  subtask.start()
  let seen = 0
  const offer = async (channel: number, item: ChannelItem): Promise<unknown[]> => {
    subtask.inputs.offer(channel, item)
    await surroundings.settle()
    const items = surroundings.transport.sent.slice(seen)
    seen = surroundings.transport.sent.length
    return items.flatMap((each): unknown[] => {
      if (!('kind' in each)) return [...each]
      return [each.kind === 'watermark' ? `w${each.timestamp}` : each.kind]
    })
  }
  return {
    watermark: (channel: number, timestamp: number) =>
      offer(channel, { kind: 'watermark', timestamp }),
    idle: (channel: number) => offer(channel, { kind: 'idle' }),
    record: (channel: number, value: unknown) =>
      offer(channel, { values: [value], timestamps: new Float64Array(1), length: 1 }),
  }
}

test('of two inputs, one that wakes holds the watermark until it has caught up', async () => {
  const { watermark, idle, record } = rig(0, 1)
  await watermark(0, 10)
  await idle(0)
  assert.equal(await watermark(1, 100), ['w100'])
  await record(0, 'x')
  assert.equal(await watermark(1, 200), [])
  assert.equal(await watermark(0, 150), ['w150'])
})

test('when both of two inputs are idle, the watermark stays where it is', async () => {
  const { watermark, idle } = rig(0, 1)
  await watermark(0, 100)
  assert.equal(await watermark(1, 50), ['w50'])
  assert.equal(await idle(0), [])
  assert.equal(await idle(1), ['idle'])
  assert.equal(await watermark(1, 60), ['w50', 'w60'])
})

test('a subtask that has records again says so to everybody, whoever gets them', async () => {
  const { idle, record, watermark } = rig(0, 0)
  await idle(0)
  assert.equal(await idle(1), ['idle'])
  assert.equal(await record(0, 'x'), ['w-Infinity', 'x'])
  assert.equal(await idle(0), ['idle'])
  assert.equal(await watermark(1, 5), ['w-Infinity', 'w5'])
})

test.run()
