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

const wrong: readonly (readonly [unknown, RegExp])[] = [
  ...[null, 5, 'bid', [], {}, { event_type: 3 }, { event_type: 'bid' }, { event_type: -1 }].map(
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
      const message = new RegExp(`a ${name} whose "${field}" is a ${typeof value}`)
      const other = typeof value === 'number' ? String(value) : 5
      for (const bad of [
        undefined,
        null,
        other,
        ...(typeof value === 'number' ? [Number.POSITIVE_INFINITY] : []),
      ])
        assert.throws(() => inputEvent({ ...event, [name]: { ...inner, [field]: bad } }), message)
    }
  }
})

test.run()
