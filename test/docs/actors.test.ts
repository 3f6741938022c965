/** The examples of docs/actors.md are those of `actors-guide.ts`, and do what the page says. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../runtime/index.ts'
import {
  careful,
  Counter,
  feed,
  first,
  Foreman,
  goOn,
  greeter,
  keep,
  simulate,
  Store,
} from './actors-guide.ts'
import { checkPage } from './page.ts'

test('every example of the page is a region of the guide', () =>
  checkPage('docs/actors.md', 'test/docs/actors-guide.ts'))

test('the first actor counts', async () => {
  assert.is(await first(), 16)
})

test('the other actors of the page work', async () => {
  const system = await ActorSystem.start({ slots: 2, host: 'inline' })
  const greeting = await system.spawn(greeter, { args: ['Hello'] })
  assert.is(await greeting.ask('Ada'), 'Hello, Ada! You are number 1.')

  const store = await system.spawn(Store, { supervision: careful })
  await store.tell({ type: 'put', key: 'a', value: 'b' })
  const value: string | undefined = await store.ask({ type: 'get', key: 'a' })
  const size: number = await store.ask({ type: 'size' })
  assert.equal([value, size], ['b', 1])

  const counter = await system.spawn(Counter, { args: [0], mailboxCapacity: 10 })
  assert.ok((await feed(counter, 100)) > 0)
  assert.is(await counter.ask({ add: 0 }), 100)

  const foreman = await system.spawn(Foreman)
  assert.match(String(await foreman.ask({ type: 'work', text: 'Bob' })), /Bob/)
  assert.is(await foreman.ask({ type: 'gone' }), 1)
  await system.stop()
})

test('the simulator runs the same actors', async () => {
  assert.equal(await Promise.all([simulate(1), simulate(2)]), [100, 100])
})

test('a system goes on from the snapshot in a file, with every payment counted once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  try {
    const file = join(folder, 'system.snapshot')
    await keep(file)
    assert.is(await goOn(file), 200)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.run()
