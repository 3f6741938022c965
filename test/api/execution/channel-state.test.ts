/** Who reads what was in flight, and in which order, when a job goes on with another number of subtasks. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Stream } from '../../../api/index.ts'
import { plannedEdges, restoredChannels } from '../../../api/execution/channel-state.ts'
import { createPlan } from '../../../api/plan.ts'
import type { RestoredEdge } from '../../../checkpoint/coordinator/restored-channels.ts'
import type { ChannelSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { createCodec } from '../../../mailbox/codec-registry.ts'
import { ChannelPacker } from '../../../operators/checkpointing/channel-packer.ts'
import { RestoredInput } from '../../../operators/checkpointing/restored-input.ts'
import { fakeSink, fakeSource, graphOf } from '../fakes.ts'

interface Item {
  readonly key: string
  readonly n: number
}

/** Batches of one record each. */
function inFlight(
  [fromSubtask, toSubtask]: readonly [number, number],
  side: ChannelSnapshot['side'],
  items: readonly Item[],
): ChannelSnapshot {
  const packer = new ChannelPacker(
    { edge: '', fromSubtask, toSubtask },
    side,
    createCodec('msgpack'),
  )
  for (const item of items)
    packer.add({ values: [item], timestamps: Float64Array.of(0), length: 1 })
  return packer.snapshot!
}

/** What each of these subtasks reads, in order, on the edge behind `lead`. */
async function read(
  lead: (items: Stream<Item>) => Stream<unknown>,
  parallelism: number,
  stored: RestoredEdge,
): Promise<Item[][]> {
  const graph = await graphOf((env) => {
    lead(env.from(fakeSource<Item>())).to(fakeSink())
  })
  const plan = createPlan(graph, { parallelism, slots: 1 })
  const [{ edge } = { edge: '' }] = plannedEdges(graph, plan)
  const task = plan.tasks.find(({ inputs }) => inputs.length > 0)!
  return Array.from({ length: parallelism }, (_, subtaskIndex) => {
    const reader = { graph, plan, task, subtaskIndex }
    const input = new RestoredInput(restoredChannels(reader, new Map([[edge, stored]])))
    const items: Item[] = []
    for (let item = input.take(); item !== undefined; item = input.take())
      if ('values' in item) items.push(...(item.values as Item[]))
    return items
  })
}

const KEYS = ['a', 'b', 'c', 'd', 'e']

function items(from: number, to: number): Item[] {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i)
  return numbers.flatMap((n) => KEYS.map((key) => ({ key, n })))
}

for (const [senders, receivers, parallelism] of [
  [1, 1, 3],
  [2, 1, 3],
  [3, 1, 2],
  // As many receivers as before.
  [1, 2, 2],
] as const) {
  test(`keyed records keep their order from ${senders} senders and ${receivers} receivers to ${parallelism}`, async () => {
    // What the sender had not sent comes behind what the receiver had not read.
    const channels = [
      inFlight([0, 0], 'receiver', items(0, 3)),
      inFlight([0, 0], 'sender', items(3, 5)),
    ]
    const subtasks = await read(
      (all) => all.keyBy(({ key }) => key).reduce((_, item) => item),
      parallelism,
      { senders, receivers, channels },
    )
    if (receivers === 1) assert.is(subtasks.flat().length, 5 * KEYS.length)
    for (const subtask of subtasks) {
      for (const key of KEYS) {
        const numbers = subtask.filter((item) => item.key === key).map(({ n }) => n)
        assert.equal(numbers, numbers.length === 0 ? [] : [0, 1, 2, 3, 4], key)
      }
    }
  })
}

test.run()
