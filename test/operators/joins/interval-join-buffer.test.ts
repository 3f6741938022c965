/** The buffer of an interval join keeps records in the order of their times. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { IntervalJoinBuffer } from '../../../operators/joins/interval-join-buffer.ts'

function contents(buffer: IntervalJoinBuffer): [number, unknown, boolean][] {
  const all: [number, unknown, boolean][] = []
  for (let i = buffer.start; i < buffer.end; i++)
    all.push([buffer.timeAt(i), buffer.valueAt(i), buffer.isMatched(i)])
  return all
}

test('it does what a sorted list does, whatever comes and goes', () => {
  const action = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ add: fc.integer({ min: -5, max: 20 }), matched: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.constant('remove' as const) },
    { weight: 1, arbitrary: fc.constant('restore' as const) },
  )
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 200 }),
      fc.integer({ min: -6, max: 21 }),
      (actions, at) => {
        let buffer = new IntervalJoinBuffer()
        let list: [number, unknown, boolean][] = []
        actions.forEach((each, i) => {
          if (each === 'restore') {
            const copy = new IntervalJoinBuffer()
            copy.restore(buffer.payload())
            buffer = copy
          } else if (each === 'remove') {
            if (list.length === 0) return
            buffer.removeFirst()
            list = list.slice(1)
          } else {
            buffer.add(each.add, i, each.matched)
            list.push([each.add, i, each.matched])
            list.sort(([a], [b]) => a - b)
          }
          assert.is(buffer.size, list.length)
          assert.is(buffer.firstTime, list[0]?.[0] ?? Infinity)
        })
        assert.equal(contents(buffer), list)
        const before = (fits: (time: number) => boolean): number =>
          buffer.start + list.filter(([time]) => fits(time)).length
        assert.is(
          buffer.firstFrom(at),
          before((time) => time < at),
        )
        assert.is(
          buffer.firstAfter(at),
          before((time) => time <= at),
        )
      },
    ),
  )
})

test('in-order records that come and go leave no holes behind', () => {
  const buffer = new IntervalJoinBuffer()
  for (let time = 0; time < 100_000; time++) {
    buffer.add(time, time, false)
    if (time >= 50) buffer.removeFirst()
  }
  assert.is(buffer.size, 50)
  assert.ok(buffer.end < 150, `${buffer.end} places for 50 records`)
  assert.is(buffer.firstTime, 99_950)
})

test('what is marked stays marked when others come before it', () => {
  const buffer = new IntervalJoinBuffer()
  buffer.add(5, 'late', false)
  buffer.markMatched(buffer.firstFrom(5))
  buffer.add(1, 'early', false)
  assert.equal(contents(buffer), [
    [1, 'early', false],
    [5, 'late', true],
  ])
})

test.run()
