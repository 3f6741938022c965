/**
 * The Nexmark generator: every event depends on its number alone, and the stream has the proportions that the benchmark asks for.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { EventGenerator } from '../../../benchmarks/nexmark/generator/events.ts'
import { nexmarkSource } from '../../../benchmarks/nexmark/generator/nexmark-source.ts'
import { ranges, shares } from '../../../benchmarks/nexmark/generator/nexmark-splits.ts'
import type { NexmarkSplit } from '../../../benchmarks/nexmark/generator/nexmark-splits.ts'
import { eventTime } from '../../../benchmarks/nexmark/model.ts'
import type { Auction, Bid, NexmarkEvent, Person } from '../../../benchmarks/nexmark/model.ts'
import { throwsCode } from '../../runner/expect.ts'

const MANY = 50_000
const DIGEST_IN_ORDER = 'ef59a48da1613189cf0f9dfd8ecce4950fffff93be42f6d091615a5267b10b10'
const DIGEST_OUT_OF_ORDER = '51a3ebbeeff0544bf149424f9682b132b4093e03e9865879fb90b8ae26e5fad8'

function events(count: number, generator = new EventGenerator()): NexmarkEvent[] {
  return Array.from({ length: count }, (_, n) => generator.at(n))
}

function kinds(all: readonly NexmarkEvent[]): {
  persons: Person[]
  auctions: Auction[]
  bids: Bid[]
} {
  return {
    persons: all.flatMap((event) => (event.event_type === 0 ? [event.person] : [])),
    auctions: all.flatMap((event) => (event.event_type === 1 ? [event.auction] : [])),
    bids: all.flatMap((event) => (event.event_type === 2 ? [event.bid] : [])),
  }
}

function share<T>(all: readonly T[], is: (one: T) => boolean): number {
  return all.filter(is).length / all.length
}

function near(found: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `expected about ${expected}, found ${found}`)
}

test('an event is the same whoever makes it, and in whatever order', () => {
  const inOrder = events(500)
  const number = fc.integer({ min: 0, max: 499 })
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      const generator = new EventGenerator()
      for (const n of numbers) assert.equal(generator.at(n), inOrder[n])
    }),
  )
})

test('events never change: other engines make the same ones', () => {
  assert.is(digest(new EventGenerator()), DIGEST_IN_ORDER)
  assert.is(digest(new EventGenerator({ groupSize: 100 })), DIGEST_OUT_OF_ORDER)
})

function digest(generator: EventGenerator): string {
  const hash = createHash('sha256')
  for (let n = 0; n < 20_000; n++) hash.update(`${JSON.stringify(generator.at(n))}\n`)
  for (let n = 2 ** 33; n < 2 ** 33 + 1_000; n++)
    hash.update(`${JSON.stringify(generator.at(n))}\n`)
  return hash.digest('hex')
}

test('of every fifty events one is a person, three are auctions and the rest bids', () => {
  const { persons, auctions, bids } = kinds(events(MANY))
  assert.equal([persons.length, auctions.length, bids.length], [1_000, 3_000, 46_000])
  assert.equal(
    persons.map(({ id }) => id),
    persons.map((_, n) => 1_000 + n),
  )
  assert.equal(
    auctions.map(({ id }) => id),
    auctions.map((_, n) => 1_000 + n),
  )
})

test('event time follows the number of the event', () => {
  const all = events(MANY, new EventGenerator({ eventsPerSecond: 2_000, baseTime: 5_000 }))
  all.forEach((event, n) => assert.is(eventTime(event), 5_000 + Math.floor(n / 2)))
})

test('events are out of order inside their groups, and nowhere else', () => {
  const size = 100
  const generator = new EventGenerator({ groupSize: size })
  const inOrder = events(2_000).map(({ event_type }) => event_type)
  for (let from = 0; from < 2_000; from += size) {
    const times = Array.from({ length: size }, (_, at) => eventTime(generator.at(from + at)))
    assert.not.equal(
      times,
      times.toSorted((a, b) => a - b),
    )
    const sorted = Array.from({ length: size }, (_, at) => generator.at(from + at)).toSorted(
      (a, b) => eventTime(a) - eventTime(b),
    )
    assert.is(eventTime(sorted[0] as NexmarkEvent), 1_436_918_400_000 + from / 10)
    const found = sorted.filter(({ event_type }) => event_type === 2).length
    assert.is(found, inOrder.slice(from, from + size).filter((kind) => kind === 2).length)
  }
})

test('records have about the sizes that the benchmark asks for', () => {
  const { persons, auctions, bids } = kinds(events(MANY))
  const texts = (record: object): number =>
    Object.values(record).reduce((sum: number, value: unknown) => {
      return sum + (typeof value === 'string' ? value.length : 0)
    }, 0)
  const mean = (records: readonly object[]): number =>
    records.reduce((sum: number, record) => sum + texts(record), 0) / records.length
  near(mean(persons) + 8, 200, 5)
  near(mean(auctions) + 48, 500, 10)
  near(bids.reduce((sum, { extra }) => sum + extra.length, 0) / bids.length + 32, 100, 2)
  assert.ok(auctions.every(({ expires, dateTime }) => expires > dateTime))
  assert.ok(auctions.every(({ itemName }) => itemName === itemName.trim()))
})

test('some auctions, bidders, sellers and channels are hot', () => {
  const { auctions, bids } = kinds(events(MANY))
  near(
    share(bids, ({ auction }) => auction % 100 === 0),
    0.5,
    0.02,
  )
  near(
    share(bids, ({ bidder }) => bidder % 100 === 1),
    0.75,
    0.02,
  )
  near(
    share(auctions, ({ seller }) => seller % 100 === 0),
    0.75,
    0.03,
  )
  near(
    share(bids, ({ channel }) => !channel.startsWith('channel-')),
    0.5,
    0.02,
  )
  near(
    share(bids, ({ price }) => price < 10_000),
    1 / 3,
    0.02,
  )
  const cold = bids.filter(({ channel }) => channel.startsWith('channel-'))
  near(
    share(cold, ({ url }) => url.includes('&channel_id=')),
    0.9,
    0.02,
  )
  assert.is(
    new Set(cold.map(({ channel, url }) => channel + url)).size,
    new Set(cold.map(({ channel }) => channel)).size,
  )
})

interface Reading {
  /** How the events are shared out. */
  readonly by: 'ranges' | 'shares'
  readonly parallelism: number
  readonly restored?: unknown
  readonly positions?: readonly Open[]
}

