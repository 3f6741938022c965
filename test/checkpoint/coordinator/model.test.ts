/**
 * Random lives of a job against what must always hold, whatever happens in whatever order: after a crash at this moment, the job goes on from
 * the newest checkpoint in its store and commits what is in it. So everything prepared up to that checkpoint's barriers is either committed or in it, and
 * nothing behind them is committed, because it is going to be prepared again.
 */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readCheckpoint } from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import type { SubtaskName } from '../../../checkpoint/subtask-snapshot.ts'
import type { WhenSettled } from '../../../runtime/slot.ts'
import { ALL, createRig, FaultyStore, settle, snapshotOf, SOURCE } from './coordinator-rig.ts'
import type { Fault } from './coordinator-rig.ts'

type Step =
  | { readonly kind: 'pass'; readonly spanMs: number }
  | { readonly kind: 'barrier' | 'decline' | 'finish'; readonly subtask: number }
  | { readonly kind: 'checkpoint' | 'savepoint' | 'elsewhere' | 'settle' }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** Something that a writer has prepared: in front of the barrier with this id, or, after the last, of its end. */
interface Prepared {
  readonly subtask: number
  readonly barrier: number
  readonly text: string
}

const END = Number.POSITIVE_INFINITY
const SUBTASKS = { min: 0, max: ALL.length - 1 }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      spanMs: fc.constantFrom(1, 10, 60, 100),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ kind: fc.constant('barrier' as const), subtask: fc.integer(SUBTASKS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('decline' as const, 'finish' as const),
      subtask: fc.integer(SUBTASKS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('checkpoint' as const, 'savepoint' as const, 'elsewhere' as const),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: 'settle' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom<Fault>('begin', 'put', 'complete', 'retain'),
    }),
  },
)

/** Each promise that is waited for is heard of one to three turns after it has settled. */
function heardLater(): WhenSettled {
  let count = 0
  return (promise, onValue, onError) => {
    const turns = 1 + (count++ % 3)
    const later = (tell: () => void, left: number): void => {
      if (left === 0) tell()
      else setImmediate(later, tell, left - 1)
    }
    promise.then(
      (value) => {
        later(() => {
          onValue(value)
        }, turns)
      },
      (error: unknown) => {
        later(() => {
          onError(error)
        }, turns)
      },
    )
  }
}

/** A job whose subtasks have a barrier before them for each trigger, and take it when they are told to. */
class ModelJob {
  readonly prepared: Prepared[] = []
  readonly declined: number[] = []
  readonly finished = new Set<number>()
  readonly #barriers: number[][] = ALL.map(() => [])
  readonly elsewhere = new FaultyStore()
  readonly rig: ReturnType<typeof createRig>

  /** `slowly`: the coordinator hears of everything asynchronous some turns of the event loop later, and not in the order in which it happens. */
  constructor(slowly: boolean) {
    this.rig = this.#createRig(slowly)
  }

