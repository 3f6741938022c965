import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TimeHeap } from '../../../operators/timers/time-heap.ts'
import { TimeOrder } from '../../../operators/timers/time-order.ts'
import { TimerQueue } from '../../../operators/timers/timer-queue.ts'

/** Takes all that is due. */
function drain(queue: TimerQueue, limit = Infinity): [number, unknown][] {
  const taken: [number, unknown][] = []
  while (queue.isDue(limit)) {
    queue.take()
    taken.push([queue.time, queue.key])
  }
  return taken
}

/** 0 to `count - 1`, shuffled; 7,919 divides no count that is used here. */
function shuffled(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 7_919) % count)
}

test('thousands of times come out in order, added before and between', () => {
  const order = new TimeOrder()
  const expected: number[] = []
  let added = 0
  const times = shuffled(20_000)
  const add = (count: number): void => {
    for (const time of times.slice(added, (added += count))) {
      order.add(time)
      expected.push(time)
    }
    expected.sort((a, b) => a - b)
  }
  const remove = (count: number): void => {
    for (let i = 0; i < count; i++) {
      assert.is(order.first, expected.shift())
      order.removeFirst()
    }
    assert.is(order.size, expected.length)
  }
  // Into a heap, sorted, merged, read off beside a small heap, and emptied.
  for (const [more, fewer] of [
    [5_000, 2_000],
    [5_000, 100],
    [500, 3_000],
    [9_500, 14_900],
  ] as const) {
    add(more)
    remove(fewer)
  }
  assert.ok(Number.isNaN(order.first))
})

test('a heap gives out what it was given, in order, also after a refill', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true })),
      fc.array(fc.double({ noNaN: true })),
      (refilled, pushed) => {
        const heap = new TimeHeap()
        heap.push(1)
        heap.refill(Float64Array.of(...refilled, Number.NaN), refilled.length)
        for (const time of pushed) heap.push(time)
        const out: number[] = []
        for (; heap.size > 0; heap.pop()) out.push(heap.top)
        assert.equal(
          out,
          [...refilled, ...pushed].sort((a, b) => a - b),
        )
      },
    ),
  )
})

for (const [name, stepMs] of [
  ['milliseconds', 1],
  ['minutes', 60_000],
  ['powers of two', 2 ** 20],
  ['halves', 0.5],
] as const) {
  test(`many distinct times are found again: ${name} of today`, () => {
    const queue = new TimerQueue(false)
    const times = shuffled(10_000).map((i) => 1.7e12 + i * stepMs)
    for (const time of times) assert.ok(queue.register(time, time, undefined))
    for (const time of times) assert.not(queue.register(time, time, undefined))
    for (const time of times.slice(5_000)) assert.ok(queue.delete(time, time, undefined))
    for (const time of times.slice(5_000)) assert.not(queue.delete(time, time, undefined))
    assert.is(queue.size, 5_000)
    const expected = times.slice(0, 5_000).sort((a, b) => a - b)
    assert.equal(
      drain(queue),
      expected.map((time) => [time, time]),
    )
    assert.is(queue.size, 0)
    assert.is(queue.earliest, undefined)
  })
}

test('a timer that moves with every record leaves nothing behind', () => {
  const queue = new TimerQueue(false)
  const bytes = process.memoryUsage().arrayBuffers
  queue.register(0, 'key', undefined)
  for (let i = 1; i < 1_000_000; i++) {
    queue.delete(i - 1, 'key', undefined)
    queue.register(i, 'key', undefined)
  }
  assert.ok(process.memoryUsage().arrayBuffers - bytes < 1_000_000)
  assert.equal(drain(queue), [[999_999, 'key']])
})

test('timers of one time that change their minds keep the order of the last registration', () => {
  const queue = new TimerQueue<string>(true)
  for (let round = 0; round < 100; round++) {
    for (const key of ['a', 'b']) {
      for (const namespace of ['x', 'y']) {
        queue.delete(1, key, namespace)
        queue.register(1, key, namespace)
      }
    }
  }
  queue.delete(1, 'a', 'x')
  queue.register(1, 'a', 'x')
  const taken: string[] = []
  while (queue.isDue(1)) {
    queue.take()
    taken.push(`${String(queue.key)}${queue.namespace}`)
  }
  assert.equal(taken, ['ay', 'bx', 'by', 'ax'])
})

test.run()
