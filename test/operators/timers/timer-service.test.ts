import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { valueState } from '../../../checkpoint/state/declare-state.ts'
import { TimerService } from '../../../operators/timers/timer-service.ts'
import { codeOf } from '../operator-fakes.ts'
import { Rig } from './timer-rig.ts'
import type { Kind, Timer } from './timer-rig.ts'

function timer(kind: Kind, time: number, key = 'a', namespace = 'w'): Timer {
  return { kind, key, time, namespace }
}

/** What fired, as KEY@TIME. */
function firedBy(rig: Rig): string[] {
  return rig.fired.splice(0).map(({ key, time }) => `${String(key)}@${time}`)
}

test('a timer fires when the watermark has reached its time, not before, and once', () => {
  const rig = new Rig()
  rig.register(timer('event', 10))
  rig.advance('event', 9.5)
  assert.equal(firedBy(rig), [])
  rig.advance('event', 10)
  assert.equal(firedBy(rig), ['a@10'])
  rig.advance('event', 11)
  assert.equal(firedBy(rig), [])
})

test('a timer at or below the watermark fires at the next advance, even of the same watermark', () => {
  const rig = new Rig()
  rig.advance('event', 10)
  rig.register(timer('event', 10))
  rig.register(timer('event', 5))
  assert.equal(firedBy(rig), [])
  rig.advance('event', 10)
  assert.equal(firedBy(rig), ['a@5', 'a@10'])
})

test('the watermark never goes back', () => {
  const rig = new Rig()
  assert.is(rig.service.currentWatermark, -Infinity)
  rig.advance('event', 10)
  rig.advance('event', 5)
  assert.is(rig.service.currentWatermark, 10)
})

test('a timer at +Infinity waits for the final watermark', () => {
  const rig = new Rig()
  rig.register(timer('event', Infinity))
  rig.advance('event', Number.MAX_VALUE)
  assert.equal(firedBy(rig), [])
  rig.advance('event', Infinity)
  assert.equal(firedBy(rig), ['a@Infinity'])
})

test('callbacks see the new watermark, register what fires in the same call, and delete what then does not', () => {
  const watermarks: number[] = []
  const rig = new Rig({
    onTimer: ({ time }, { service }) => {
      watermarks.push(service.currentWatermark)
      if (time !== 1) return
      service.registerEventTime('c', 2, 'w')
      service.registerEventTime('c', 0, 'w')
      service.registerEventTime('c', 101, 'w')
      service.deleteEventTime('b', 1, 'w')
    },
  })
  rig.register(timer('event', 1, 'a'))
  rig.register(timer('event', 1, 'b'))
  rig.advance('event', 100)
  assert.equal(firedBy(rig), ['a@1', 'c@0', 'c@2'])
  assert.equal(watermarks, [100, 100, 100])
  assert.is(rig.service.eventTimeCount, 1)
})

test('a callback that registers its own timer again is called again', () => {
  let left = 3
  const rig = new Rig({
    onTimer: (fired, rig) => {
      if (left-- > 0) rig.register(fired)
    },
  })
  rig.register(timer('event', 1, 'a'))
  rig.register(timer('event', 1, 'b'))
  rig.advance('event', 1)
  assert.equal(firedBy(rig), ['a@1', 'b@1', 'a@1', 'b@1', 'a@1'])
})

test('nothing fires while the output is full, and the watermark may grow meanwhile', () => {
  const output = { full: true }
  const rig = new Rig({ output, onTimer: () => (output.full = true) })
  assert.ok(rig.service.advanceWatermark(0), 'nothing to fire, so nothing to wait for')
  for (const key of ['a', 'b', 'c']) rig.register(timer('event', 1, key))
  rig.register(timer('event', 2, 'd'))
  assert.not(rig.service.advanceWatermark(1))
  assert.equal(firedBy(rig), [])
  output.full = false
  assert.not(rig.service.advanceWatermark(1))
  assert.equal(firedBy(rig), ['a@1'])
  const others = [1, 2, 2].map((watermark) => {
    output.full = false
    return rig.service.advanceWatermark(watermark)
  })
  assert.equal(others, [false, false, true])
  assert.equal(firedBy(rig), ['b@1', 'c@1', 'd@2'])
})

test('the context is asked for the earliest time only, and for the next one after firing', () => {
  const rig = new Rig()
  for (const time of [50, 60, 40, 55]) rig.register(timer('processing', time))
  assert.equal(rig.requested.splice(0), [50, 40])
  rig.advance('processing', 52)
  assert.equal(firedBy(rig), ['a@40', 'a@50'])
  assert.equal(rig.requested.splice(0), [55])
  rig.delete(timer('processing', 55))
  rig.advance('processing', 55)
  assert.equal(firedBy(rig), [])
  assert.equal(rig.requested.splice(0), [60])
  rig.advance('processing', 60)
  rig.register(timer('processing', 70))
  assert.equal(rig.requested.splice(0), [70])
})

