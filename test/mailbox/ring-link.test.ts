import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createDoorbells, Doorbell } from '../../mailbox/doorbell.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { createMemoryLink } from '../../mailbox/memory-link.ts'
import { RingLinkReceiver, RingLinkSender } from '../../mailbox/ring-link.ts'
import { createRingBuffer, DATA_OFFSET, TAIL } from '../../mailbox/ring.ts'

function createLink(capacityBytes: number) {
  const words = new Int32Array(createDoorbells(2))
  const ring = createRingBuffer(capacityBytes)
  return {
    ring,
    sender: new RingLinkSender(ring, new Doorbell(words, 0)),
    receiver: new RingLinkReceiver(ring, new Doorbell(words, 1)),
  }
}

function bytes(length: number, seed = 0): Uint8Array {
  const result = new Uint8Array(length)
  for (let i = 0; i < length; i++) result[i] = (i * 7 + (i >>> 8) + seed * 31) & 0xff
  return result
}

/** Not assert.equal: its difference of large arrays takes for ever. */
function same(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.ok(actual, 'expected a frame, got none')
  assert.is(Buffer.compare(actual, expected), 0, `a frame of ${expected.length} bytes differs`)
}

test('frames arrive whole at every offset of the ring, the end included', () => {
  for (let length = 0; length < 60; length++) {
    const { sender, receiver } = createLink(128)
    for (let round = 0; round < 40; round++) {
      sender.send(bytes(length, round))
      same(receiver.receive(), bytes(length, round))
      assert.is(receiver.receive(), undefined)
      assert.not(receiver.hasMail)
    }
  }
})

test('positions go on past 2^31 and 2^32 bytes', () => {
  for (const start of [2 ** 31 - 64, 2 ** 32 - 64]) {
    const words = new Int32Array(createDoorbells(2))
    const ring = createRingBuffer(128)
    new Int32Array(ring)[TAIL] = start | 0
    new Int32Array(ring)[256 / 4] = start | 0
    const sender = new RingLinkSender(ring, new Doorbell(words, 0))
    const receiver = new RingLinkReceiver(ring, new Doorbell(words, 1))
    for (let round = 0; round < 20; round++) {
      sender.send(bytes(50, round))
      sender.send(bytes(51, round))
      same(receiver.receive(), bytes(50, round))
      same(receiver.receive(), bytes(51, round))
    }
  }
})

test('an empty frame is a frame', () => {
  const { sender, receiver } = createLink(64)
  for (let i = 0; i < 20; i++) sender.send(new Uint8Array(0))
  let received = 0
  do {
    for (let frame = receiver.receive(); frame; frame = receiver.receive()) {
      assert.is(frame.length, 0)
      received += 1
    }
  } while (!sender.flush() || receiver.hasMail)
  assert.is(received, 20)
})

test('frames around each fragment boundary pass a ring of 256 bytes', () => {
  for (let length = 0; length < 1100; length++) {
    const { sender, receiver } = createLink(256)
    sender.send(bytes(length))
    sender.send(bytes(3, 1))
    const frames: Uint8Array[] = []
    for (let turn = 0; frames.length < 2 && turn < 100; turn++) {
      for (let frame = receiver.receive(); frame; frame = receiver.receive()) frames.push(frame)
      sender.flush()
    }
    same(frames[0], bytes(length))
    same(frames[1], bytes(3, 1))
    assert.is(sender.pendingBytes, 0)
  }
})

test('a frame of 64 MiB passes a ring of 1 MiB', () => {
  const { sender, receiver } = createLink(2 ** 20)
  const large = bytes(2 ** 26)
  sender.send(large)
  let frame = receiver.receive()
  for (let turn = 0; frame === undefined && turn < 1000; turn++) {
    sender.flush()
    frame = receiver.receive()
  }
  same(frame, large)
  assert.ok(sender.flush())
})

