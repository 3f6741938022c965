/**
 * What the two threads of the interleaving test do: send some frames, receive them, and sleep as a slot does.
 */
import { Doorbell } from '../../../mailbox/doorbell.ts'
import { RingLinkReceiver, RingLinkSender } from '../../../mailbox/ring-link.ts'
import { HEAD, TAIL, WAITING_FOR_ROOM } from '../../../mailbox/ring.ts'
import type { Baton, Fault } from './baton.ts'

/** What is sent, through what, and how the threads sleep. Plain data: it goes to the worker. */
export interface Scenario {
  readonly capacityBytes: number
  /** Length of each frame in bytes. */
  readonly frames: readonly number[]
  readonly sleep: 'block' | 'async'
  readonly fault: Fault
}

/** The memory both threads share. */
export interface Shared {
  readonly ring: SharedArrayBuffer
  readonly bells: SharedArrayBuffer
}

/** The sending thread: sends all frames, then sleeps until the last byte is in the ring. */
export function prepareSender(shared: Shared, scenario: Scenario, baton: Baton): () => void {
  const words = new Int32Array(shared.bells)
  const bell = new Doorbell(words, 0)
  const sender = new RingLinkSender(shared.ring, new Doorbell(words, 1))
  const frames = scenario.frames.map(makeFrame)
  if (scenario.fault === 'tail becomes visible late') baton.lateWord = TAIL
  if (scenario.fault === 'wish for room becomes visible late') baton.lateWord = WAITING_FOR_ROOM
  if (scenario.fault === 'room is believed too early') baton.skewedWord = HEAD
  return () => {
    for (const frame of frames) sender.send(frame)
    while (!sender.flush()) {
      bell.prepareToSleep()
      if (scenario.fault !== 'sender does not look again' && sender.flush()) {
        bell.cancelSleep()
        return
      }
      sleep(bell, scenario, baton)
    }
  }
}

/** The receiving thread: takes and checks frames until all are there. */
export function prepareReceiver(shared: Shared, scenario: Scenario, baton: Baton): () => void {
  const words = new Int32Array(shared.bells)
  const bell = new Doorbell(words, 1)
  const receiver = new RingLinkReceiver(shared.ring, new Doorbell(words, 0))
  return () => {
    let received = 0
    for (;;) {
      for (let frame = receiver.receive(); frame !== undefined; frame = receiver.receive()) {
        checkFrame(frame, received, scenario.frames[received] ?? -1)
        received += 1
      }
      if (received === scenario.frames.length) break
      bell.prepareToSleep()
      if (scenario.fault !== 'receiver does not look again' && receiver.hasMail) bell.cancelSleep()
      else sleep(bell, scenario, baton)
    }
    if (receiver.hasMail) throw new Error('mail is left over')
  }
}

function sleep(bell: Doorbell, scenario: Scenario, baton: Baton): void {
  void bell.sleep(scenario.sleep === 'block' ? { blockMs: 1 } : {})
  baton.park()
}

/** The frame number `index`: its bytes tell frame and position. */
function makeFrame(length: number, index: number): Uint8Array {
  return Uint8Array.from({ length }, (_, position) => byteAt(index, position))
}

function byteAt(index: number, position: number): number {
  return (index * 101 + position * 7 + 1) & 0xff
}

function checkFrame(frame: Uint8Array, index: number, length: number): void {
  if (frame.length !== length) {
    throw new Error(`frame ${index}: expected ${length} bytes, got ${frame.length}`)
  }
  for (let position = 0; position < length; position++) {
    if (frame[position] !== byteAt(index, position)) throw new Error(`frame ${index} is torn`)
  }
}
