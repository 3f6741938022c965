/**
 * Two streams through two stateless functions into one (Flink's CoStreamMap and CoStreamFlatMap).
 */
import { checkIterable } from '../chain/chain-code.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Output, TwoInputOperator } from '../operator.ts'

/** The functions for the records of the first input and of the second; each gets the record and its event time. */
export interface CoFunctions<In1, In2, Out> {
  readonly first: (value: In1, timestamp: number) => Out
  readonly second: (value: In2, timestamp: number) => Out
}

/** One record out for each record in, with its timestamp. */
export function coMap<In1, In2, Out>(
  functions: CoFunctions<In1, In2, Out>,
): TwoInputOperator<In1, In2, Out> {
  return withOwnCode(createCoMap<In1, In2, Out>)(functions)
}

/** Any number of records out for each record in, with its timestamp. It throws `NOT_ITERABLE`. */
export function coFlatMap<In1, In2, Out>(
  functions: CoFunctions<In1, In2, Iterable<Out>>,
): TwoInputOperator<In1, In2, Out> {
  return withOwnCode(createCoFlatMap<In1, In2, Out>)(functions, checkIterable)
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createCoMap<In1, In2, Out>({
  first,
  second,
}: CoFunctions<In1, In2, Out>): TwoInputOperator<In1, In2, Out> {
  let output: Output<Out>
  return {
    open(_context, to) {
      output = to
    },
    processRecord1(value, timestamp) {
      output.emit(first(value, timestamp), timestamp)
    },
    processRecord2(value, timestamp) {
      output.emit(second(value, timestamp), timestamp)
    },
    processWatermark: () => true,
    endInput: () => true,
    close() {},
  }
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createCoFlatMap<In1, In2, Out>(
  { first, second }: CoFunctions<In1, In2, Iterable<Out>>,
  iterable: (value: unknown) => Iterable<unknown>,
): TwoInputOperator<In1, In2, Out> {
  let output: Output<Out>
  /** Read to its end first where bad records are survived, so that one that fails half-way leaves nothing behind. */
  let readFirst = false
  const all = (results: unknown): Iterable<unknown> =>
    readFirst ? Array.from(iterable(results)) : iterable(results)
  return {
    open({ badRecords }, to) {
      output = to
      readFirst = badRecords !== undefined
    },
    processRecord1(value, timestamp) {
      for (const each of all(first(value, timestamp))) output.emit(each as Out, timestamp)
    },
    processRecord2(value, timestamp) {
      for (const each of all(second(value, timestamp))) output.emit(each as Out, timestamp)
    },
    processWatermark: () => true,
    endInput: () => true,
    close() {},
  }
}
