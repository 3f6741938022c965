import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { GeneratedTime } from '../../../operators/time/generated-time.ts'
import type { SplitTime } from '../../../operators/time/generated-time.ts'
import { withIdleness } from '../../../operators/time/idleness.ts'
import { PausableClock } from '../../../operators/time/pausable-clock.ts'
import { monotonous } from '../../../operators/time/watermarks.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'

const TIMEOUT = 50

/** A split as the definition sees it. */
interface Model {
  newest: number
  /** Unpaused time of its last record. */
  activeAt: number
  idle: boolean
}

const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ op: fc.constant('open' as const) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), at: fc.nat(2) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant('record' as const),
        at: fc.nat(2),
        ts: fc.integer({ min: -20, max: 100 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant('pass' as const),
        ms: fc.integer({ min: 1, max: 40 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('pause' as const), on: fc.boolean() }) },
  ),
  { maxLength: 80 },
)

test('model: a split is idle after the timeout of time in which it could have been read', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const clock = new ManualClock()
      const activeClock = new PausableClock(clock)
      let active = 0
      let paused = false
      const time: GeneratedTime = new GeneratedTime({
        strategy: withIdleness(monotonous(), TIMEOUT),
        clock,
        activeClock,
        onDue: () => {},
      })
      /** What a subtask does in its turn, which it has only when there is room. */
      const turn = (): void => {
        if (!paused && time.due) time.doDue()
      }
      time.start()
      const splits: SplitTime[] = []
      const models: Model[] = []
      let watermark = -Infinity
      let waitingSince = 0
      for (const step of sequence) {
        switch (step.op) {
          case 'open':
            if (splits.length === 3) break
            splits.push(time.open())
            time.waits(splits.at(-1)!)
            models.push({ newest: -Infinity, activeAt: active, idle: false })
            break
          case 'close': {
            const split = splits[step.at]
            if (split === undefined) break
            time.close(split)
            splits.splice(step.at, 1)
            models.splice(step.at, 1)
            if (splits.length === 0) waitingSince = active
            break
          }
          case 'record': {
            const split = splits[step.at]
            const model = models[step.at]
            if (split === undefined || model === undefined || paused) break
            time.activity(split)
            split.see([0], Float64Array.of(step.ts), 0, 1)
            time.advance(split)
            time.waits(split)
            model.newest = Math.max(model.newest, step.ts)
            model.activeAt = active
            model.idle = false
            break
          }
          case 'pass':
            // Millisecond by millisecond, so that a turn comes right when something is due.
            for (let ms = 0; ms < step.ms; ms++) {
              clock.advance(1)
              if (!paused) active++
              for (const model of models) model.idle ||= active - model.activeAt >= TIMEOUT
              turn()
            }
            break
          case 'pause':
            paused = step.on
            activeClock.setPaused(paused)
            turn()
        }
        const counting = models.filter(({ idle }) => !idle)
        const smallest = Math.min(...counting.map(({ newest }) => newest - 1))
        if (counting.length > 0) watermark = Math.max(watermark, smallest)
        assert.is(time.watermark, watermark)
        const idle = models.length === 0 ? active - waitingSince >= TIMEOUT : counting.length === 0
        // A turn may be due that has not come, because there is no room.
        if (!paused) assert.is(time.idle, idle)
      }
      time.stop()
      assert.is(clock.pendingTimers, 0)
    }),
    { numRuns: 500 },
  )
})

test.run()
