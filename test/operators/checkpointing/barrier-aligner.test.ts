import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BarrierAligner } from '../../../operators/checkpointing/barrier-aligner.ts'
import type { CheckpointMode } from '../../../operators/checkpointing/barrier-aligner.ts'
import { throwsCode } from '../../runner/expect.ts'

/** What is in a channel: a record, as text; the barrier of a checkpoint; `END`. */
type Item = string | number

/**
 * Reads channels as a subtask does, `order` saying which is tried next; returns records in the order in which they were read, with the id of a
 * checkpoint where it was reached.
 */
function read(mode: CheckpointMode, channels: readonly Item[][], order: readonly number[]) {
  const queues = channels.map((items) => [...items])
  const aligner = new BarrierAligner(channels.length, mode)
  const blocked = new Set<number>()
  const out: (string | number)[] = []
  const take = (channel: number): boolean => {
    const item = blocked.has(channel) ? undefined : queues[channel]?.shift()
    if (item === undefined) return false
    if (typeof item === 'string' && item !== 'END') {
      out.push(item)
      return true
    }
    const step = item === 'END' ? aligner.end(channel) : aligner.barrier(channel, item)
    for (const each of step.unblock) assert.ok(blocked.delete(each), `${each} was not blocked`)
    for (const each of step.block) blocked.add(each)
    if (step.reached !== undefined) {
      out.push(step.reached)
      assert.is(aligner.aligning, undefined)
      assert.is(blocked.size, 0)
    }
    return true
  }
  for (const channel of order) take(channel)
  // Whatever is left, one channel after the other.
  while (queues.some((_, channel) => take(channel))) continue
  return { out, left: queues.flat().length, blocked: [...blocked], aligning: aligner.aligning }
}

test('a checkpoint is reached with the last barrier, and channels are not read between theirs and that', () => {
  const channels: Item[][] = [
    ['a1', 1, 'a2', 'END'],
    ['b1', 'b2', 1, 'b3', 'END'],
  ]
  const { out } = read('exactly-once', channels, [0, 0, 0, 0, 1, 1, 1])
  assert.equal(out, ['a1', 'b1', 'b2', 1, 'a2', 'b3'])
})

test('at least once, channels are read on behind their barriers', () => {
  const channels: Item[][] = [
    ['a1', 1, 'a2', 'END'],
    ['b1', 1, 'b2', 'END'],
  ]
  const { out } = read('at-least-once', channels, [0, 0, 0, 0, 1, 1])
  assert.equal(out, ['a1', 'a2', 'b1', 1, 'b2'])
})

test('a single channel never waits', () => {
  const { out } = read('exactly-once', [['a1', 1, 'a2', 2, 'END']], [])
  assert.equal(out, ['a1', 1, 'a2', 2])
})

test('a channel that has ended counts as one with its barrier, before and during the alignment', () => {
  const before = read('exactly-once', [['END'], ['b1', 1, 'b2', 'END']], [0])
  assert.equal(before.out, ['b1', 1, 'b2'])
  const during = read(
    'exactly-once',
    [
      ['a1', 1, 'a2', 'END'],
      ['b1', 'END'],
    ],
    [0, 0, 0, 1],
  )
  assert.equal(during.out, ['a1', 'b1', 1, 'a2'])
  const readOn = read(
    'at-least-once',
    [
      [1, 'END'],
      ['b1', 1, 'b2', 'END'],
    ],
    [0, 0],
  )
  assert.equal(readOn.out, ['b1', 1, 'b2'])
})

test('the barrier of a later checkpoint ends the wait for one that was given up', () => {
  const channels: Item[][] = [
    [1, 'a1', 2, 'a2'],
    ['b1', 2, 'b2'],
  ]
  const { out } = read('exactly-once', channels, [0, 1, 1])
  assert.equal(out, ['b1', 'a1', 2, 'a2', 'b2'])
})

