import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { CodecName } from '../../mailbox/codec.ts'
import type { InputGate } from '../../runtime/input-gate.ts'
import {
  BATCH_RECORDS,
  CHANNEL_CREDITS,
  LinkTransport,
  LocalTransport,
  OutputChannel,
  OutputGate,
} from '../../runtime/output-channel.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import { RecordingTransport, takeAll, testGate, testMesh, testSlot } from './core-fakes.ts'

interface Rig {
  readonly channel: OutputChannel
  readonly gate: OutputGate
  readonly transport: RecordingTransport
  readonly append: (count: number) => void
}

function rig(credits: number): Rig {
  const gate = new OutputGate()
  const transport = new RecordingTransport()
  const channel = new OutputChannel(1, testSlot(), gate, transport, credits)
  let next = 0
  const append = (count: number): void => {
    for (let i = 0; i < count; i++) channel.append(next++, 0)
  }
  return { channel, gate, transport, append }
}

test('a full batch leaves at once, an open one with the flush', () => {
  const { channel, transport, append } = rig(8)
  append(BATCH_RECORDS + 3)
  assert.equal(transport.shapes, [BATCH_RECORDS])
  channel.flush()
  assert.equal(transport.shapes, [BATCH_RECORDS, 3])
  assert.is(channel.recordCount, BATCH_RECORDS + 3)
  assert.ok(channel.drained)
})

test('the backlog is what was sent and not taken yet, and what waits for credit', () => {
  const { channel, append } = rig(2)
  assert.equal([channel.backlog, channel.openRecords], [0, 0])
  append(3 * BATCH_RECORDS + 1)
  assert.equal([channel.backlog, channel.openRecords], [3, 1])
  channel.grant(2)
  channel.flush()
  assert.equal([channel.backlog, channel.openRecords], [2, 0])
})

test('a watermark, an event and the end leave after the records before them; of watermarks the newest', () => {
  const { channel, transport, append } = rig(8)
  append(2)
  channel.watermark(5)
  channel.watermark(6)
  channel.event({ kind: 'end' })
  channel.flush()
  assert.equal(transport.sent, [[0, 1], { kind: 'watermark', timestamp: 6 }, { kind: 'end' }])
})

test('records that come after an event do not overtake it', () => {
  const { channel, transport, append } = rig(8)
  append(1)
  channel.event({ kind: 'barrier', checkpointId: 1 })
  append(BATCH_RECORDS)
  channel.flush()
  assert.equal(transport.shapes, [1, 'barrier', BATCH_RECORDS])
})

test('nor when the event had to wait for a credit', () => {
  const { channel, transport, append } = rig(1)
  append(1)
  channel.event({ kind: 'idle' })
  channel.flush()
  append(3)
  channel.flush()
  assert.equal(transport.shapes, [1])
  channel.grant(4)
  channel.flush()
  assert.equal(transport.shapes, [1, 'idle', 3])
})

test('a credit does not cut an open batch short while the slot is busy', () => {
  const { channel, transport, append } = rig(1)
  append(2 * BATCH_RECORDS + 10)
  assert.equal(transport.shapes, [BATCH_RECORDS])
  channel.grant(4)
  assert.equal(transport.shapes, [BATCH_RECORDS, BATCH_RECORDS])
  append(BATCH_RECORDS - 10)
  assert.equal(transport.shapes, [BATCH_RECORDS, BATCH_RECORDS, BATCH_RECORDS])
})

test('a flush without credit lets the batch grow, and the next credit sends it', () => {
  const { channel, gate, transport, append } = rig(0)
  append(5)
  channel.flush()
  assert.not.ok(gate.full, 'there is room in the batch')
  append(5)
  channel.grant(1)
  assert.equal(transport.shapes, [10])
})

test('what waits for credit closes the gate, events too, and opens it when it has left', () => {
  let rooms = 0
  const { channel, gate, append } = rig(0)
  gate.onRoom = () => rooms++
  append(BATCH_RECORDS)
  assert.ok(gate.full)
  channel.grant(1)
  assert.not.ok(gate.full)
  assert.is(rooms, 1)
  channel.event({ kind: 'idle' })
  channel.flush()
  assert.ok(gate.full, 'an event that waits')
  channel.grant(1)
  assert.not.ok(gate.full)
  assert.is(rooms, 2)
})

