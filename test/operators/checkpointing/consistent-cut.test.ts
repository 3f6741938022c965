/** Two sources and a subtask that reads both: the parts of a checkpoint fit together, whatever runs when. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { asyncOperator } from '../../../operators/async/async-operator.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import type { CheckpointMode } from '../../../operators/checkpointing/barrier-aligner.ts'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import type { SinkWriter } from '../../../operators/sink.ts'
import { CHANNEL_CREDITS } from '../../../runtime/output-channel.ts'
import { subtaskRig } from '../subtask-rig.ts'
import { arraySource, toTheEnd } from './array-source-rig.ts'
import type { Batches } from './array-source-rig.ts'
import { memory, remembered } from './memory.ts'

/** A checkpoint of all three. */
interface Cut {
  readonly sources: readonly (SubtaskSnapshot | undefined)[]
  readonly reader: SubtaskSnapshot | undefined
}

interface Scenario {
  readonly mode: CheckpointMode
  readonly splits: readonly (readonly Batches[])[]
  readonly waits: boolean
  /** Records that asynchronous operators, of all three, keep at once; 0: there are none. */
  readonly capacity: number
  /** Which step is done next, among those that can be. */
  readonly steps: readonly number[]
  /** Steps before each of the sources hears of the checkpoint. */
  readonly triggers: readonly number[]
}

function asyncElement(capacity: number): ChainElement {
  const operator = asyncOperator({
    fn: async (value: unknown) => value,
    flat: false,
    order: 'unordered',
    capacity,
    timeoutMs: undefined,
    onTimeout: undefined,
    retry: undefined,
  })
  return { name: 'async', operator }
}

/** A writer whose every write and preparation takes a while. It prepares what it has written since the last time. */
function slowWriter(): SinkWriter<unknown> {
  let written: unknown[] = []
  return {
    write: async (values) => {
      written.push(...values)
      await Promise.resolve()
    },
    flush: () => {},
    prepare: async () => {
      const committables = written
      written = []
      await Promise.resolve()
      return { committables }
    },
    close: () => {},
  }
}

/** Runs the three, from a cut or from the start. */
function job({ mode, splits, waits, capacity }: Scenario, from?: Cut) {
  const elements = [memory().element]
  if (capacity > 0) elements.unshift(asyncElement(capacity))
  const options = { elements, checkpointMode: mode, restored: from?.reader, writer: slowWriter() }
  const reading = subtaskRig(options, () => reader)
  const reader: InputSubtask = new InputSubtask({ ...reading.parts, inputChannels: [0, 0] })
  reader.open()
  reader.start()
  const sources = splits.map((each, index) =>
    arraySource({
      splits: each,
      waits,
      elements: capacity > 0 ? [asyncElement(capacity)] : [],
      checkpointMode: mode,
      beside: reading,
      to: { inputs: reader.inputs, index },
      // The fewest that come back: half a window.
      credits: CHANNEL_CREDITS / 2,
      splitsAtOnce: 2,
      restored: from?.sources[index],
    }),
  )
  return { ...reading, subtask: reader, sources }
}

/** What the sink of the reader prepared up to its part of a checkpoint. */
function committed(snapshot: SubtaskSnapshot | undefined): readonly unknown[] {
  return snapshot?.sinks.flatMap(({ committables }) => committables) ?? []
}

async function interleave(scenario: Scenario): Promise<Cut | undefined> {
  const { steps, triggers } = scenario
  const { slot, sources, snapshots, ...rest } = job(scenario)
  for (let done = 0; done < Math.max(steps.length, ...triggers) + 1; done++) {
    sources.forEach(({ subtask }, index) => {
      if (triggers[index] === done) subtask.triggerCheckpoint(1)
    })
    const count = slot.countSteps()
    if (count === 0) await Promise.resolve()
    else slot.performStep((steps[done] ?? 0) % count)
  }
  await toTheEnd({ slot, snapshots, ...rest })
  const reader = snapshots.get(1)
  // It comes to an end without a barrier when both sources did.
  if (reader === undefined) {
    assert.ok(sources.every((source) => !source.snapshots.has(1)))
    return undefined
  }
  return {
    sources: sources.map((source) => source.snapshots.get(1) ?? source.snapshots.get('end')),
    reader,
  }
}

const batches = fc.array(fc.array(fc.nat(999), { minLength: 1, maxLength: 3 }), { maxLength: 4 })
const scenarios = fc
  .record({
    mode: fc.constantFrom<CheckpointMode>('exactly-once', 'at-least-once'),
    splits: fc.array(fc.array(batches, { maxLength: 3 }), { minLength: 2, maxLength: 2 }),
    waits: fc.boolean(),
    capacity: fc.constantFrom(0, 1, 3),
    steps: fc.array(fc.nat(20), { maxLength: 80 }),
    triggers: fc.array(fc.nat(60), { minLength: 2, maxLength: 2 }),
  })
  .map((scenario): Scenario => {
    // Each record is one of its kind.
    let next = 0
    const splits = scenario.splits.map((source) =>
      source.map((split) => split.map((batch) => batch.map(() => next++))),
    )
    return { ...scenario, splits }
  })

test('what goes on from a checkpoint comes to the same state and output as what was not interrupted', async () => {
  let cuts = 0
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const all = scenario.splits.flat(3)
      const cut = await interleave(scenario)
      if (cut === undefined) return
      cuts++
      const again = job(scenario, cut)
      await toTheEnd(again)
      const end = again.snapshots.get('end')
      const state = remembered(end)
      const output = [...committed(cut.reader), ...committed(end)]
      assert.equal([new Set(state), new Set(output)], [new Set(all), new Set(all)])
      if (scenario.mode === 'at-least-once') return
      assert.equal([state.length, output.length], [all.length, all.length])
    }),
    { numRuns: 300 },
  )
  assert.ok(cuts > 100, `only ${cuts} checkpoints were made before the end`)
})

test.run()