test('barriers of checkpoints that were reached or given up have no effect', () => {
  const aligner = new BarrierAligner(2, 'exactly-once')
  const nothing = { unblock: [], block: [], reached: undefined }
  assert.equal(aligner.barrier(0, 2), { unblock: [], block: [0], reached: undefined })
  assert.is(aligner.aligning, 2)
  assert.equal(aligner.barrier(1, 1), nothing)
  assert.equal(aligner.barrier(0, 2), nothing)
  assert.equal(aligner.barrier(1, 2), { unblock: [0], block: [], reached: 2 })
  assert.equal(aligner.barrier(1, 2), nothing)
  assert.equal(aligner.end(1), nothing)
  assert.equal(aligner.end(1), nothing)
  assert.equal(aligner.barrier(1, 3), nothing)
})

test('channels that do not exist are refused', () => {
  const aligner = new BarrierAligner(2, 'exactly-once')
  throwsCode(() => aligner.barrier(2, 1), 'UNKNOWN_CHANNEL')
  throwsCode(() => aligner.end(-1), 'UNKNOWN_CHANNEL')
  throwsCode(() => new BarrierAligner(1.5, 'exactly-once'), 'INVALID_ARGUMENT')
})

test('a barrier that is announced begins the alignment, and can be let overtake', () => {
  const aligner = new BarrierAligner(3, 'exactly-once')
  assert.is(aligner.mayOvertake, false)
  const nothing = { unblock: [], block: [], reached: undefined }
  assert.equal(aligner.announce(0, 5, 100), nothing)
  assert.equal([aligner.aligning, aligner.alignedUntilMs, aligner.mayOvertake], [5, 100, true])
  assert.equal(aligner.announce(1, 5, 70), nothing)
  assert.is(aligner.alignedUntilMs, 70)
  assert.equal(aligner.barrier(1, 5), { unblock: [], block: [1], reached: undefined })
  assert.equal([aligner.isAligned(0), aligner.isAligned(1)], [false, true])
  assert.equal(aligner.overtake(), { unblock: [1], block: [], reached: 5 })
  assert.is(aligner.aligning, undefined)
  // Those that are read later find nobody who waits for them.
  for (const channel of [0, 2]) assert.equal(aligner.barrier(channel, 5), nothing)
  assert.equal(aligner.announce(2, 5, 0), nothing)
  throwsCode(() => aligner.overtake(), 'NOT_ALIGNING')
})

test('where barriers keep their places they are waited for before others overtake', () => {
  const aligner = new BarrierAligner(4, 'exactly-once', [1, 2])
  aligner.announce(0, 1, 0)
  assert.is(aligner.mayOvertake, false)
  aligner.barrier(1, 1)
  assert.is(aligner.mayOvertake, false)
  aligner.end(2)
  assert.is(aligner.mayOvertake, true)
  assert.equal(aligner.overtake(), { unblock: [1], block: [], reached: 1 })
})

test('a barrier that is announced ends the wait for an earlier checkpoint', () => {
  const aligner = new BarrierAligner(2, 'exactly-once')
  aligner.barrier(0, 1)
  assert.equal(aligner.announce(1, 2, 50), { unblock: [0], block: [], reached: undefined })
  assert.equal([aligner.aligning, aligner.alignedUntilMs], [2, 50])
  assert.equal(aligner.announce(0, 1, 0).unblock, [])
  assert.is(aligner.alignedUntilMs, 50)
})

test('announced or not, all barriers in their places make a checkpoint aligned', () => {
  const aligner = new BarrierAligner(2, 'exactly-once')
  aligner.announce(0, 1, 50)
  aligner.barrier(0, 1)
  assert.equal(aligner.barrier(1, 1), { unblock: [0], block: [], reached: 1 })
  assert.is(aligner.mayOvertake, false)
})

const CHANNELS = 3
const modes = fc.constantFrom<CheckpointMode>('exactly-once', 'at-least-once')

/** What one channel brings: some of the checkpoints 1 to 4, in order, records between them, and its end. */
const channelItems = fc
  .array(
    fc.record({ id: fc.integer({ min: 1, max: 4 }), records: fc.integer({ max: 2, min: 0 }) }),
    {
      maxLength: 4,
    },
  )
  .map((parts) => {
    const ids = [...new Set(parts.map(({ id }) => id))].sort((a, b) => a - b)
    return ids.map((id, i) => ({ id, records: parts[i]?.records ?? 0 }))
  })
const order = fc.array(fc.nat(CHANNELS - 1), { maxLength: 40 })