test('a gate of several channels is open only when none of them waits', () => {
  const gate = new OutputGate()
  const slot = testSlot()
  const channels = [1, 2].map(
    (id) => new OutputChannel(id, slot, gate, new RecordingTransport(), 0),
  )
  for (const channel of channels) {
    for (let i = 0; i < BATCH_RECORDS; i++) channel.append(i, 0)
  }
  channels[0]!.grant(1)
  assert.ok(gate.full)
  channels[1]!.grant(1)
  assert.not.ok(gate.full)
})

test('a watermark gets through although each burst needs more credits than there are', () => {
  const { channel, gate, transport, append } = rig(4)
  for (let round = 0; round < 5; round++) {
    append(4 * BATCH_RECORDS)
    channel.watermark(round)
    append(4 * BATCH_RECORDS)
    while (gate.full) channel.grant(4)
  }
  assert.ok(transport.shapes.includes('watermark'))
})

test('before a full batch leave the open ones of the other channels, which are older', () => {
  const gate = new OutputGate()
  const sent: string[] = []
  const names = ['rare', 'frequent', 'unused']
  class NamedTransport extends RecordingTransport {
    readonly #name: string
    constructor(name: string) {
      super()
      this.#name = name
    }
    override records(values: unknown[], timestamps: Float64Array, length: number): number {
      sent.push(`${this.#name} ${length}`)
      return super.records(values, timestamps, length)
    }
  }
  const [rare, frequent] = names.map(
    (name, id) => new OutputChannel(id, testSlot(), gate, new NamedTransport(name), 8),
  ) as [OutputChannel, OutputChannel]
  rare.append('the first', 0)
  for (let i = 0; i < 2 * BATCH_RECORDS; i++) frequent.append(i, 0)
  // Three channels: at every second full batch.
  assert.equal(sent, [`frequent ${BATCH_RECORDS}`, 'rare 1', `frequent ${BATCH_RECORDS}`])
})

test('large records travel in batches of fewer', () => {
  const [a, b] = testMesh()
  const transport = new LinkTransport(a.slot.peer(1), 1, 'msgpack')
  const channel = new OutputChannel(1, a.slot, new OutputGate(), transport, 1_000)
  const { gate } = testGate(b.slot)
  b.router.addInput(1, gate, 0)
  for (let i = 0; i < 20; i++) channel.append('x'.repeat(100_000), 0)
  channel.flush()
  for (let i = 0; i < 8; i++) channel.append('x'.repeat(100_000), 0)
  channel.flush()
  b.slot.turn()
  const lengths = takeAll(gate).map((item) => ('values' in item ? item.length : 0))
  assert.is(lengths[0], 20)
  assert.ok(
    lengths.slice(1).every((length) => length <= 3),
    String(lengths),
  )
})

test('a record that cannot be sent from a flush is told to the gate', () => {
  const errors: unknown[] = []
  const [a] = testMesh()
  const gate = new OutputGate()
  gate.onError = (error) => errors.push(error)
  const transport = new LinkTransport(a.slot.peer(1), 1, 'columns', () => 'explained')
  const channel = new OutputChannel(1, a.slot, gate, transport)
  channel.append(() => 1, 0)
  channel.flush()
  channel.append(() => 2, 0)
  channel.event({ kind: 'end' })
  assert.equal(errors, ['explained', 'explained'])
})

/** What a test hands in. */
type Action =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'watermark' | 'idle' | 'send' | 'receive' }
  | { readonly kind: 'take'; readonly count: number }

const action = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    count: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 400, max: 3_000 })),
  }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 10 }) }),
  fc.constantFrom<Action>(
    { kind: 'watermark' },
    { kind: 'idle' },
    { kind: 'send' },
    { kind: 'receive' },
  ),
)

interface Connection {
  readonly channel: OutputChannel
  readonly inputs: InputGate
  readonly send: () => void
  readonly receive: () => void
}

function localConnection(): Connection {
  const slot = testSlot()
  const { gate: inputs } = testGate(slot)
  const channel = new OutputChannel(1, slot, new OutputGate(), new LocalTransport(inputs, 0))
  inputs.setCreditTarget(0, { kind: 'local', output: channel })
  const turn = (): void => {
    slot.turn()
  }
  return { channel, inputs, send: turn, receive: turn }
}

