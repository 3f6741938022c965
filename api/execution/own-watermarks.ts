/**
 * The event time of a task whose first operator assigns timestamps anew: one generator, which is shown the records by the operator
 * itself. Made once per subtask, on its slot's thread.
 */
import type { WatermarkStrategy } from '../../operators/time/watermarks.ts'
import type { GraphNode } from '../graph.ts'
import type { TimedRecordObserver } from './operator-factory.ts'

/** The watermarks that a subtask with inputs makes. */
export interface OwnWatermarks {
  /** Always gives the one generator, which is also shown the records. */
  readonly strategy: WatermarkStrategy<never>
  readonly onTimed: TimedRecordObserver | undefined
}

/** Those of a task with this first operator; undefined where it follows its inputs. */
export function ownWatermarks({ operator }: GraphNode): OwnWatermarks | undefined {
  if (operator.kind !== 'timestamps' || operator.watermarks === undefined) return undefined
  const generator = operator.watermarks.createGenerator()
  const strategy = { ...operator.watermarks, createGenerator: () => generator }
  if (generator.onRecord === undefined) return { strategy, onTimed: undefined }
  return {
    strategy,
    onTimed: (value, timestamp) => {
      generator.onRecord?.(value, timestamp)
    },
  }
}
