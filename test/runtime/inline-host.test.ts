import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startInlineHost } from '../../runtime/inline-host.ts'
import { leftovers, rejects } from '../runner/expect.ts'
import { FakeActor } from './core-fakes.ts'

const EXTENSION = { url: new URL('./fixtures/echo-extension.js', import.meta.url).href }

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

test('a slot that has work gets turns between the turns of the event loop, and none when it has none', async () => {
  const nothingLeft = leftovers()
  const host = startInlineHost({ slots: 1 })
  const actor = new FakeActor('three times', (turn) => (turn < 2 ? 'more' : 'idle'))
  host.main.slot.ready(actor)
  assert.is(actor.turns, 0, 'not within the call')
  await turns(10)
  assert.is(actor.turns, 3)
  await nothingLeft()
  await host.stop()
})

test('after the stop nothing runs', async () => {
  const host = startInlineHost({ slots: 1 })
  const actor = new FakeActor('never')
  host.main.slot.ready(actor)
  await host.stop()
  host.main.slot.ready(new FakeActor('late'))
  await turns(3)
  assert.is(actor.turns, 0)
})

test('an extension is loaded into a slot and answers asynchronously; its errors reject', async () => {
  const host = startInlineHost({ slots: 2 })
  const coordinator = { ask: (text: string) => `${text}!` }
  const load = (slot: number, name = 'echo') =>
    host.load<string, typeof coordinator, { echo(text: string): Promise<string> }>(
      slot,
      { ...EXTENSION, name },
      'argument',
      coordinator,
    )
  const api = await load(2)
  assert.is(await api.echo('hi'), 'slot 2: argument hi!')
  await rejects(load(0), { code: 'UNKNOWN_SLOT' })
  await rejects(load(3), { code: 'UNKNOWN_SLOT' })
  await rejects(load(1, 'nothing'), { code: 'NOT_AN_EXTENSION' })
  await rejects(load(1, 'failing'), { message: /can't load/ })
  await host.stop()
})

test.run()
