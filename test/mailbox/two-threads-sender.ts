/**
 * Worker of the two-threads test: sends messages of random sizes in frames of random sizes.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Doorbell } from '../../mailbox/doorbell.ts'
import { RingLinkSender } from '../../mailbox/ring-link.ts'

/** What the sender is started with. */
export interface SenderData {
  readonly ring: SharedArrayBuffer
  readonly bells: SharedArrayBuffer
  readonly messages: number
  readonly seed: number
}

/** Longest message in bytes. */
export const MAX_MESSAGE_BYTES = 63

/** The next state of the generator that both threads step through; Numerical Recipes' constants. */
export function nextRandom(state: number): number {
  return (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
}

/** Takes one byte up in a checksum. */
export function addToChecksum(checksum: number, byte: number): number {
  return (Math.imul(checksum, 31) + byte) | 0
}

const PENDING_LIMIT_BYTES = 64 * 1024

if (parentPort !== null) {
  const port = parentPort
  // A pending sleep does not keep the thread alive; a port that listens does.
  port.on('message', () => undefined)
  port.postMessage(await sendAll(workerData))
  port.close()
}

/** Sends everything and returns the checksum of all message bytes. */
async function sendAll(data: SenderData): Promise<number> {
  const words = new Int32Array(data.bells)
  const bell = new Doorbell(words, 1)
  const sender = new RingLinkSender(data.ring, new Doorbell(words, 0))
  const frame = new Uint8Array(70_000)
  let random = data.seed
  let checksum = 0
  for (let sent = 0; sent < data.messages;) {
    random = nextRandom(random)
    // Mostly short frames, now and then one longer than the ring.
    const limit = random >>> 28 === 0 ? frame.length : 1 + ((random >>> 8) & 4095)
    let end = 0
    while (sent < data.messages && end < limit) {
      if (end + 1 + MAX_MESSAGE_BYTES > frame.length) break
      random = nextRandom(random)
      const length = (random >>> 16) & MAX_MESSAGE_BYTES
      frame[end++] = length
      for (let i = 0; i < length; i++) {
        const byte = (random + i * 13) & 0xff
        frame[end++] = byte
        checksum = addToChecksum(checksum, byte)
      }
      sent += 1
    }
    sender.send(frame.subarray(0, end))
    if (sender.pendingBytes > PENDING_LIMIT_BYTES) await flushAll(sender, bell)
  }
  await flushAll(sender, bell)
  return checksum
}

async function flushAll(sender: RingLinkSender, bell: Doorbell): Promise<void> {
  while (!sender.flush()) {
    bell.prepareToSleep()
    if (sender.flush()) {
      bell.cancelSleep()
      return
    }
    await bell.sleep({ blockMs: 0.05 })
  }
}
