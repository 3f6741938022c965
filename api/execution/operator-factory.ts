/**
 * From the description of an operator in the graph to what a chain can run.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { aggregateByKey } from '../../operators/aggregates/rolling-aggregate.ts'
import type { BadRecordHandler } from '../../operators/bad-records.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import type { Operator } from '../../operators/operator.ts'
import { reduceByKey } from '../../operators/aggregates/rolling-reduce.ts'
import { windowAggregate } from '../../operators/windows/window-aggregate.ts'
import type { GraphNode } from '../graph.ts'

/**
 * Makes a fresh element, with state of its own, for one subtask. Sources, sinks and collected streams are no elements.
 * Without `onBadRecord` the first record for which it throws fails the job.
 */
export function createElement(node: GraphNode, onBadRecord?: BadRecordHandler): ChainElement {
  return { ...bareElement(node), onBadRecord }
}

function bareElement({ name, operator }: GraphNode): ChainElement {
  switch (operator.kind) {
    case 'map':
    case 'filter':
    case 'flatMap':
      return { name, step: operator }
    case 'timestamps':
      return { name, step: { kind: 'timestamp', fn: operator.timestamp } }
    case 'reduce':
      return { name, operator: reduceByKey(operator.key, operator.reduce as never) }
    case 'aggregate': {
      const { key, aggregate, result } = operator
      return { name, operator: aggregateByKey({ key, aggregate, result: result as never }) }
    }
    case 'window': {
      const { key, assigner, aggregate, result } = operator
      return {
        name,
        operator: windowAggregate({ key, assigner, aggregate, result: result as never }),
      }
    }
    case 'operator':
      return { name, operator: operator.create() as Operator }
    case 'source':
    case 'sink':
    case 'collect':
      throw new MillraceError(
        'NOT_AN_ELEMENT',
        `'${name}' (${operator.kind}) can't stand inside a chain`,
      )
  }
}
