/**
 * The keyed rolling aggregate: every record in gives the result so far of its key out, with its own timestamp.
 */
import { canonicalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MapsCut } from '../../checkpoint/state/maps-cut.ts'
import type { MapsCutOptions } from '../../checkpoint/state/maps-cut.ts'
import type { Operator, Output } from '../operator.ts'
import { withOwnCode } from '../chain/own-code.ts'

/** What `aggregateByKey` computes: per `Key` of the `In` records a `Result`, which leaves as an `Out`. */
export interface AggregateByKeyOptions<In, Key, Acc, Result, Out> {
  readonly key: (value: In) => Key
  readonly aggregate: AggregateFunction<In, Acc, Result>
  /** Makes the record that leaves. Default: the aggregate's result itself. */
  readonly result?: ((result: Result, key: Key) => Out) | undefined
}

/** Makes the operator. It throws `INVALID_KEY`. */
export function aggregateByKey<In, Key, Acc, Result, Out = Result>(
  options: AggregateByKeyOptions<In, Key, Acc, Result, Out>,
): Operator<In, Out> {
  const create = withOwnCode(createOperator<In, Key, Acc, Result, Out>)
  return create(options, { canonicalKey, detachKey, newCut: (cut) => new MapsCut(cut) })
}

interface Imports<Acc> {
  readonly canonicalKey: typeof canonicalKey
  readonly detachKey: typeof detachKey
  readonly newCut: (options: MapsCutOptions<Acc>) => MapsCut<Acc>
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator<In, Key, Acc, Result, Out>(
  options: AggregateByKeyOptions<In, Key, Acc, Result, Out>,
  { canonicalKey, detachKey, newCut }: Imports<Acc>,
): Operator<In, Out> {
  const { key: keyOf, aggregate, result: makeRecord } = options
  const state = new Map<CanonicalKey, Acc>()
  /** While a snapshot is packed. */
  let cut: MapsCut<Acc> | undefined
  let output: Output<Out>
  return {
    open({ state: backend }, to) {
      output = to
      backend.registerKeyed({
        name: 'millrace.rolling',
        kind: 'rolling aggregate',
        version: 1,
        snapshot: (write) => {
          for (const [key, accumulator] of state) write(key, [accumulator])
        },
        cut: (keep) => {
          const maps = [{ map: state, payload: (accumulator: Acc) => [accumulator] }]
          const onEnd = (): void => {
            cut = undefined
          }
          return (cut = newCut({ maps, keep, onEnd }))
        },
        restore: (key, payload) => {
          state.set(detachKey(key), (payload as [Acc])[0])
        },
      })
    },
    processRecord(value, timestamp) {
      const key = keyOf(value)
      const canonical = canonicalKey(key)
      if (cut !== undefined) cut.touch(state, canonical)
      const known = state.get(canonical)
      let accumulator: Acc
      if (known === undefined && !state.has(canonical)) {
        accumulator = aggregate.add(aggregate.createAccumulator(), value)
        state.set(detachKey(canonical), accumulator)
      } else {
        accumulator = aggregate.add(known as Acc, value)
        if (!Object.is(accumulator, known)) state.set(canonical, accumulator)
      }
      const result = aggregate.getResult(accumulator)
      if (makeRecord === undefined) output.emit(result as never, timestamp)
      // The key of -0 is 0.
      else output.emit(makeRecord(result, key === 0 ? (0 as Key) : key), timestamp)
    },
    processWatermark: () => true,
    endInput: () => true,
    close() {
      state.clear()
    },
  }
}
