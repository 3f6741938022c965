import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createDoorbells, Doorbell } from '../../mailbox/doorbell.ts'
import { createRingBuffer } from '../../mailbox/ring.ts'
import { RingLinkReceiver, RingLinkSender } from '../../mailbox/ring-link.ts'
import { Peer } from '../../runtime/peer.ts'
import { Router } from '../../runtime/router.ts'
import { runSlotLoop } from '../../runtime/slot-loop.ts'
import { settleAtOnce, Slot } from '../../runtime/slot.ts'
import { systemClock } from '../../runtime/system-clock.ts'

const RING_BYTES = 4096

/** Slot 0, whose loop runs here, and the other ends of its links. */
function connected() {
  const words = new Int32Array(createDoorbells(2))
  const [bell, otherBell] = [new Doorbell(words, 0), new Doorbell(words, 1)]
  const slot = new Slot({
    index: 0,
    slotCount: 2,
    clock: systemClock,
    random: () => 0.5,
    whenSettled: settleAtOnce,
    wake: () => {
      bell.wakeLocally()
    },
  })
  const out = createRingBuffer(RING_BYTES)
  const back = createRingBuffer(RING_BYTES)
  const sender = new RingLinkSender(out, otherBell)
  slot.connect(new Peer(1, sender, new RingLinkReceiver(back, otherBell), new Router()))
  return { slot, bell, receiver: new RingLinkReceiver(out, bell) }
}

/** Lets the loop run until the condition holds, or for long enough that it never will. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !condition(); i++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

test('room that comes just before the loop falls asleep is used: the rest of a large frame follows', async () => {
  const { slot, bell, receiver } = connected()
  slot.peer(1).send({
    kind: 'records',
    channel: 1,
    length: 0,
    timestamps: new Float64Array(0),
    codec: 'msgpack',
    payload: new Uint8Array(10 * RING_BYTES),
  })
  let stopped = false
  let frame: Uint8Array | undefined
  const loop = runSlotLoop(slot, bell, {
    // The loop asks this last before it announces its sleep: the receiver's ring finds it awake and does nothing.
    stopped: () => {
      frame ??= receiver.receive()
      return stopped
    },
  })
  await until(() => {
    frame ??= receiver.receive()
    return frame !== undefined
  })
  stopped = true
  bell.wakeLocally()
  await loop
  assert.ok(frame !== undefined, 'the whole frame has come')
  assert.ok((frame?.length ?? 0) > 10 * RING_BYTES)
})

test('an actor that is made ready while the loop sleeps gets its turn', async () => {
  const { slot, bell } = connected()
  let stopped = false
  const loop = runSlotLoop(slot, bell, { stopped: () => stopped })
  await until(() => false)
  let turns = 0
  slot.ready({
    label: 'late',
    scheduled: false,
    turn: () => {
      turns++
      return 'idle'
    },
    turnFailed: assert.unreachable,
  })
  await until(() => turns > 0)
  stopped = true
  bell.wakeLocally()
  await loop
  assert.is(turns, 1)
})

test.run()
