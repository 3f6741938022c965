/**
 * Opens the writers of the sinks of one subtask, on its slot's thread, before its first record.
 */
import { checkedWriter } from '../../operators/connector-checks.ts'
import { operatorError } from '../../operators/operator-error.ts'
import type { SinkTail } from '../../operators/sink-tail.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { GraphNode } from '../graph.ts'

/** The end of a chain, and the sink whose writer it needs. */
export interface PlacedSink {
  readonly tail: SinkTail
  readonly node: GraphNode
}

/** What the writers of one subtask are told. */
export interface WriterFacts {
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly checkpoints: boolean
  readonly clock: Clock
  /** The states of writers of the sink with this uid. */
  readonly restoredOf: (uid: string) => readonly unknown[] | undefined
}

/** Opens the writers of a subtask's sinks; those opened before one fails are aborted. Rejects with an `OperatorError`. */
export async function openWriters(
  sinks: readonly PlacedSink[],
  { restoredOf, ...facts }: WriterFacts,
): Promise<void> {
  let opening = ''
  try {
    for (const { tail, node } of sinks) {
      if (node.operator.kind !== 'sink') continue
      opening = node.name
      const restored = restoredOf(node.uid)
      const context = { ...facts, ...(restored === undefined ? {} : { restored }) }
      const { sink } = node.operator
      tail.setWriter(checkedWriter(await sink.open(context), sink.createPacker !== undefined))
    }
  } catch (error) {
    await Promise.allSettled(sinks.map(({ tail }) => tail.abort(true)))
    throw operatorError({ operatorName: opening, subtaskIndex: facts.subtaskIndex }, error)
  }
}