test('whatever the order, state at a checkpoint has seen exactly the records before its barriers', () => {
  const inputs = fc.array(channelItems, { minLength: CHANNELS, maxLength: CHANNELS })
  fc.assert(
    fc.property(inputs, order, (parts, tries) => {
      const channels = parts.map((each, channel) => {
        const items = each.flatMap(({ id, records }): Item[] => [
          ...Array.from({ length: records }, (_, i) => `${channel}.${id}.${i}`),
          id,
        ])
        return [...items, `${channel}.last`, 'END' as const]
      })
      const { out, left, blocked, aligning } = read('exactly-once', channels, tries)
      assert.equal([left, blocked, aligning], [0, [], undefined])
      out.forEach((id, at) => {
        if (typeof id !== 'number') return
        const before = channels.flatMap((items) => {
          const barrier = items.indexOf(id)
          return (barrier < 0 ? items : items.slice(0, barrier)).filter(
            (item) => typeof item === 'string' && item !== 'END',
          )
        })
        const seen = out.slice(0, at).filter((item) => typeof item === 'string')
        assert.equal([seen.length, new Set(seen)], [before.length, new Set(before)])
      })
    }),
  )
})

test('where no barrier is missing, each checkpoint is reached, in order and once', () => {
  fc.assert(
    fc.property(modes, order, (mode, tries) => {
      const channels = ['a', 'b', 'c'].map((name): Item[] => [
        1,
        `${name}1`,
        2,
        3,
        `${name}2`,
        'END',
      ])
      // At least once, a channel may run ahead: then the earlier checkpoint counts as given up.
      const { out } = read(mode, channels, mode === 'exactly-once' ? tries : [])
      assert.equal(
        out.filter((item) => typeof item === 'number'),
        mode === 'exactly-once' ? [1, 2, 3] : [3],
      )
    }),
  )
})

interface Told {
  readonly channel: number
  /** Undefined: the end. */
  readonly id: number | undefined
}

/** The same by going through all that has been told. */
function model(mode: CheckpointMode, told: readonly Told[]) {
  const valid = told.filter(
    ({ channel }, at) =>
      !told.slice(0, at).some((earlier) => earlier.channel === channel && earlier.id === undefined),
  )
  const newest = Math.max(-1, ...valid.map(({ id }) => id ?? -1))
  const named = valid.findIndex(({ id }) => id === newest)
  const isThere = (until: number, channel: number): boolean =>
    valid
      .slice(0, until)
      .some((each) => each.channel === channel && (each.id === undefined || each.id === newest))
  const all = [...Array(CHANNELS).keys()]
  const reachedAt = valid.findIndex(
    (_, at) => at >= named && all.every((each) => isThere(at + 1, each)),
  )
  const isReached = newest >= 0 && reachedAt >= 0
  const hasEnded = (channel: number): boolean =>
    valid.some((each) => each.channel === channel && each.id === undefined)
  const blocked =
    isReached || newest < 0 || mode === 'at-least-once'
      ? []
      : all.filter((channel) => isThere(valid.length, channel) && !hasEnded(channel))
  return { blocked, newest: isReached ? newest : undefined }
}

test('it says what follows from all barriers and ends so far', () => {
  const told = fc.array(
    fc.record({
      channel: fc.nat(CHANNELS - 1),
      id: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 4 }) },
        fc.constant(undefined),
      ),
    }),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(modes, told, (mode, events) => {
      const aligner = new BarrierAligner(CHANNELS, mode)
      const blocked = new Set<number>()
      let reached: number | undefined
      events.forEach(({ channel, id }, at) => {
        const step = id === undefined ? aligner.end(channel) : aligner.barrier(channel, id)
        for (const each of step.unblock) assert.ok(blocked.delete(each))
        for (const each of step.block) blocked.add(each)
        const expected = model(mode, events.slice(0, at + 1))
        assert.equal(blocked, new Set(expected.blocked))
        const isNew = expected.newest !== undefined && expected.newest !== reached
        assert.is(step.reached, isNew ? expected.newest : undefined)
        reached = step.reached ?? reached
      })
    }),
    { numRuns: 2_000 },
  )
})

test.run()
