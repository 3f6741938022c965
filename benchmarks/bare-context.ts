/**
 * The least that operators need around them, for benchmarks that drive a chain without a subtask.
 */
import { HeapStateBackend } from '../checkpoint/state/heap-state-backend.ts'
import type { OperatorContext } from '../operators/operator.ts'
import { ManualClock } from '../runtime/manual-clock.ts'
import { settleAtOnce } from '../runtime/slot.ts'

/** The context of an operator that is alone in the world: an empty state, a clock that stands still, nobody who listens. */
export function bareContext({ name }: { readonly name: string }): OperatorContext {
  const clock = new ManualClock()
  return {
    operatorName: name,
    uid: name,
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    clock,
    logger: { log: () => {} },
    state: new HeapStateBackend({
      uid: name,
      operatorName: name,
      maxParallelism: 128,
      subtaskIndex: 0,
      parallelism: 1,
      clock,
    }),
    sideOutput: () => undefined,
    requestTime: () => {},
    wake: () => {},
    hold: () => {},
    whenSettled: settleAtOnce,
    random: () => 0,
    counter: () => ({ value: 0 }),
  }
}
