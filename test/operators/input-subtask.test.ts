import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { InputSubtask } from '../../operators/input-subtask.ts'
import { monotonous } from '../../operators/time/watermarks.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import { subtaskRig } from './subtask-rig.ts'
import type { RigOptions } from './subtask-rig.ts'

const END = { kind: 'end' } as const
const IDLE = { kind: 'idle' } as const

function watermark(timestamp: number): ChannelItem {
  return { kind: 'watermark', timestamp }
}

function records(...times: number[]): ChannelItem {
  return { values: times, timestamps: Float64Array.from(times), length: times.length }
}

function rig(channels: number, options: RigOptions & { readonly monotonous?: boolean } = {}) {
  const surroundings = subtaskRig(options, () => subtask)
  const subtask: InputSubtask = new InputSubtask({
    ...surroundings.parts,
    inputChannels: Array.from({ length: channels }, () => 0 as const),
    watermarks: options.monotonous === true ? monotonous() : undefined,
  })
  subtask.open()
  subtask.start()
  const give = async (channel: number, ...items: ChannelItem[]): Promise<void> => {
    for (const item of items) subtask.inputs.offer(channel, item)
    await surroundings.settle()
  }
  return { ...surroundings, subtask, give }
}

test('the watermark is the smallest of the inputs, and comes after the records before it', async () => {
  const { transport, give, subtask } = rig(2)
  await give(0, records(1, 2), watermark(5))
  assert.equal(transport.sent, [[1, 2]])
  await give(1, records(3), watermark(4))
  assert.equal(transport.sent, [[1, 2], [3], watermark(4)])
  assert.is(subtask.metrics().watermark, 4)
})

test('all inputs idle: first the watermark that follows from it, then idleness, once', async () => {
  const { transport, give } = rig(2)
  await give(0, watermark(3))
  await give(1, watermark(9), IDLE)
  await give(0, IDLE, IDLE)
  assert.equal(transport.sent, [watermark(3), watermark(9), IDLE])
})

test('it finishes when every input has ended, with the final watermark and then the end', async () => {
  const { transport, give, heard, subtask } = rig(2)
  await give(0, watermark(Infinity), END)
  assert.is(subtask.state, 'running')
  await give(1, records(1), watermark(Infinity), END)
  assert.is(subtask.state, 'finished')
  assert.equal(transport.sent, [[1], watermark(Infinity), END])
  assert.equal(heard, [['finished']])
})

test('without room behind it takes nothing more, and goes on when there is', async () => {
  const { channel, give, subtask, clock } = rig(1, { credits: 0 })
  const full = Array.from({ length: 512 }, (_, i) => i)
  await give(0, records(...full), records(...full), records(7))
  assert.is(subtask.metrics().recordsIn, 512)
  clock.pass(10)
  assert.is(subtask.metrics().backpressured, 1)
  channel.grant(100)
  await give(0, END)
  assert.is(subtask.metrics().recordsIn, 1_025)
  assert.is(subtask.metrics().recordsOut, 1_025)
  assert.is(subtask.state, 'finished')
})

test('a step that assigns timestamps makes the watermarks; only the final one comes through', async () => {
  const step: ChainElement = {
    name: 'stamp',
    step: { kind: 'timestamp', fn: (value) => Number(value) * 10 },
  }
  const { transport, give } = rig(1, { elements: [step], monotonous: true })
  await give(0, records(1, 3), watermark(2))
  await give(0, records(2))
  await give(0, watermark(Infinity), END)
  assert.equal(transport.sent, [[1, 3], watermark(29), [2], watermark(Infinity), END])
})

test('an error fails it; it takes nothing more and is heard once', async () => {
  const step: ChainElement = {
    name: 'bad',
    step: {
      kind: 'map',
      fn: () => {
        throw new Error('bad record')
      },
    },
  }
  const { give, heard, subtask } = rig(1, { elements: [step] })
  await give(0, records(1), records(2), END)
  assert.is(subtask.state, 'failed')
  assert.is(heard.length, 1)
  assert.match(String(heard[0]?.[1]), /'bad' .* on record 1: bad record/)
})

test('what cannot be sent at the end fails it instead of finishing it', async () => {
  const { give, heard, subtask, transport } = rig(1)
  transport.event = (event) => {
    if (event.kind === 'end') throw new Error('no end')
  }
  const records_ = transport.records.bind(transport)
  transport.records = (values, timestamps, length) => {
    if (values[0] === 13) throw new Error('unlucky')
    return records_(values, timestamps, length)
  }
  subtask.inputs.offer(0, records(13))
  subtask.inputs.offer(0, END)
  await give(0)
  assert.equal(
    heard.map(([what]) => what),
    ['failed'],
  )
})

test('nor does it finish when another of its channels says so, which no exception tells it', async () => {
  const last: ChainElement = {
    name: 'last',
    operator: {
      open: () => {},
      processRecord: () => {},
      processWatermark: () => true,
      close: () => {},
      endInput: () => {
        surroundings.gate.onError(new Error('unsendable'))
        return true
      },
    },
  }
  const surroundings = rig(1, { elements: [last] })
  const { give, heard, subtask, transport } = surroundings
  await give(0, records(1), END)
  assert.equal([subtask.state, heard.map(([what]) => what)], ['failed', ['failed']])
  assert.not(transport.sent.some((sent) => 'kind' in sent && sent.kind === 'end'))
})

test('cancelled, it does nothing more', async () => {
  const { give, heard, subtask, transport } = rig(1)
  subtask.cancel()
  await give(0, records(1), END)
  assert.equal([subtask.state, heard.length, transport.sent.length], ['cancelled', 0, 0])
})

test.run()
