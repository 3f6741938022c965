import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createMemoryLink } from '../../mailbox/memory-link.ts'
import { Peer } from '../../runtime/peer.ts'
import type { PeerHandlers } from '../../runtime/peer.ts'

/** Two peers, the second of which notes what comes. */
function pair() {
  const there = createMemoryLink()
  const back = createMemoryLink()
  const came: unknown[] = []
  const handlers: PeerHandlers = {
    stream: (frame) => came.push(frame.kind),
    credit: (channel, count) => came.push(['credit', channel, count]),
    messages: ({ targets }, values) => came.push([...targets].map((to, i) => [to, values[i]])),
    control: (mail) => came.push(['control', mail]),
    unsendable: (target, correlation) => came.push(['unsendable', target, correlation]),
    damaged: (error) => came.push(['damaged', (error as { code: string }).code]),
  }
  const a = new Peer(1, there.sender, back.receiver, handlers)
  const b = new Peer(0, back.sender, there.receiver, handlers)
  return { a, b, came, link: there }
}

test('what was collected leaves together: control mail first, then credits, then messages', () => {
  const { a, b, came } = pair()
  a.post(7, 'first', 0)
  a.grant(3, 4)
  a.postControl({ stop: 1 })
  a.post(8, 'second', 0)
  assert.not.ok(b.hasMail)
  assert.ok(a.hasOutput)
  a.pushOut()
  assert.not.ok(a.hasOutput)
  b.receiveSome()
  assert.equal(came, [
    ['control', { stop: 1 }],
    ['credit', 3, 4],
    [
      [7, 'first'],
      [8, 'second'],
    ],
  ])
})

test('a message that cannot be packed is lost alone, and known', () => {
  const { a, b, came } = pair()
  a.post(1, 'before', 0)
  a.post(2, () => {}, 55)
  a.post(3, 'after', 0)
  a.pushOut()
  b.receiveSome()
  assert.equal(came, [['unsendable', 2, 55], [[1, 'before']], [[3, 'after']]])
})

test('many messages leave in frames of a bounded number, in their order', () => {
  const { a, b, came } = pair()
  for (let i = 0; i < 1_300; i++) a.post(i, i, 0)
  a.pushOut()
  while (b.receiveOne()) continue
  assert.is(came.length, 3)
  const expected = Array.from({ length: 1_300 }, (_, i) => [i, i])
  assert.equal((came as unknown[][]).flat(), expected)
})

test('a damaged frame is told, and those after it still come', () => {
  const { a, b, came, link } = pair()
  link.sender.send(Uint8Array.of(1, 2, 3))
  a.send({ kind: 'end', channel: 1 })
  b.receiveSome()
  assert.is((came[0] as string[])[0], 'damaged')
  assert.is(came[1], 'end')
})

test('no link takes more than its share of one turn', () => {
  const { a, b, came } = pair()
  for (let i = 0; i < 100; i++) a.send({ kind: 'end', channel: 1 })
  b.receiveSome()
  assert.ok(came.length > 0 && came.length < 100)
  assert.ok(b.hasMail)
})

test.run()