function linkConnection(codec: CodecName): Connection {
  const [a, b] = testMesh()
  const { gate: inputs } = testGate(b.slot)
  const transport = new LinkTransport(a.slot.peer(1), 9, codec)
  const channel = new OutputChannel(9, a.slot, new OutputGate(), transport)
  a.router.addOutput(channel)
  b.router.addInput(9, inputs, 0)
  inputs.setCreditTarget(0, { kind: 'remote', peer: b.slot.peer(0), channel: 9 })
  return {
    channel,
    inputs,
    send: () => a.slot.turn(),
    receive: () => b.slot.turn(),
  }
}

/** Runs the actions; returns what was handed in, as one line of records and events, and what came out. */
function perform({ channel, inputs, send, receive }: Connection, actions: readonly Action[]) {
  const handedIn: (number | string)[] = []
  const out: ChannelItem[] = []
  let records = 0
  let time = 0
  for (const step of actions) {
    switch (step.kind) {
      case 'append':
        for (let i = 0; i < step.count; i++) {
          handedIn.push(records)
          channel.append(records++, time)
        }
        break
      case 'watermark':
        handedIn.push(`watermark ${++time}`)
        channel.watermark(time)
        break
      case 'idle':
        handedIn.push('idle')
        channel.event({ kind: 'idle' })
        break
      case 'send':
        send()
        break
      case 'receive':
        receive()
        break
      case 'take':
        out.push(...takeAll(inputs, step.count))
    }
  }
  channel.event({ kind: 'end' })
  // The end is certain to come: every round moves something, or the loop ends and the comparison fails.
  for (let round = 0; round < 10_000 && !endsWell(out); round++) {
    send()
    receive()
    out.push(...takeAll(inputs))
    receive()
  }
  return { handedIn, out }
}

function endsWell(items: readonly ChannelItem[]): boolean {
  const last = items.at(-1)
  return last !== undefined && 'kind' in last && last.kind === 'end'
}

function check(handedIn: readonly (number | string)[], out: readonly ChannelItem[]): void {
  const got: (number | string)[] = []
  const timestamps: number[] = []
  for (const item of out) {
    if ('values' in item) {
      got.push(...(item.values.slice(0, item.length) as number[]))
      timestamps.push(...item.timestamps.subarray(0, item.length))
    } else {
      got.push(item.kind === 'watermark' ? `watermark ${item.timestamp}` : item.kind)
    }
  }
  const isWatermark = (entry: number | string): boolean => String(entry).startsWith('watermark')
  const others = (line: readonly (number | string)[]) => line.filter((entry) => !isWatermark(entry))
  // Records and events: nothing lost, order kept, the end last.
  assert.equal(others(got), [...others(handedIn), 'end'])
  assert.is(timestamps.length, handedIn.filter((entry) => typeof entry === 'number').length)
  const order = new Map(handedIn.map((entry, at) => [entry, at]))
  let newest = 0
  got.forEach((entry, at) => {
    if (!isWatermark(entry)) return
    const time = Number(String(entry).slice('watermark '.length))
    assert.ok(time > newest, 'watermarks go up')
    newest = time
    // All that was handed in before the watermark has come before it.
    const before = got.slice(0, at).filter((other) => typeof other === 'number').length
    const promised = handedIn
      .slice(0, order.get(entry))
      .filter((other) => typeof other === 'number').length
    assert.ok(before >= promised, `${entry} came after ${before} of ${promised} records`)
  })
  assert.is(newest, handedIn.filter(isWatermark).length, 'the last watermark arrives')
}

const CONNECTIONS: readonly (readonly [string, () => Connection])[] = [
  ['in one slot', localConnection],
  ['over a link, columns', () => linkConnection('columns')],
  ['over a link, msgpack', () => linkConnection('msgpack')],
]

for (const [where, connect] of CONNECTIONS) {
  // A frame too many would not fit into the mailbox, which throws.
  test(`${where}: credits bound what is in flight; nothing is lost, order is kept, the end is last`, () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { handedIn, out } = perform(connect(), actions)
        check(handedIn, out)
      }),
      { numRuns: 60 },
    )
  })
}

test('a receiver that takes nothing gets no more frames than the window', () => {
  const { channel, inputs, send, receive } = linkConnection('columns')
  for (let i = 0; i < 50; i++) {
    for (let j = 0; j < BATCH_RECORDS; j++) channel.append(j, 0)
    send()
    receive()
  }
  assert.is(takeAll(inputs).length, CHANNEL_CREDITS)
  assert.ok(channel.full)
})

test.run()
