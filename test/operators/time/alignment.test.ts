import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AlignmentMember, withAlignment } from '../../../operators/time/alignment.ts'
import { withIdleness } from '../../../operators/time/idleness.ts'
import { monotonous } from '../../../operators/time/watermarks.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { throwsCode } from '../../runner/expect.ts'

function member(maxDriftMs = 10) {
  const clock = new ManualClock()
  const told: number[] = []
  const options = { group: 'g', maxDriftMs, updateIntervalMs: 100 }
  return { clock, told, subject: new AlignmentMember(options, clock, (time) => told.push(time)) }
}

test('the first watermark is told at once, later ones at intervals, and only the newest', () => {
  const { clock, told, subject } = member()
  subject.report(1)
  subject.report(2)
  clock.advance(60)
  subject.report(3)
  assert.equal(told, [1])
  clock.advance(40)
  assert.equal(told, [1, 3])
  clock.advance(1_000)
  assert.equal(told, [1, 3], 'nothing new')
  subject.report(4)
  assert.equal(told, [1, 3, 4])
})

test('what has become as it was need not be told, and after the end nothing is', () => {
  const { clock, told, subject } = member()
  subject.report(1)
  subject.report(Infinity)
  subject.report(1)
  clock.advance(100)
  assert.equal(told, [1])
  subject.report(2)
  subject.report(3)
  subject.close()
  clock.advance(1_000)
  assert.equal([told, clock.pendingTimers], [[1, 2], 0])
})

test('before anything is known of the group, only what has no watermark may be read', () => {
  const { subject } = member()
  assert.ok(subject.mayRead(-Infinity))
  assert.not.ok(subject.mayRead(0))
  subject.follow(5)
  assert.ok(subject.mayRead(15))
  assert.not.ok(subject.mayRead(15.5))
  subject.follow(Infinity)
  assert.ok(subject.mayRead(1e15))
})

test('options that are none are refused', () => {
  const good = { group: 'g', maxDriftMs: 0 }
  const strategy = withAlignment(withIdleness(monotonous(), 7), good)
  assert.equal(strategy.alignment, { ...good, updateIntervalMs: 1_000 })
  assert.is(strategy.idleTimeoutMs, 7)
  assert.is(strategy.name, "monotonous, idle after 7 ms, within 0 ms of group 'g' every 1000 ms")
  const wrong = [
    undefined,
    {},
    { ...good, group: '' },
    { ...good, maxDriftMs: -1 },
    { ...good, maxDriftMs: Infinity },
    { ...good, updateIntervalMs: 0 },
  ]
  for (const options of wrong) {
    throwsCode(() => withAlignment(monotonous(), options as never), 'INVALID_WATERMARK_ALIGNMENT')
  }
  throwsCode(() => withAlignment({} as never, good), 'INVALID_ARGUMENT')
})

test.run()
