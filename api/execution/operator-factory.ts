/**
 * From the description of an operator in the graph to what a chain can run.
 */
import type { PayloadLayouts } from '../../checkpoint/state/payload-layout.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { aggregateByKey } from '../../operators/aggregates/rolling-aggregate.ts'
import { accumulatorLayouts } from '../../operators/aggregates/stored-accumulators.ts'
import type { BadRecordHandler } from '../../operators/bad-records.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import type { Operator } from '../../operators/operator.ts'
import { reduceByKey } from '../../operators/aggregates/rolling-reduce.ts'
import type { GraphNode } from '../graph.ts'

/** Sees every record to which a step has given its event time. */
export type TimedRecordObserver = (value: never, timestamp: number) => void

/** What an element is joined to. */
export interface ElementOptions {
  /** Without it the first record for which the element throws fails the job. */
  readonly onBadRecord?: BadRecordHandler | undefined
  /** For steps that assign timestamps. */
  readonly onTimed?: TimedRecordObserver | undefined
  /** For operators that can be computed in two phases: whether results of the first may come. Default: false. */
  readonly takesPartialResults?: boolean
}

/** Makes a fresh element, with state of its own, for one subtask. Sources, sinks and collected streams are no elements. */
export function createElement(node: GraphNode, options: ElementOptions = {}): ChainElement {
  return { ...bareElement(node, options), onBadRecord: options.onBadRecord }
}

function bareElement(
  { name, operator }: GraphNode,
  { onTimed, takesPartialResults }: ElementOptions,
): ChainElement {
  switch (operator.kind) {
    case 'map':
    case 'filter':
    case 'flatMap':
      return { name, step: operator }
    case 'timestamps':
      return { name, step: { kind: 'timestamp', fn: observed(operator.timestamp, onTimed) } }
    case 'reduce':
      return { name, operator: reduceByKey(operator.key, operator.reduce as never) }
    case 'aggregate': {
      const { key, aggregate, result } = operator
      return { name, operator: aggregateByKey({ key, aggregate, result: result as never }) }
    }
    case 'operator':
      return { name, operator: createOperator(operator, takesPartialResults) }
    case 'source':
    case 'sink':
    case 'collect':
      throw new MillraceError(
        'NOT_AN_ELEMENT',
        `'${name}' (${operator.kind}) can't stand inside a chain`,
      )
  }
}

/** What is in the parts of the state that the operator keeps itself; undefined: nothing is said of it. */
export function payloadLayouts({ operator }: GraphNode): PayloadLayouts | undefined {
  if (operator.kind !== 'aggregate' && operator.kind !== 'operator') return undefined
  return operator.aggregate === undefined ? undefined : accumulatorLayouts(operator.aggregate)
}

function createOperator(
  { create, twoPhases }: Extract<GraphNode['operator'], { readonly kind: 'operator' }>,
  takesPartialResults = false,
): Operator {
  const operator =
    twoPhases !== undefined && takesPartialResults ? twoPhases.createFinal() : create()
  return operator as Operator
}

function observed(
  timestamp: (value: never, timestamp: number) => number,
  onTimed: TimedRecordObserver | undefined,
): (value: never, timestamp: number) => number {
  if (onTimed === undefined) return timestamp
  return (value, before) => {
    const time = timestamp(value, before)
    // Others are refused by the chain.
    if (Number.isFinite(time)) onTimed(value, time)
    return time
  }
}