  #createRig(slowly: boolean) {
    return createRig({
      intervalMs: 50,
      minPauseMs: 5,
      timeoutMs: 120,
      tolerableFailures: Number.POSITIVE_INFINITY,
      host: {
        trigger: (id) => {
          for (const [index, barriers] of this.#barriers.entries()) {
            if (!this.finished.has(index)) barriers.push(id)
          }
        },
        ...(slowly ? { whenSettled: heardLater() } : {}),
      },
    })
  }

  async take(step: Step): Promise<void> {
    const { coordinator, store } = this.rig
    switch (step.kind) {
      case 'pass':
        this.rig.clock.advance(step.spanMs)
        return
      case 'barrier':
        this.#barrier(step.subtask, true)
        return
      case 'decline':
        this.#barrier(step.subtask, false)
        return
      case 'finish':
        this.finish(step.subtask)
        return
      case 'checkpoint':
        coordinator.checkpoint().catch(() => {})
        return
      case 'savepoint':
        coordinator.savepoint().catch(() => {})
        return
      case 'elsewhere':
        coordinator.savepoint(this.elsewhere).catch(() => {})
        return
      case 'fault':
        store.fault = step.fault
        return
      case 'settle':
        await settle()
    }
  }

  finish(subtask: number): void {
    // A sink ends behind its inputs.
    const isSource = ALL[subtask] === SOURCE
    if (this.finished.has(subtask) || (!isSource && !this.finished.has(ALL.indexOf(SOURCE)))) return
    while ((this.#barriers[subtask]?.length ?? 0) > 0) this.#barrier(subtask, true)
    this.finished.add(subtask)
    const name = nameOf(subtask)
    this.rig.coordinator.subtaskFinished(name, snapshotOf(name, ...this.#prepare(subtask, END)))
  }

  #barrier(subtask: number, accepts: boolean): void {
    const id = this.#barriers[subtask]?.shift()
    if (id === undefined) return
    const name = nameOf(subtask)
    if (accepts) {
      const prepared = this.#prepare(subtask, id)
      this.rig.coordinator.acknowledged(name, id, snapshotOf(name, ...prepared))
    } else this.rig.coordinator.declined(name, id, new Error('not now'))
  }

  #prepare(subtask: number, barrier: number): string[] {
    if (ALL[subtask] === SOURCE) return []
    const text = `${subtask}:${barrier}`
    this.prepared.push({ subtask, barrier, text })
    return [text]
  }
}

function nameOf(subtask: number): SubtaskName {
  return ALL[subtask] as SubtaskName
}

function sorted(texts: Iterable<unknown>): unknown[] {
  return [...texts].sort((a, b) => String(a).localeCompare(String(b)))
}

/** See the head of this file. */
async function checkCrashNow({ rig, prepared }: ModelJob): Promise<void> {
  const { committed, store } = rig
  assert.is(new Set(committed).size, committed.length, `twice: ${committed.join(' ')}`)
  const { metadata } = await store.latest()
  if (metadata === undefined) {
    assert.equal(committed, [])
    return
  }
  const shares = (await readCheckpoint(store, metadata.id)).operators.get('out')?.shares ?? []
  const inCheckpoint = shares.flatMap(({ sink }) => sink?.committables ?? [])
  const finished = (subtask: number): boolean =>
    shares[nameOf(subtask).subtaskIndex]?.finished === true
  const due = prepared.filter(({ subtask, barrier }) => finished(subtask) || barrier <= metadata.id)
  const seen = new Set([...committed, ...inCheckpoint])
  assert.equal(sorted(seen), sorted(due.map(({ text }) => text)), `checkpoint ${metadata.id}`)
}

test('whatever is acknowledged, given up or late, and whenever it crashes, all output is committed once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.boolean(),
      async (steps, slowly) => {
        const job = new ModelJob(slowly)
        const { coordinator, clock, committed, store, failures } = job.rig
        coordinator.start()
        for (const one of steps) {
          await job.take(one)
          if (one.kind === 'settle') await checkCrashNow(job)
        }
        store.fault = undefined
        for (let subtask = 0; subtask < ALL.length; subtask++) job.finish(subtask)
        await coordinator.complete()
        await checkCrashNow(job)
        assert.equal(sorted(committed), sorted(job.prepared.map(({ text }) => text)))
        assert.equal(failures, [])
        assert.is(clock.pendingTimers, 0)
        const { completed, failed, recent } = coordinator.history.summary()
        assert.is(recent.length, Math.min(100, completed + failed))
      },
    ),
    { numRuns: 500 },
  )
})

test('whenever it is stopped, all is quiet afterwards and a crash would lose nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.nat(20),
      fc.boolean(),
      async (steps, turns, slowly) => {
        const job = new ModelJob(slowly)
        job.rig.coordinator.start()
        for (const one of steps) await job.take(one)
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
        await job.rig.coordinator.stop()
        await checkCrashNow(job)
        const before = [...job.rig.heard(), ...job.rig.committed]
        await job.rig.advance(10_000)
        assert.equal(job.rig.heard(), [], before.join(', '))
        assert.is(job.rig.clock.pendingTimers, 0)
        assert.equal(
          (await job.rig.store.list()).filter(({ state }) => state !== 'complete'),
          [],
        )
      },
    ),
    { numRuns: 300 },
  )
})

test.run()
