import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Collector } from '../../../api/execution/collector.ts'
import type { ChannelItem } from '../../../runtime/output-channel.ts'
import { rejects } from '../../runner/expect.ts'
import { testSlot } from '../../runtime/core-fakes.ts'

const END = { kind: 'end' } as const

function batch(...values: unknown[]): ChannelItem {
  return { values, timestamps: new Float64Array(values.length), length: values.length }
}

function rig(channels = 1) {
  const slot = testSlot()
  const collector = new Collector('rows')
  const { inputs } = collector.connect(slot, channels)
  const run = (): void => {
    while (slot.turn()) continue
  }
  const give = (channel: number, ...items: ChannelItem[]): void => {
    for (const item of items) inputs.offer(channel, item)
    run()
  }
  return { collector, inputs, give, run }
}

test('it takes from its channels only while somebody waits, one batch at a time', async () => {
  const { collector, inputs, give, run } = rig()
  give(0, batch(1, 2), batch(3))
  const first = collector.next()
  run()
  assert.equal(await first, { done: false, value: 1 })
  assert.equal(await collector.next(), { done: false, value: 2 })
  assert.is(inputs.take()?.['length' as never], 1, 'the second batch is still there')
})

test('it ends when every channel has ended, for every reader', async () => {
  const { collector, give } = rig(2)
  const reads = [collector.next(), collector.next(), collector.next()]
  give(0, batch('a'), END)
  give(1, { kind: 'watermark', timestamp: 1 }, END)
  await collector.received
  const results = await Promise.all(reads)
  assert.equal(
    results.map(({ done }) => done),
    [false, true, true],
  )
  assert.ok((await collector.next()).done)
})

test('the rest is taken without a reader, and kept for one', async () => {
  const { collector, give, run } = rig()
  give(0, batch(1), batch(2), END)
  collector.takeRest()
  run()
  await collector.received
  const values: unknown[] = []
  for await (const value of collector) values.push(value)
  assert.equal(values, [1, 2])
})

test('a failure answers who waits at once, without a turn of the slot, and comes before what was in memory', async () => {
  const { collector, give } = rig()
  const waiting = collector.next()
  collector.fail(new Error('over'))
  await rejects(waiting, { message: /over/ })
  give(0, batch(1))
  await rejects(collector.next(), { message: /over/ })
  await collector.received
})

test('what has come in completely can still be read after a failure of the job', async () => {
  const { collector, give, run } = rig()
  collector.takeRest()
  give(0, batch(1), END)
  run()
  collector.fail(new Error('commit failed'))
  assert.equal(await collector.next(), { done: false, value: 1 })
})

test('a reader that leaves frees the others and throws the rest away', async () => {
  const { collector, give, run } = rig()
  give(0, batch(1, 2))
  const first = collector.next()
  run()
  await first
  await collector.return()
  assert.ok((await collector.next()).done)
  give(0, batch(3), END)
  await collector.received
  assert.ok((await collector.next()).done)
})

test('input that cannot be read is told to the attempt', () => {
  const { collector, inputs } = rig()
  const errors: unknown[] = []
  collector.onFailed = (error) => errors.push(error)
  inputs.fail(new Error('unreadable'))
  assert.is(errors.length, 1)
})

test('where the job may restart, nothing is shown before it has finished, and what a failed attempt brought is gone', async () => {
  const slot = testSlot()
  const collector = new Collector('rows', { holds: true })
  const lost = collector.connect(slot, 1)
  lost.inputs.offer(0, batch('lost'))
  while (slot.turn()) continue
  const { inputs } = collector.connect(slot, 1)
  lost.inputs.offer(0, batch('late'))
  inputs.offer(0, batch('kept'))
  inputs.offer(0, END)
  while (slot.turn()) continue
  await collector.received
  const values: unknown[] = []
  const reading = (async () => {
    for await (const value of collector) values.push(value)
  })()
  await new Promise(setImmediate)
  assert.equal(values, [])
  collector.complete()
  await reading
  assert.equal(values, ['kept'])
})

test.run()
