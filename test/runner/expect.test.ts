import { MessageChannel, Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { leftovers, rejects, throwsCode } from './expect.ts'

class Coded extends Error {
  readonly code = 'CODED'
}

const throwCoded = (): never => {
  throw new Coded('with a code')
}

test('rejects takes a promise, an async function and one that throws at once, and returns the error', async () => {
  const error = new Coded('x')
  assert.is(await rejects(Promise.reject(error), { code: 'CODED' }), error)
  assert.is(await rejects(async () => Promise.reject(error)), error)
  assert.instance(await rejects(throwCoded, { code: 'CODED', message: /with a code/ }), Coded)
})

test('rejects fails when nothing is rejected, or something else', async () => {
  const code = { code: 'ERR_ASSERTION' }
  await rejects(() => rejects(Promise.resolve(3)), code)
  await rejects(() => rejects(throwCoded, { code: 'OTHER' }), code)
  await rejects(() => rejects(throwCoded, { message: /other/ }), code)
  await rejects(() => rejects(throwCoded, () => false), code)
  await rejects(throwCoded, (error) => error instanceof Coded)
})

test('throwsCode fails without an error and for another code', () => {
  assert.instance(throwsCode(throwCoded, 'CODED'), Coded)
  const expectsFailure = (action: () => unknown): void => {
    throwsCode(() => throwsCode(action, 'CODED'), 'ERR_ASSERTION')
  }
  expectsFailure(() => 3)
  expectsFailure(() => {
    throw new Error('without a code')
  })
})

test('leftovers passes when everything is gone', async () => {
  const nothingLeft = leftovers()
  clearTimeout(setTimeout(() => undefined, 60_000))
  setTimeout(() => undefined, 60_000).unref()
  await nothingLeft()
})

test('leftovers waits for what is about to go', async () => {
  const nothingLeft = leftovers({ graceMs: 15_000 })
  const worker = new Worker('', { eval: true })
  let ended = false
  worker.once('exit', () => (ended = true))
  await nothingLeft()
  assert.ok(ended)
})

test('leftovers names a timer that stays', async () => {
  const nothingLeft = leftovers({ graceMs: 1 })
  const timer = setTimeout(() => undefined, 60_000)
  await rejects(nothingLeft, { message: /1 Timeout/ })
  clearTimeout(timer)
})

test('leftovers names a thread that stays', async () => {
  const nothingLeft = leftovers({ graceMs: 1 })
  const worker = new Worker('setInterval(() => undefined, 1000)', { eval: true })
  await rejects(nothingLeft, { message: /1 Worker/ })
  await worker.terminate()
})

test('leftovers names a message port that stays open', async () => {
  const nothingLeft = leftovers({ graceMs: 1 })
  const { port1 } = new MessageChannel()
  port1.on('message', () => undefined)
  await rejects(nothingLeft, { message: /1 MessagePort/ })
  port1.close()
})

test.run()
