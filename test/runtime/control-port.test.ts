import { MessageChannel } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MillraceError } from '../../mailbox/errors.ts'
import { handedOver, openControlPort } from '../../runtime/control-port.ts'
import { leftovers, rejects } from '../runner/expect.ts'

interface Remote {
  add(a: number, b: number): number
  sum(of: { readonly bytes: Uint8Array }): number
  fail(): void
  never(): Promise<void>
  unsendable(): unknown
}

async function withPort(
  use: (caller: ReturnType<typeof openControlPort<Remote>>) => Promise<void>,
) {
  const nothingLeft = leftovers()
  const { port1, port2 } = new MessageChannel()
  openControlPort(port2, {
    add: (a: number, b: number) => a + b,
    sum: ({ bytes }: { readonly bytes: Uint8Array }) => bytes.reduce((a, b) => a + b, 0),
    fail: () => {
      throw new MillraceError('BROKEN', 'it broke', {
        cause: new TypeError('why'),
        retryable: true,
      })
    },
    never: () => new Promise(() => {}),
    unsendable: () => () => {},
  })
  try {
    await use(openControlPort<Remote>(port1, {}))
  } finally {
    port1.close()
  }
  await nothingLeft()
}

test('a call gets its answer, or its error with name, code, cause and stack', () =>
  withPort(async ({ remote }) => {
    assert.is(await remote.add(1, 2), 3)
    const error = (await rejects(remote.fail(), { code: 'BROKEN' })) as MillraceError
    assert.is(error.name, 'MillraceError')
    assert.is((error.cause as Error).message, 'why')
    assert.match(error.stack ?? '', /control-port\.test/)
    assert.ok(error.retryable)
  }))

test('what cannot be sent is an error of the call', () =>
  withPort(async ({ remote }) => {
    await rejects(remote.unsendable())
    await rejects(remote.add((() => 1) as never, 2))
    assert.is(await remote.add(2, 2), 4)
  }))

test('when the other side is gone, calls that wait and later ones are rejected', () =>
  withPort(async (caller) => {
    const waiting = caller.remote.never()
    caller.fail(new MillraceError('GONE', 'gone'))
    await rejects(waiting, { code: 'GONE' })
    await rejects(caller.remote.add(1, 1), { code: 'GONE' })
  }))

test('bytes that are handed over arrive, and are gone here', () =>
  withPort(async ({ remote }) => {
    const bytes = Uint8Array.of(1, 2, 3)
    const answer = remote.sum(handedOver({ bytes: bytes.subarray(1) }, [bytes.buffer]))
    assert.is(bytes.length, 0)
    assert.is(await answer, 5)
  }))

test.run()
