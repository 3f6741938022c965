/**
 * The second phase of sinks, on the main thread.
 */
import { operatorError } from '../../operators/operator-error.ts'
import type { JobGraph } from '../graph.ts'

/** Makes visible what the sinks with these uids have prepared. Rejects with the `OperatorError` of the first that fails. */
export async function commitSinks(
  { nodes }: JobGraph,
  committables: ReadonlyMap<string, readonly unknown[]>,
): Promise<void> {
  for (const { uid, name, operator } of nodes) {
    const prepared = committables.get(uid)
    if (prepared === undefined || operator.kind !== 'sink') continue
    try {
      await operator.sink.commit?.(prepared)
    } catch (error) {
      throw operatorError({ operatorName: name, subtaskIndex: undefined }, error)
    }
  }
}
