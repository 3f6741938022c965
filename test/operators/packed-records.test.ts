import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  isPackedRecords,
  packedInput,
  packerOf,
  PackingTransport,
} from '../../operators/packed-records.ts'
import type { Sink } from '../../operators/sink.ts'
import type { ChannelEvent, ChannelTransport } from '../../runtime/output-channel.ts'
import { throwsCode } from '../runner/expect.ts'

/** A link that keeps what it is given, and counts three bytes per value. */
function fakeLink() {
  const values: unknown[] = []
  const events: ChannelEvent[] = []
  const link: ChannelTransport = {
    copies: true,
    records(batch, _timestamps, length) {
      values.push(...batch.slice(0, length))
      return 3 * length
    },
    event: (event) => events.push(event),
  }
  return { link, values, events }
}

test('a batch crosses as one value that says how many records it stands for, and comes out as packed', () => {
  const { link, values, events } = fakeLink()
  const packer = {
    pack: (records: readonly unknown[], timestamps: Float64Array) =>
      `${records.join()} at ${timestamps.join()}`,
  }
  const transport = new PackingTransport(packer, link, (error) => error)
  // what lies behind the batch is left over from an earlier one
  assert.is(transport.records(['a', 'b', 'old'], Float64Array.of(1, 2, 9), 2), 3)
  transport.event({ kind: 'watermark', timestamp: 5 })
  assert.equal(events, [{ kind: 'watermark', timestamp: 5 }])
  assert.is(values.length, 1)

  const got: unknown[] = []
  const input = packedInput({
    full: true,
    emit: (value, timestamp) => got.push(['record', value, timestamp]),
    emitPacked: (packed, records) => got.push(['packed', packed, records]),
  })
  for (const value of [structuredClone(values[0]), { packed: 1 }, null, 'text'])
    input.emit(value, 7)
  assert.ok(input.full)
  assert.equal(got, [
    ['packed', 'a,b at 1,2', 2],
    ['record', { packed: 1 }, 7],
    ['record', null, 7],
    ['record', 'text', 7],
  ])
})

test('an error of the packer, or of the link about what it has made, is explained', () => {
  const explained = (error: unknown): Error => new Error(`in the sink: ${(error as Error).message}`)
  const failing = (): never => {
    throw new Error('too long')
  }
  const { link } = fakeLink()
  const packs = new PackingTransport({ pack: failing }, link, explained)
  assert.throws(() => packs.records([1], Float64Array.of(0), 1), /^in the sink: too long$/)
  const sends = new PackingTransport({ pack: () => 1 }, { ...link, records: failing }, explained)
  assert.throws(() => sends.records([1], Float64Array.of(0), 1), /^in the sink: too long$/)
})

test('a sink without a packer has none, and a packer must pack', () => {
  const sink: Sink<unknown> = {
    name: 'sink',
    open: () => ({ write() {}, flush() {}, close() {} }),
  }
  assert.is(packerOf(sink), undefined)
  const packer = { pack: (values: readonly unknown[]) => values.length }
  assert.is(packerOf({ ...sink, createPacker: () => packer }), packer)
  throwsCode(
    () => packerOf({ ...sink, createPacker: () => null } as unknown as Sink<unknown>),
    'INVALID_SINK',
  )
})

test('no record is taken for packed ones', () => {
  for (const record of [undefined, null, 1, 'millrace.packed', {}, [], { packed: [] }, new Date(0)])
    assert.not(isPackedRecords(record))
})

test.run()