test('what callbacks register for processing time fires when it is due, or is asked for once', () => {
  const rig = new Rig({
    onTimer: ({ time }, { service }) => {
      if (time !== 10) return
      service.registerProcessingTime('a', 90, 'w')
      service.registerProcessingTime('a', 80, 'w')
      service.registerProcessingTime('a', 5, 'w')
    },
  })
  rig.register(timer('processing', 10))
  rig.requested.length = 0
  rig.advance('processing', 20)
  assert.equal(firedBy(rig), ['a@10', 'a@5'])
  assert.equal(rig.requested, [80])
})

test('a restored service asks for its earliest time and fires equal times in their old order', () => {
  const rig = new Rig()
  const keys = ['d', 'a', 'c', 'b']
  for (const key of keys) rig.register(timer('processing', 20, key))
  rig.register(timer('processing', 10, 'c'))
  const restored = new Rig({ restored: [rig.state.snapshot()] })
  assert.equal(restored.requested, [10])
  assert.is(restored.service.currentWatermark, -Infinity)
  restored.advance('processing', 20)
  assert.equal(firedBy(restored), ['c@10', ...keys.map((key) => `${key}@20`)])
})

test('state shows the values of the timer that fires: its key, and its namespace', () => {
  const read: unknown[] = []
  const rig = new Rig({ onTimer: () => read.push(state.get()) })
  const state = rig.state.keyedState('value', valueState<string>(), { namespaced: true })
  for (const key of ['a', 'b']) {
    for (const namespace of ['x', 'y']) {
      rig.state.setCurrentKey(key)
      rig.state.setNamespace(namespace)
      state.set(key + namespace)
      rig.register(timer('event', 1, key, namespace))
    }
  }
  rig.advance('event', 1)
  assert.equal(read, ['ax', 'ay', 'bx', 'by'])
})

test('without namespaces there is one timer per key and time, of either kind', () => {
  const { state } = new Rig()
  const fired: string[] = []
  const service = new TimerService<undefined>({
    context: { operatorName: 'plain', state, requestTime: () => {} },
    output: { full: false },
    name: 'plain',
    namespaced: false,
    onEventTime: (key, time) => fired.push(`event ${String(key)}@${time}`),
    onProcessingTime: (key, time) => fired.push(`processing ${String(key)}@${time}`),
  })
  assert.equal(
    [0, 1].map(() => service.registerEventTime('a', 1)),
    [true, false],
  )
  assert.equal(
    [0, 1].map(() => service.registerProcessingTime('a', 1)),
    [true, false],
  )
  service.registerEventTime('b', 1)
  service.registerEventTime('c', 1)
  assert.equal(
    [0, 1].map(() => service.deleteEventTime('b', 1)),
    [true, false],
  )
  service.advanceWatermark(1)
  service.advanceTime(1)
  assert.equal(fired, ['event a@1', 'event c@1', 'processing a@1'])
})

test('a time that can never come is refused with INVALID_TIMER', () => {
  const { service } = new Rig()
  const methods = [
    'registerEventTime',
    'deleteEventTime',
    'registerProcessingTime',
    'deleteProcessingTime',
  ] as const
  for (const method of methods) {
    for (const time of [Number.NaN, -Infinity, '5', 5n, undefined, null]) {
      const act = (): unknown => service[method]('a', time as number, 'w')
      assert.is(codeOf(act), 'INVALID_TIMER', `${method}(${String(time)})`)
    }
  }
  assert.throws(
    () => service.registerProcessingTime('a', Infinity, 'w'),
    /^registerProcessingTime in operator 'rig' expects a finite number of ms, got Infinity$/,
  )
  assert.throws(
    () => service.registerEventTime('a', '5' as never, 'w'),
    /expects a number of ms above -Infinity, got string 5$/,
  )
})

test('a second service of an operator needs a name of its own', () => {
  const { state } = new Rig()
  const make = (name: string): unknown =>
    new TimerService<undefined>({
      context: { operatorName: 'twice', state, requestTime: () => {} },
      output: { full: false },
      name,
      namespaced: false,
      onEventTime: () => {},
      onProcessingTime: () => {},
    })
  assert.is(
    codeOf(() => make('millrace.timers')),
    'DUPLICATE_STATE',
  )
  assert.is(
    codeOf(() => make('others')),
    'no error',
  )
})

test.run()
