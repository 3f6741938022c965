/// <reference lib="es2024.sharedmemory" />
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import type { Worker } from 'node:worker_threads'
import { runInNewContext } from 'node:vm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SlotGroup } from '../../runtime/slot-node.ts'
import { startThreadHost } from '../../runtime/thread-host.ts'
import { leftovers, rejects, unless } from '../runner/expect.ts'

const URL_OF_ECHO = new URL('./fixtures/echo-extension.js', import.meta.url).href

interface Echo {
  echo(text: string): Promise<string>
  die(): void
  never(): Promise<void>
}

function load(host: SlotGroup, slot: number, name = 'echo') {
  return host.load<string, object, Echo>(slot, { url: URL_OF_ECHO, name }, 'on', {
    ask: (text: string) => text.toUpperCase(),
  })
}

test('extensions run on their slots and call back; errors keep their codes; a stop leaves nothing', async () => {
  const nothingLeft = leftovers()
  const host = await startThreadHost({ slots: 2 })
  const [first, second] = await Promise.all([load(host, 1), load(host, 2)])
  assert.is(await first.echo('a'), 'slot 1: on A')
  assert.is(await second.echo('b'), 'slot 2: on B')
  await rejects(load(host, 3), { code: 'UNKNOWN_SLOT' })
  await rejects(load(host, 1, 'failing'), { code: 'NO_LOAD' })
  const stopping = host.stop()
  assert.is(host.stop(), stopping, 'stopping twice is stopping once')
  await stopping
  await rejects(load(host, 1), { code: 'HOST_STOPPED' })
  await nothingLeft()
})

test('a call that a slot never answers is rejected when the slot ends', async () => {
  const host = await startThreadHost({ slots: 1 })
  const api = await load(host, 1)
  const waiting = rejects(api.never(), { code: 'SLOT_STOPPED' })
  await host.stop()
  await waiting
})

for (const replaceLost of [true, false]) {
  test(`a lost slot is told, ${replaceLost ? 'when it has a new thread' : 'and not replaced where that is not wanted'}`, async () => {
    const nothingLeft = leftovers()
    const host = await startThreadHost({ slots: 2, replaceLost })
    const lost = new Promise<readonly [number, Error]>((resolve) => {
      host.onLost((slot, error) => {
        resolve([slot, error])
      })
    })
    const [victim, bystander] = await Promise.all([load(host, 1), load(host, 2)])
    await rejects(victim.die(), { code: 'SLOT_LOST' })
    const [slot, error] = await lost
    assert.is(slot, 1)
    assert.match(error.message, /lost its thread/)
    assert.is(await bystander.echo('x'), 'slot 2: on X')
    if (replaceLost) assert.is(await (await load(host, 1)).echo('y'), 'slot 1: on Y')
    else await rejects(load(host, 1), { code: 'SLOT_LOST' })
    await host.stop()
    await nothingLeft()
  })
}

const lacks =
  Number(process.versions.node.split('.')[0]) >= 22
    ? 'a Node in which a worker without memory ends alone, and not its process'
    : undefined

unless(test, lacks)(
  'threads that cannot start are an error, not an endless replacing',
  async () => {
    const nothingLeft = leftovers()
    const resourceLimits = { maxOldGenerationSizeMb: 2 }
    await rejects(startThreadHost({ slots: 2, resourceLimits }), { code: 'SLOT_LOST' })
    await nothingLeft()
  },
)

/** Collects garbage until nothing of the object is left, or it is clear that it stays. */
async function isCollected(object: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 100 && object.deref() !== undefined; i++) {
    // What keeps it may go with ports that close and with finalizers, in turns of their own.
    await nextTurn()
    collect()
  }
  return object.deref() === undefined
}

async function startAndStop(): Promise<WeakRef<object>> {
  const host = await startThreadHost({ slots: 2 })
  const echo = await load(host, 1)
  assert.is(await echo.echo('a'), 'slot 1: on A')
  await host.stop()
  return new WeakRef(host)
}

test('nothing holds a host that has stopped: its rings would fill the memory of who starts many', async () => {
  const host = await startAndStop()
  assert.ok(await isCollected(host))
})

test('a thread that is gone only after its host has stopped gets no successor', async () => {
  const threads: Worker[] = []
  const noteThread = (thread: Worker): void => {
    threads.push(thread)
  }
  process.on('worker', noteThread)
  const nothingLeft = leftovers()
  const host = await startThreadHost({ slots: 1 })
  const [thread] = threads
  const whoHears = thread?.listeners('exit') ?? []
  await host.stop()
  // As for one that was ended by force, on a busy machine.
  for (const hear of whoHears) hear.call(thread, 1)
  await nextTurn()
  process.off('worker', noteThread)
  assert.is(threads.length, 1)
  await nothingLeft()
})

test('no wait on the bell of the main thread is pending when a host has stopped', async () => {
  const original = Atomics.waitAsync
  let pending = 0
  Object.assign(Atomics, {
    waitAsync: (words: Int32Array, index: number, value: number) => {
      const wait = original(words, index, value)
      if (!wait.async) return wait
      pending++
      void wait.value.then(() => pending--)
      return wait
    },
  })
  try {
    await startAndStop()
    // V8 hands the notification over in a task of its own.
    for (let i = 0; i < 1_000 && pending > 0; i++) await nextTurn()
  } finally {
    Object.assign(Atomics, { waitAsync: original })
  }
  assert.is(pending, 0)
})

test.run()
