/**
 * The link between two real threads. `MILLRACE_LINK_MESSAGES` changes the number of messages.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createDoorbells, Doorbell } from '../../mailbox/doorbell.ts'
import { RingLinkReceiver } from '../../mailbox/ring-link.ts'
import { createRingBuffer } from '../../mailbox/ring.ts'
import { addToChecksum } from './two-threads-sender.ts'
import type { SenderData } from './two-threads-sender.ts'

const MESSAGES = Number(process.env['MILLRACE_LINK_MESSAGES'] ?? 10_000_000)

test(`${MESSAGES} messages of random sizes cross two threads whole and in order`, async () => {
  const data: SenderData = {
    ring: createRingBuffer(32 * 1024),
    bells: createDoorbells(2),
    messages: MESSAGES,
    seed: 20_260_101,
  }
  const worker = new Worker(new URL('./two-threads-sender.js', import.meta.url), {
    workerData: data,
  })
  const answer = once(worker, 'message')
  const ended = once(worker, 'exit')
  const words = new Int32Array(data.bells)
  const bell = new Doorbell(words, 0)
  const receiver = new RingLinkReceiver(data.ring, new Doorbell(words, 1))
  let messages = 0
  let checksum = 0
  while (messages < MESSAGES) {
    for (let frame = receiver.receive(); frame !== undefined; frame = receiver.receive()) {
      let at = 0
      while (at < frame.length) {
        const end = at + 1 + frame[at]!
        for (at += 1; at < end; at++) checksum = addToChecksum(checksum, frame[at]!)
        messages += 1
      }
      assert.is(at, frame.length, 'the last message of a frame is cut')
    }
    bell.prepareToSleep()
    if (receiver.hasMail || messages === MESSAGES) bell.cancelSleep()
    else await bell.sleep()
  }
  const [sent] = await answer
  assert.is(messages, MESSAGES)
  assert.is(checksum, sent)
  assert.is(receiver.receive(), undefined)
  await ended
})

test.run()