test('what the caller does with its buffer after send changes nothing, in the ring or in the queue', () => {
  for (const link of [createLink(64), createMemoryLink()]) {
    const buffer = Buffer.alloc(16)
    for (let i = 0; i < 10; i++) link.sender.send(buffer.fill(i))
    buffer.fill(99)
    for (let i = 0; i < 10; i++) {
      link.sender.flush()
      same(link.receiver.receive(), new Uint8Array(16).fill(i))
    }
  }
})

test('a received frame is private and stays as it is', () => {
  const { sender, receiver } = createLink(64)
  const kept: Uint8Array[] = []
  for (let round = 0; round < 5000; round++) {
    sender.send(bytes(30, round))
    const frame = receiver.receive()
    assert.ok(frame)
    assert.instance(frame.buffer, ArrayBuffer)
    kept.push(frame)
  }
  kept.forEach((frame, round) => same(frame, bytes(30, round)))
})

test('any frames through any ring, with any turns of both ends, arrive once and in order', () => {
  const action = fc.oneof(
    fc.record({ send: fc.nat(400) }),
    fc.constant({ receive: true as const }),
    fc.constant({ flush: true as const }),
  )
  const capacity = fc.constantFrom(64, 128, 256, 1024)
  fc.assert(
    fc.property(capacity, fc.array(action, { maxLength: 200 }), (capacityBytes, actions) => {
      const { sender, receiver } = createLink(capacityBytes)
      const expected: Uint8Array[] = []
      let sent = 0
      let received = 0
      const receive = (): boolean => {
        const frame = receiver.receive()
        if (frame !== undefined) same(frame, expected[received++] ?? bytes(0))
        return frame !== undefined
      }
      for (const step of actions) {
        if ('send' in step) {
          expected.push(bytes(step.send, sent++))
          sender.send(expected.at(-1) ?? bytes(0))
        } else if ('flush' in step) sender.flush()
        else receive()
      }
      while (receive() || !sender.flush() || receiver.hasMail);
      assert.is(received, sent)
      assert.is(sender.pendingBytes, 0)
    }),
    { numRuns: 300 },
  )
})

test('frames that wait for room are counted', () => {
  const { sender } = createLink(64)
  sender.send(bytes(56))
  assert.is(sender.pendingBytes, 0)
  sender.send(bytes(100))
  assert.ok(sender.pendingBytes >= 100)
  assert.not(sender.flush())
})

test('a ring that was overwritten is refused', () => {
  const { ring, sender, receiver } = createLink(64)
  sender.send(bytes(8))
  new Int32Array(ring)[DATA_OFFSET / 4] = 5000
  assert.throws(
    () => receiver.receive(),
    (error: unknown) => error instanceof MillraceError && error.code === 'LINK_CORRUPT',
  )
})

test('capacities and buffers are checked', () => {
  const invalid = (error: unknown): boolean =>
    error instanceof MillraceError && error.code === 'INVALID_ARGUMENT'
  for (const capacity of [0, -1, 63, 64.5, Number.NaN, 2 ** 31]) {
    assert.throws(() => createRingBuffer(capacity), invalid)
  }
  assert.is(createRingBuffer(100).byteLength, DATA_OFFSET + 128)
  const bell = new Doorbell(new Int32Array(createDoorbells(1)), 0)
  assert.throws(() => new RingLinkSender(new SharedArrayBuffer(4096), bell), invalid)
  assert.throws(() => new RingLinkReceiver(new SharedArrayBuffer(16), bell), invalid)
})

test('a memory link keeps frames in order and counts them', () => {
  const { sender, receiver } = createMemoryLink()
  for (let i = 0; i < 100; i++) sender.send(bytes(i, i))
  assert.is(receiver.queued, 100)
  for (let i = 0; i < 100; i++) same(receiver.receive(), bytes(i, i))
  assert.not(receiver.hasMail)
  assert.is(receiver.receive(), undefined)
  assert.ok(sender.flush())
  assert.is(sender.pendingBytes, 0)
})

test.run()
