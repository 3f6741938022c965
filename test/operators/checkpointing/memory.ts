/** An operator that remembers all records, and hands each on. */
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { Collector, fakeContext, testBackend } from '../operator-fakes.ts'

/** The element of a chain, and what it has in its state. */
export interface Memory {
  readonly element: ChainElement
  readonly seen: readonly unknown[]
}

/** A new one; its uid in the test rigs is its name. */
export function memory(name = 'memory'): Memory {
  const seen: unknown[] = []
  let emit: (value: unknown, timestamp: number) => void
  return {
    seen,
    element: {
      name,
      operator: {
        open: ({ state }, output) => {
          emit = output.emit.bind(output)
          state.registerOperator({
            name: 'seen',
            kind: 'list',
            version: 1,
            redistribution: 'split',
            snapshot: () => [...seen],
            restore: (items) => {
              seen.push(...items)
            },
          })
        },
        processRecord: (value, timestamp) => {
          seen.push(value)
          emit(value, timestamp)
        },
        processWatermark: () => true,
        endInput: () => true,
        close: () => {},
      },
    },
  }
}

/** What is in the snapshot of such an operator. */
export function remembered(snapshot: SubtaskSnapshot | undefined, name = 'memory'): unknown[] {
  const backend = testBackend(name, new ManualClock(), snapshot?.operators)
  const restored = memory(name)
  const { element, seen } = restored
  if (!('operator' in element)) throw new Error('no operator')
  element.operator.open({ ...fakeContext(name), state: backend }, new Collector())
  return [...seen]
}