/** Reads what the splits of one enumerator hold, `steps` batches of each, and says where that leaves off. */
function read(
  { by, parallelism, restored, positions = [] }: Reading,
  steps = Number.POSITIVE_INFINITY,
): { seen: number[]; enumerator: unknown; open: Open[] } {
  const source = nexmarkSource({ events: EVENTS, eventsPerSecond: 1_000, baseTime: 0 })
  const all = { from: 0, to: EVENTS }
  const enumerator =
    by === 'ranges' ? ranges(all, restored) : shares(all, { parallelism, restored })
  const open: Open[] = [...positions]
  for (let subtask = 0; subtask < parallelism; subtask++) {
    // Who reads ranges has one at a time; before a restore some are left.
    let most = by === 'shares' || steps === Number.POSITIVE_INFINITY ? EVENTS : 1
    for (
      let split = enumerator.next(subtask);
      split !== undefined;
      split = most-- > 1 ? enumerator.next(subtask) : undefined
    )
      open.push({ split: split as NexmarkSplit, position: undefined })
  }
  const context = {
    subtaskIndex: 0,
    parallelism,
    batchSize: 333,
    signal: new AbortController().signal,
  }
  const seen: number[] = []
  const left = open.map(({ split, position }) => {
    const reader = source.open(split, context, position)
    if (reader instanceof Promise) throw new Error('not reached')
    for (let step = 0; step < steps; step++) {
      const batch = reader.read() as readonly NexmarkEvent[] | undefined
      if (batch === undefined) break
      seen.push(...(reader.timestamps ?? []))
    }
    return { split, position: reader.position }
  })
  return { seen, enumerator: structuredClone(enumerator.snapshot?.()), open: left }
}

const EVENTS = 70_300

interface Open {
  readonly split: NexmarkSplit
  readonly position: number | undefined
}

test('readers share the events, each is read once, also across a restore at another parallelism', () => {
  const parallelism = fc.integer({ min: 1, max: 4 })
  fc.assert(
    fc.property(
      fc.constantFrom<Reading['by']>('ranges', 'shares'),
      parallelism,
      parallelism,
      fc.integer({ min: 0, max: 70 }),
      (by, before, after, steps) => {
        const first = read({ by, parallelism: before }, steps)
        const { enumerator: restored, open: positions } = first
        const second = read({ by, parallelism: after, restored, positions })
        const seen = [...first.seen, ...second.seen].toSorted((a, b) => a - b)
        assert.is(seen.length, EVENTS)
        assert.ok(seen.every((time, n) => time === n))
      },
    ),
    { numRuns: 40 },
  )
})

test('wrong options are refused', () => {
  for (const wrong of [
    { events: -1 },
    { events: 1.5 },
    { events: 1, firstEvent: -1 },
    { events: 1, groupSize: 0 },
    { events: 1, groupSize: 7 },
    { events: 1, rate: 0 },
  ])
    throwsCode(() => nexmarkSource(wrong), 'INVALID_ARGUMENT')
})

test.run()
