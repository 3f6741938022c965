/** Keyed process functions with random timers against a naive model, also when they are restored at another parallelism. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emit, FiredTimer, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { OperatorHarness } from '../../../api/testing/index.ts'
import { keyGroupOf, subtaskOfKeyGroup } from '../../../checkpoint/key-groups.ts'
import { keyHash } from '../../../checkpoint/key-hash.ts'
import { valueState } from '../../../checkpoint/state/declare-state.ts'

type Kind = FiredTimer['kind']

interface Command {
  readonly key: string
  readonly action: 'register' | 'delete'
  readonly kind: Kind
  readonly time: number
}

type Step = Command | { readonly watermark: number } | { readonly clock: number }

/** What is emitted for a timer: how many have fired for the key, and which one this is. */
type Row = readonly [key: string, count: number, kind: Kind, time: number]

/** Timers beget timers and delete others, by rules that depend on their time only. */
const next = (time: number): number | undefined => (time % 3 === 0 ? time + 7 : undefined)
const deletes = (time: number): number | undefined => (time % 4 === 0 ? time + 1 : undefined)

const pipeline = (input: Stream<Command>): Stream<Row> =>
  input
    .keyBy(({ key }) => key)
    .process({
      state: { fired: valueState<number>() },
      processRecord({ action, kind, time }, { timers }) {
        if (kind === 'eventTime') {
          if (action === 'register') timers.tryRegisterEventTime(time)
          else timers.deleteEventTime(time)
        } else if (action === 'register') timers.tryRegisterProcessingTime(time)
        else timers.deleteProcessingTime(time)
      },
      onTimer({ time, kind }, { key, state, timers }, emit: Emit<Row>) {
        const fired = (state.fired.get() ?? 0) + 1
        state.fired.set(fired)
        emit([key, fired, kind, time])
        const [later, gone] = [next(time), deletes(time)]
        if (kind === 'eventTime') {
          if (later !== undefined) timers.tryRegisterEventTime(later)
          if (gone !== undefined) timers.deleteEventTime(gone)
        } else {
          if (later !== undefined) timers.tryRegisterProcessingTime(later)
          if (gone !== undefined) timers.deleteProcessingTime(gone)
        }
      },
    })

/** The same, straight from the definition: all timers in a list, looked through for the earliest. */
class Model {
  readonly #timers: { key: string; kind: Kind; time: number }[] = []
  readonly #fired = new Map<string, number>()
  readonly #now = { eventTime: -Infinity, processingTime: 0 }

  step(step: Step): Row[] {
    if ('watermark' in step) return this.#fire('eventTime', step.watermark)
    if ('clock' in step) return this.#fire('processingTime', step.clock)
    if (step.action === 'register') this.#register(step)
    else this.#delete(step)
    return []
  }

  get left(): number {
    return this.#timers.length
  }

  #register({ key, kind, time }: Omit<Command, 'action'>): void {
    const now = this.#now[kind]
    if (kind === 'eventTime' ? time <= now : time < now) return
    this.#add({ key, kind, time })
  }

  #add({ key, kind, time }: Omit<Command, 'action'>): void {
    const same = (timer: { key: string; kind: Kind; time: number }): boolean =>
      timer.key === key && timer.kind === kind && timer.time === time
    if (!this.#timers.some(same)) this.#timers.push({ key, kind, time })
  }

  #delete({ key, kind, time }: Omit<Command, 'action'>): void {
    const at = this.#timers.findIndex(
      (timer) => timer.key === key && timer.kind === kind && timer.time === time,
    )
    if (at !== -1) this.#timers.splice(at, 1)
  }

  #fire(kind: Kind, now: number): Row[] {
    this.#now[kind] = Math.max(now, this.#now[kind])
    const rows: Row[] = []
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.kind === kind && timer.time <= this.#now[kind])
        .sort((a, b) => a.time - b.time)[0]
      if (due === undefined) return rows
      const { key, time } = due
      this.#delete(due)
      const count = (this.#fired.get(key) ?? 0) + 1
      this.#fired.set(key, count)
      rows.push([key, count, kind, time])
      const [later, gone] = [next(time), deletes(time)]
      // Behind the timer that fires, so welcome even where it is due.
      if (later !== undefined) this.#add({ key, kind, time: later })
      if (gone !== undefined) this.#delete({ key, kind, time: gone })
    }
  }
}

const times = fc.integer({ min: -20, max: 60 })
const command: fc.Arbitrary<Command> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  action: fc.constantFrom('register', 'register', 'register', 'delete'),
  kind: fc.constantFrom<Kind>('eventTime', 'processingTime'),
  time: times,
})
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: command },
    { weight: 1, arbitrary: fc.record({ watermark: times }) },
    { weight: 1, arbitrary: fc.record({ clock: fc.integer({ min: 0, max: 60 }) }) },
  ),
  { maxLength: 60 },
)

type ModelHarness = OperatorHarness<Command, { readonly main: Row }>

/** Watermarks and the clock never go back: a step that would is left out. */
function feed(harness: ModelHarness, step: Step): Row[] {
  if ('watermark' in step) harness.processWatermark(step.watermark)
  else if ('clock' in step) harness.setProcessingTime(Math.max(step.clock, harness.clock.now()))
  else harness.processRecord(step)
  return harness.takeValues()
}

/** Timers of one time have no order between the keys of different subtasks. */
function ordered(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a[3] - b[3] || a[0].localeCompare(b[0]))
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: random timers fire as in the model`, () => {
    fc.assert(
      fc.property(steps, (all) => {
        const harness: ModelHarness = operatorHarness(pipeline, { mode })
        const model = new Model()
        for (const step of all) {
          assert.equal(feed(harness, step), model.step(step))
        }
        const timers = harness.stateEntries().filter(({ state }) => state !== 'fired')
        assert.is(timers.length > 0, model.left > 0, 'nothing is left over')
        harness.close()
      }),
      { numRuns: mode === 'restoring' ? 60 : 150 },
    )
  })
}

test('restored from two subtasks into three, they do together what one does', () => {
  const subtaskOf = (key: string, parallelism: number): number =>
    subtaskOfKeyGroup(keyGroupOf(keyHash(key), 128), parallelism, 128)
  const start = (parallelism: number, more: object = {}): ModelHarness[] =>
    Array.from({ length: parallelism }, (_, subtaskIndex) =>
      operatorHarness(pipeline, { parallelism, subtaskIndex, ...more }),
    )
  const feedAll = (harnesses: readonly ModelHarness[], step: Step): Row[] => {
    const to =
      'key' in step
        ? harnesses.filter((_, i) => i === subtaskOf(step.key, harnesses.length))
        : harnesses
    return to.flatMap((harness) => feed(harness, step))
  }
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const one: ModelHarness = operatorHarness(pipeline)
      const two = start(2)
      for (const step of before) {
        assert.equal(ordered(feedAll(two, step)), ordered(feed(one, step)))
      }
      const three = start(3, {
        restore: two.map((harness) => harness.snapshot()),
        startMs: one.clock.now(),
      })
      const watermarks = before.flatMap((step) => ('watermark' in step ? [step.watermark] : []))
      const reached: Step = { watermark: Math.max(-Infinity, ...watermarks) }
      assert.equal(feedAll(three, reached), [])
      for (const step of after) {
        assert.equal(ordered(feedAll(three, step)), ordered(feed(one, step)))
      }
    }),
    { numRuns: 60 },
  )
})

test.run()
