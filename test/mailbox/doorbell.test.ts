/// <reference lib="es2024.sharedmemory" />
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createDoorbells, Doorbell } from '../../mailbox/doorbell.ts'
import { MillraceError } from '../../mailbox/errors.ts'

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MillraceError && error.code === code

/** Two bell objects for the same word: the owner's and a ringer's. */
function createBell(): { bell: Doorbell; ringer: Doorbell; bells: SharedArrayBuffer } {
  const bells = createDoorbells(2)
  const words = new Int32Array(bells)
  return { bell: new Doorbell(words, 1), ringer: new Doorbell(words, 1), bells }
}

/** Runs the body with an event loop that stays alive, and counts the calls of waitAsync. */
async function countingWaits(body: () => Promise<void>): Promise<number> {
  const keepAlive = setInterval(() => undefined, 60_000)
  const original = Atomics.waitAsync
  let calls = 0
  Object.assign(Atomics, {
    waitAsync: (words: Int32Array, index: number, value: number) => {
      calls += 1
      return original(words, index, value)
    },
  })
  try {
    await body()
  } finally {
    Object.assign(Atomics, { waitAsync: original })
    clearInterval(keepAlive)
  }
  return calls
}

/** A worker that runs `body` with the bell as `bell`, and as `port` the port to its parent. */
function spawn(bells: SharedArrayBuffer, body: string): Worker {
  const url = new URL('../../mailbox/doorbell.js', import.meta.url).href
  const code = `
    const { workerData, parentPort: port } = require('node:worker_threads')
    import(${JSON.stringify(url)}).then(async ({ Doorbell }) => {
      const bell = new Doorbell(new Int32Array(workerData), 1)
      ${body}
    })`
  return new Worker(code, { eval: true, workerData: bells })
}

test('a ring between "about to sleep" and the sleep ends it at once', async () => {
  for (const options of [{}, { blockMs: 60_000 }, { spinMs: 60_000 }]) {
    const { bell, ringer } = createBell()
    const waits = await countingWaits(async () => {
      bell.prepareToSleep()
      ringer.ring()
      await bell.sleep(options)
    })
    assert.ok(waits <= 1)
  }
})

test('a ring ends the sleep, time after time', async () => {
  const { bell, ringer } = createBell()
  await countingWaits(async () => {
    for (let i = 0; i < 100; i++) {
      bell.prepareToSleep()
      const asleep = bell.sleep()
      ringer.ring()
      await asleep
    }
  })
})

test('a sleep that its own thread ends leaves one wait pending, however often, and a ring still ends the next', async () => {
  const { bell, ringer } = createBell()
  const waits = await countingWaits(async () => {
    for (let i = 0; i < 1000; i++) {
      bell.prepareToSleep()
      const asleep = bell.sleep({ timeoutMs: 60_000 })
      bell.wakeLocally()
      await asleep
    }
    bell.prepareToSleep()
    const asleep = bell.sleep()
    ringer.ring()
    await asleep
  })
  assert.is(waits, 1)
})

test('a late answer of an older wait ends a sleep early, and no ring is lost after it', async () => {
  const { bell, ringer } = createBell()
  await countingWaits(async () => {
    for (let i = 0; i < 100; i++) {
      bell.prepareToSleep()
      const first = bell.sleep()
      // The ring's answer is on its way when the owner wakes by itself and sleeps again.
      ringer.ring()
      bell.wakeLocally()
      await first
      bell.prepareToSleep()
      await bell.sleep()
      bell.prepareToSleep()
      const third = bell.sleep()
      ringer.ring()
      await third
    }
  })
})

test('a sleep ends when its time is up', async () => {
  const { bell } = createBell()
  for (const options of [
    { timeoutMs: 1 },
    { timeoutMs: 0 },
    { timeoutMs: 1, blockMs: 5, spinMs: 0.01 },
  ]) {
    bell.prepareToSleep()
    await bell.sleep(options)
  }
})

test('wakeLocally before the sleep ends it at once; while awake it does nothing', async () => {
  const { bell } = createBell()
  bell.wakeLocally()
  bell.prepareToSleep()
  bell.wakeLocally()
  await bell.sleep()
})

test('a sleep needs prepareToSleep', async () => {
  const { bell } = createBell()
  assert.throws(() => bell.sleep(), hasCode('DOORBELL_NOT_PREPARED'))
  bell.prepareToSleep()
  bell.cancelSleep()
  assert.throws(() => bell.sleep(), hasCode('DOORBELL_NOT_PREPARED'))
})

test('another thread wakes a sleeping event loop, and a blocked one', async () => {
  for (const options of [{}, { blockMs: 60_000 }]) {
    const { bell, bells } = createBell()
    const worker = spawn(bells, `port.once('message', () => bell.ring())`)
    const ended = once(worker, 'exit')
    bell.prepareToSleep()
    worker.postMessage('ring')
    if (options.blockMs === undefined) await bell.sleep()
    else {
      // A worker starts only while its parent's event loop runs.
      await once(worker, 'online')
      await bell.sleep(options)
    }
    await ended
  }
})

test('a thread that only sleeps ends by itself', async () => {
  const { bells } = createBell()
  const worker = spawn(bells, `bell.prepareToSleep(); await bell.sleep()`)
  await once(worker, 'exit')
})

test('a sleeping thread can be terminated, and ringing it afterwards does no harm', async () => {
  const { bells, ringer } = createBell()
  const worker = spawn(
    bells,
    `port.on('message', () => {}); bell.prepareToSleep(); bell.sleep(); port.postMessage('asleep')`,
  )
  await once(worker, 'message')
  await worker.terminate()
  ringer.ring()
  ringer.ring()
})

test('close ends the sleep and the pending wait', async () => {
  const { bell } = createBell()
  const waits = await countingWaits(async () => {
    bell.prepareToSleep()
    const asleep = bell.sleep()
    bell.close()
    await asleep
  })
  assert.is(waits, 1)
})

test('bells are checked', () => {
  for (const count of [0, -1, 1.5, Number.NaN, 70_000]) {
    assert.throws(() => createDoorbells(count), hasCode('INVALID_ARGUMENT'))
  }
  const words = new Int32Array(createDoorbells(2))
  for (const index of [-1, 2, 0.5, Number.NaN]) {
    assert.throws(() => new Doorbell(words, index), hasCode('INVALID_ARGUMENT'))
  }
  assert.throws(() => new Doorbell(new Int32Array(64), 0), hasCode('INVALID_ARGUMENT'))
})

test.run()
