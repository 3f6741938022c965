import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { systemClock } from '../../runtime/system-clock.ts'

/** Node runs timers with longer delays after one millisecond. */
const LONGEST_MS = 2 ** 31 - 1

/** What `setTimeout` is asked for inside `use`, where nothing runs by itself. */
function withTimers(
  use: (timers: Map<number, { run: () => void; delayMs: number }>) => void,
): void {
  const timers = new Map<number, { run: () => void; delayMs: number }>()
  const { setTimeout, clearTimeout } = globalThis
  let id = 0
  Object.assign(globalThis, {
    setTimeout: (run: () => void, delayMs: number) => {
      timers.set(++id, { run, delayMs })
      return id
    },
    clearTimeout: (timer: number) => timers.delete(timer),
  })
  try {
    use(timers)
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout })
  }
}

test('a callback in two months waits for two months, and can be cancelled on the way', () => {
  withTimers((timers) => {
    const delayMs = 60 * 86_400_000
    for (const cancelled of [false, true]) {
      let [passedMs, called] = [0, false]
      const cancel = systemClock.schedule(delayMs, () => {
        called = true
      })
      while (timers.size > 0 && !(cancelled && passedMs > 0)) {
        const [id, timer] = [...timers][0]!
        timers.delete(id)
        assert.not(called)
        assert.ok(timer.delayMs <= LONGEST_MS, `asked for ${timer.delayMs} ms`)
        passedMs += timer.delayMs
        timer.run()
      }
      if (cancelled) cancel()
      else assert.is(passedMs, delayMs)
      assert.equal([called, timers.size], [!cancelled, 0])
    }
  })
})

test('now is the time of day, and the monotonic clock never goes back', () => {
  const before = Date.now()
  const [now, first, second] = [
    systemClock.now(),
    systemClock.monotonicMs(),
    systemClock.monotonicMs(),
  ]
  assert.ok(now >= before && now <= Date.now())
  assert.ok(second >= first)
})

test.run()
