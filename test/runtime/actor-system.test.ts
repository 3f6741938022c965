import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../runtime/index.ts'
import { adder, Counter, echo } from './actor-fixtures.ts'

for (const host of ['inline', 'threads'] as const) {
  test(`${host}: tell and ask`, async () => {
    const system = await ActorSystem.start({ slots: 2, host })
    const counter = await system.spawn(Counter, { args: [10] })
    await counter.tell({ type: 'add', by: 5 })
    const count: number = await counter.ask({ type: 'get' })
    assert.is(count, 15)
    const other = await system.spawn(adder, { args: [1] })
    const sum: number = await other.ask({ add: 2 })
    assert.is(sum, 3)
    const e = await system.spawn(echo)
    assert.is(await e.ask('hi'), 'hi')
    await system.stop()
  })
}

test.run()
