import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MillraceError } from '../../mailbox/errors.ts'
import { decodeFrame, encodeFrame } from '../../mailbox/frame-codec.ts'
import { FRAME_VERSION, type Frame } from '../../mailbox/frame.ts'
import { anyValue, difference } from './codec-values.ts'

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const codec = fc.constantFrom('columns' as const, 'msgpack' as const)
const payload = fc.uint8Array({ maxLength: 300 })
const time = fc.oneof(fc.double(), fc.constantFrom(-Infinity, Infinity, -0, 0))
const times = fc
  .oneof(
    fc.array(time),
    fc.tuple(time, fc.nat(20)).map(([one, n]) => Array<number>(n).fill(one)),
  )
  .map((list) => new Float64Array(list))

const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc
    .record({
      kind: fc.constant('records' as const),
      channel: uint32,
      timestamps: times,
      codec,
      payload,
    })
    .map((f) => ({ ...f, length: f.timestamps.length })),
  times.chain((targets) =>
    fc.record({
      kind: fc.constant('message' as const),
      length: fc.constant(targets.length),
      targets: fc.constant(targets),
      correlations: fc.float64Array({ minLength: targets.length, maxLength: targets.length }),
      codec,
      payload,
    }),
  ),
  fc.record({
    kind: fc.constant('watermark' as const),
    channel: uint32,
    timestamp: fc.oneof(fc.integer(), fc.constantFrom(Infinity, -Infinity, 0.5)),
  }),
  fc.record({ kind: fc.constant('idle' as const), channel: uint32 }),
  fc.record({ kind: fc.constant('end' as const), channel: uint32 }),
  fc.record({
    kind: fc.constant('barrier' as const),
    channel: uint32,
    checkpointId: fc.maxSafeNat(),
  }),
  fc.array(fc.tuple(uint32, uint32)).map((pairs) => ({
    kind: 'credit' as const,
    channels: pairs.map(([a]) => a),
    credits: pairs.map(([, b]) => b),
  })),
  fc.array(anyValue, { maxLength: 5 }).map((mails) => ({ kind: 'control' as const, mails })),
)

function sorted(frame: Frame): unknown {
  const entries = Object.entries(frame).map(([key, value]: [string, unknown]) => [
    key,
    value instanceof Uint8Array && key === 'payload' ? new Uint8Array(value) : value,
  ])
  return Object.fromEntries(entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}

test('frames of every kind arrive as they were sent, at any offset in memory', () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(9), (frame, offset) => {
      const bytes = encodeFrame(frame)
      const memory = new Uint8Array(bytes.length + offset)
      memory.set(bytes, offset)
      assert.is(difference(sorted(frame), sorted(decodeFrame(memory.subarray(offset)))), undefined)
    }),
    { numRuns: 1000 },
  )
})

test('a frame is one msgpack array that starts with the version', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const fields = new Packr().unpack(encodeFrame(frame)) as unknown[]
      assert.is(fields[0], FRAME_VERSION)
    }),
  )
})

test('only the first length entries of a column are sent', () => {
  const frame: Frame = {
    kind: 'records',
    channel: 1,
    length: 2,
    timestamps: new Float64Array([1, 2, 3]),
    codec: 'columns',
    payload: new Uint8Array(1),
  }
  assert.equal(
    (decodeFrame(encodeFrame(frame)) as typeof frame).timestamps,
    new Float64Array([1, 2]),
  )
})

test('records without timestamps do not pay for the column', () => {
  const frame: Frame = {
    kind: 'records',
    channel: 1,
    length: 1000,
    timestamps: new Float64Array(1000).fill(-Infinity),
    codec: 'columns',
    payload: new Uint8Array(1),
  }
  assert.ok(encodeFrame(frame).length < 40)
})

test('large and small frames take turns in the memory that is used again', () => {
  for (const size of [10, 300_000, 10, 5_000_000, 10, 200_000]) {
    const payload = new Uint8Array(size).fill(size & 0xff)
    const frame: Frame = {
      kind: 'records',
      channel: 1,
      length: 1,
      timestamps: new Float64Array(1),
      codec: 'columns',
      payload,
    }
    const decoded = decodeFrame(Uint8Array.from(encodeFrame(frame)))
    assert.is(difference(sorted(frame), sorted(decoded)), undefined)
  }
})

test('a frame of another version is refused before anything else is looked at', () => {
  const bytes = new Packr().pack([FRAME_VERSION + 1, 'whatever comes'])
  assert.throws(
    () => decodeFrame(bytes),
    (error: MillraceError) => error.code === 'UNKNOWN_FRAME_VERSION',
  )
})

test('a length beyond all bounds is refused before memory is asked for', () => {
  const bytes = new Packr().pack([FRAME_VERSION, 0, 1, 2 ** 32 - 1, 0, -Infinity, Buffer.alloc(1)])
  assert.throws(
    () => decodeFrame(bytes),
    (error: MillraceError) => error.code === 'DAMAGED_FRAME',
  )
})

test('damaged frames raise DAMAGED_FRAME and never another error', () => {
  const codes = new Set(['DAMAGED_FRAME', 'UNKNOWN_FRAME_VERSION', 'DAMAGED_PAYLOAD'])
  fc.assert(
    fc.property(
      anyFrame,
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
      (frame, seed, byte, cut) => {
        const bytes = Uint8Array.from(encodeFrame(frame))
        const at = seed % bytes.length
        bytes[at] = byte
        try {
          decodeFrame(cut ? bytes.subarray(0, at) : bytes)
        } catch (error) {
          assert.instance(error, MillraceError)
          assert.ok(codes.has((error as MillraceError).code), (error as MillraceError).code)
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('fields of a wrong type or range raise INVALID_FRAME', () => {
  const bad: unknown[] = [
    { kind: 'idle', channel: -1 },
    { kind: 'idle', channel: 1.5 },
    { kind: 'end', channel: 2 ** 32 },
    { kind: 'watermark', channel: 1, timestamp: '5' },
    { kind: 'barrier', channel: 1, checkpointId: 0.5 },
    { kind: 'credit', channels: [1], credits: [] },
    { kind: 'nothing' },
    {
      kind: 'records',
      channel: 1,
      length: 2,
      timestamps: new Float64Array(1),
      codec: 'columns',
      payload: new Uint8Array(1),
    },
    {
      kind: 'records',
      channel: 1,
      length: 1,
      timestamps: new Float64Array(1),
      codec: 'json',
      payload: new Uint8Array(1),
    },
    {
      kind: 'records',
      channel: 1,
      length: 1,
      timestamps: new Float64Array(1),
      codec: 'columns',
      payload: 'text',
    },
  ]
  for (const frame of bad)
    assert.throws(
      () => encodeFrame(frame as Frame),
      (error: MillraceError) => error.code === 'INVALID_FRAME',
    )
})

test('control mail that cannot be sent raises UNSENDABLE_VALUE', () => {
  assert.throws(
    () => encodeFrame({ kind: 'control', mails: [{ f: () => 1 }] }),
    (error: MillraceError) =>
      error.code === 'UNSENDABLE_VALUE' && error.message.startsWith('control mail: '),
  )
})

test.run()
