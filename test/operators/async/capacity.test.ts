/** No more records in flight than the capacity, whatever comes, and the input stands still while it is reached. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { asyncOperator } from '../../../operators/async/async-operator.ts'
import type { AsyncOrder } from '../../../operators/async/async-function.ts'
import { Collector, fakeContext } from '../operator-fakes.ts'
import { Service } from './service.ts'

function rig(order: AsyncOrder, capacity: number) {
  const service = new Service<number, number>()
  const operator = asyncOperator({
    fn: service.ask,
    flat: false,
    order,
    capacity,
    timeoutMs: undefined,
    onTimeout: undefined,
    retry: undefined,
  })
  const output = new Collector()
  const context = fakeContext()
  const state = { held: false, woken: 0 }
  operator.open(
    {
      ...context,
      hold: (held) => {
        state.held = held
      },
      wake: () => state.woken++,
    },
    output,
  )
  const settle = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(() => {
        operator.resume?.()
        resolve()
      })
    })
  return { service, operator, output, state, settle }
}

for (const order of ['ordered', 'unordered'] as const) {
  test(`${order}: it holds the input at its capacity, until a result has left`, async () => {
    const { service, operator, output, state, settle } = rig(order, 2)
    operator.processRecord(0, 0)
    assert.not(state.held)
    operator.processRecord(1, 0)
    assert.ok(state.held)
    service.answer(0, 0)
    await settle()
    assert.equal(output.values, [0])
    assert.not(state.held)
    operator.processRecord(2, 0)
    assert.ok(state.held)
  })

  test(`${order}: never more in flight than the capacity, and nothing is lost`, async () => {
    const bursts = fc.array(
      fc.record({ records: fc.nat(6), answers: fc.array(fc.nat(10), { maxLength: 4 }) }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(bursts, fc.integer({ min: 1, max: 4 }), async (steps, capacity) => {
        const { service, operator, output, state, settle } = rig(order, capacity)
        const open: number[] = []
        let sent = 0
        let asked = 0
        const look = (): void => {
          for (; asked < service.calls.length; asked++)
            open.push((service.calls[asked] as { value: number }).value)
          const left = output.records.length
          assert.ok(asked - left <= capacity, `${asked} asked, ${left} left, capacity ${capacity}`)
          assert.is(state.held, sent - left >= capacity)
        }
        const answer = async (nth: number): Promise<void> => {
          const [value] = open.splice(nth % Math.max(1, open.length), 1)
          if (value !== undefined) service.answer(value, value)
          await settle()
          look()
        }
        for (const { records, answers } of steps) {
          // As from a record that becomes many: they come although the operator holds.
          for (let i = 0; i < records; i++) operator.processRecord(sent++, 0)
          look()
          for (const nth of answers) await answer(nth)
        }
        while (open.length > 0) await answer(0)
        assert.is(output.records.length, sent)
        assert.equal(
          order === 'ordered'
            ? output.values
            : [...(output.values as number[])].sort((a, b) => a - b),
          Array.from({ length: sent }, (_, i) => i),
        )
        assert.ok(operator.endInput())
        assert.not(state.held)
        operator.close()
      }),
      { numRuns: 100 },
    )
  })
}

test.run()
