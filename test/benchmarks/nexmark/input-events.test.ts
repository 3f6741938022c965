import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { EventGenerator } from '../../../benchmarks/nexmark/generator/events.ts'
import { inputEvent } from '../../../benchmarks/nexmark/input-events.ts'

const generator = new EventGenerator()
const [person, auction, bid] = [0, 1, 4].map((n) => generator.at(n)) as [object, object, object]

test('events are taken as they are', () => {
  for (const event of [person, auction, bid]) assert.is(inputEvent(event), event)
  const more = { ...bid, more: 1 }
  assert.is(inputEvent(more), more)
})

const typed = (type: unknown): object => ({ ...bid, event_type: type })
const wrong: readonly (readonly [unknown, RegExp])[] = [
  ...[null, 5, 'bid', [], ...[undefined, 3, -1, 'bid', '2', 'length', [2]].map(typed)].map(
    (value) => [value, /an event with "event_type" 0, 1 or 2/] as const,
  ),
  [{ event_type: 2 }, /of type 2 with "bid"/],
  [{ event_type: 2, bid: null }, /of type 2 with "bid"/],
  [{ event_type: 0, bid: {} }, /of type 0 with "person"/],
]

test('anything else is refused with what was expected', () => {
  for (const [value, message] of wrong) assert.throws(() => inputEvent(value), message)
})

test('each field must be there, and of its type', () => {
  for (const [event, name] of [
    [person, 'person'],
    [auction, 'auction'],
    [bid, 'bid'],
  ] as const) {
    const inner = (event as Record<string, object>)[name] as Record<string, unknown>
    for (const [field, value] of Object.entries(inner)) {
      const isTime = field === 'dateTime' || field === 'expires'
      const kind = typeof value === 'string' ? 'a text' : isTime ? 'a time' : 'a whole number'
      const message = new RegExp(`a ${name} whose "${field}" is ${kind}`)
      const other = typeof value === 'number' ? String(value) : 5
      const numbers = [1.5, 2 ** 53, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const bad of [
        undefined,
        null,
        other,
        ...(typeof value === 'number' ? numbers : []),
        ...(kind === 'a whole number' ? [-1] : []),
        ...(isTime ? [8.7e15] : []),
      ])
        assert.throws(() => inputEvent({ ...event, [name]: { ...inner, [field]: bad } }), message)
    }
  }
})

test('numbers go to the limits of what is exact, and times to before 1970', () => {
  for (const [event, name, more] of [
    [auction, 'auction', { initialBid: 0, reserve: 2 ** 53 - 1, dateTime: -1, expires: 8.64e15 }],
    [bid, 'bid', { auction: 0, price: 2 ** 53 - 1, dateTime: -8.64e15 }],
  ] as const) {
    const inner = { ...(event as Record<string, object>)[name], ...more }
    inputEvent({ ...event, [name]: inner })
  }
})

test.run()
