/**
 * The keyed rolling reduce: every record in gives the combination so far of its key out, with its own timestamp, as in
 * Flink's StreamGroupedReduceOperator.
 */
import { canonicalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import type { Operator, Output } from '../operator.ts'
import { withOwnCode } from '../chain/own-code.ts'

/**
 * Makes the operator. `fn` gets the combination so far and the new record; the first record of a key is its first
 * combination. What is emitted is also what state holds: steps behind must not change it.
 * The operator throws `INVALID_KEY`.
 */
export function reduceByKey<T>(
  key: (value: T) => unknown,
  fn: (soFar: T, value: T) => T,
): Operator<T, T> {
  const create = withOwnCode(createOperator<T>)
  return create(key, fn, { canonicalKey, detachKey, newCut: (cut) => new MapsCut(cut) })
}

interface Imports<T> {
  readonly canonicalKey: typeof canonicalKey
  readonly detachKey: typeof detachKey
  readonly newCut: (options: MapsCutOptions<T>) => MapsCut<T>
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<T>(
  keyOf: (value: T) => unknown,
  reduce: (soFar: T, value: T) => T,
  { canonicalKey, detachKey, newCut }: Imports<T>,
): Operator<T, T> {
  const state = new Map<CanonicalKey, T>()
  /** While a snapshot is packed. */
  let cut: MapsCut<T> | undefined
  let output: Output<T>
  return {
    open({ state: backend }, to) {
      output = to
      backend.registerKeyed({
        name: 'millrace.rolling',
        kind: 'rolling reduce',
        version: 1,
        snapshot: (write) => {
          for (const [key, value] of state) write(key, [value])
        },
        cut: (keep) => {
          const maps = [{ map: state, payload: (value: T) => [value] }]
          const onEnd = (): void => {
            cut = undefined
          }
          return (cut = newCut({ maps, keep, onEnd }))
        },
        restore: (key, payload) => {
          state.set(detachKey(key), (payload as [T])[0])
        },
      })
    },
    processRecord(value, timestamp) {
      const key = canonicalKey(keyOf(value))
      if (cut !== undefined) cut.touch(state, key)
      const soFar = state.get(key)
      if (soFar === undefined && !state.has(key)) {
        state.set(detachKey(key), value)
        output.emit(value, timestamp)
        return
      }
      const next = reduce(soFar as T, value)
      if (!Object.is(next, soFar)) state.set(key, next)
      output.emit(next, timestamp)
    },
    processWatermark: () => true,
    endInput: () => true,
    close() {
      state.clear()
    },
  }
}
