import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { KEYS, Model, Rig, Stubborn, subtaskOf } from './timer-rig.ts'
import type { Kind, Timer, Timers } from './timer-rig.ts'

type Change = { readonly change: 'register' | 'delete'; readonly timer: Timer }

type Step =
  | Change
  | { readonly advance: Kind; readonly to: number }
  | { readonly restoreAt: number }

const kinds = fc.constantFrom<Kind>('event', 'processing')
const times = fc.oneof(
  fc.integer({ min: -3, max: 9 }),
  fc.constantFrom(0.5, -0, 1.7e12, 1.7e12 + 1),
)

const timer: fc.Arbitrary<Timer> = fc
  .record({
    kind: kinds,
    key: fc.constantFrom(...KEYS),
    time: times,
    namespace: fc.oneof(
      { weight: 3, arbitrary: fc.constant('w') },
      { weight: 1, arbitrary: fc.constantFrom('', 0, 1, '1') },
    ),
    last: fc.nat(12),
  })
  .map(({ last, ...timer }) =>
    last === 0 && timer.kind === 'event' ? { ...timer, time: Infinity } : timer,
  )

const change: fc.Arbitrary<Change> = fc.record({
  change: fc.constantFrom('register', 'register', 'delete'),
  timer,
})

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: change },
    { weight: 2, arbitrary: fc.record({ advance: kinds, to: times }) },
    { weight: 1, arbitrary: fc.record({ restoreAt: fc.integer({ min: 1, max: 3 }) }) },
  ),
  { maxLength: 60 },
)

/** Callbacks make these changes, one each. */
const reactions = fc.array(change, { maxLength: 20 })

function apply({ change, timer }: Change, timers: Timers): unknown {
  return timers[change](timer)
}

function reacting(reactions: readonly Change[]): (timer: Timer, timers: Timers) => void {
  let next = 0
  return (_, timers) => {
    const reaction = reactions[next++]
    if (reaction !== undefined) apply(reaction, timers)
  }
}

/** -0 and 0 are one time. */
function plain(timers: readonly Timer[]): unknown[] {
  return timers.map(({ kind, key, time, namespace }) => [kind, key, time + 0, namespace])
}

for (const stubborn of [false, true]) {
  const how = stubborn ? ', also when the output refuses every second time' : ''

  test(`timers fire as a list in the order of registration says, restored or not${how}`, () => {
    fc.assert(
      fc.property(steps, reactions, (program, changes) => {
        const onTimer = reacting(changes)
        const output = stubborn ? new Stubborn() : { full: false }
        const model = new Model(reacting(changes))
        let rig = new Rig({ onTimer, output })
        const fired: Timer[] = []
        for (const step of program) {
          if ('restoreAt' in step) {
            fired.push(...rig.fired)
            rig = new Rig({ onTimer, output, restored: [rig.state.snapshot()] })
          } else if ('advance' in step) {
            rig.advance(step.advance, step.to)
            // Restored, event time begins anew; then only what is due by itself fires.
            model.advance(
              step.advance,
              step.advance === 'event' ? rig.service.currentWatermark : step.to,
            )
          } else assert.is(apply(step, rig), apply(step, model))
          checkWaiting(rig, model)
        }
        assert.equal(plain([...fired, ...rig.fired]), plain(model.fired))
      }),
      { numRuns: 400 },
    )
  })
}

function checkWaiting({ service }: Rig, model: Model): void {
  const event = model.waiting('event')
  const processing = model.waiting('processing')
  assert.is(service.eventTimeCount, event.length)
  assert.is(service.processingTimeCount, processing.length)
  assert.equal(
    plain(service.eventTimers().map((each) => ({ kind: 'event', ...each }))),
    plain(event),
  )
  assert.equal(
    plain(service.processingTimers().map((each) => ({ kind: 'processing', ...each }))),
    plain(processing),
  )
}

test('restored at any parallelism, every key has the timers it had, and each subtask fires in order of time', () => {
  fc.assert(
    fc.property(steps, (program) => {
      const model = new Model()
      let rigs = [new Rig()]
      const fired: Timer[] = []
      for (const step of program) {
        if ('restoreAt' in step) {
          const restored = rigs.map(({ state }) => state.snapshot())
          const { restoreAt: parallelism } = step
          rigs = Array.from(
            { length: parallelism },
            (_, subtaskIndex) => new Rig({ subtaskIndex, parallelism, restored }),
          )
        } else if ('advance' in step) {
          let watermark = step.to
          for (const rig of rigs) {
            rig.advance(step.advance, step.to)
            if (step.advance === 'event') watermark = rig.service.currentWatermark
            const now = rig.fired.splice(0)
            assert.equal(
              now.map(({ time }) => time + 0),
              now.map(({ time }) => time + 0).sort((a, b) => a - b),
            )
            fired.push(...now)
          }
          model.advance(step.advance, watermark)
        } else {
          const rig = rigs[subtaskOf(step.timer.key, rigs.length)] as Rig
          assert.is(apply(step, rig), apply(step, model))
        }
      }
      const all = (timers: readonly Timer[]): string[] =>
        plain(timers)
          .map((each) => (each as unknown[]).map((part) => `${typeof part} ${String(part)}`).join())
          .sort()
      assert.equal(all(fired), all(model.fired))
      const left = rigs.flatMap(({ service }) => service.eventTimers())
      assert.equal(
        all(left.map((each) => ({ kind: 'event', ...each }))),
        all(model.waiting('event')),
      )
    }),
    { numRuns: 300 },
  )
})

test.run()
