/**
 * Adds process operators to the graph.
 */
import { processOperator } from '../operators/process/process-operator.ts'
import type { ProcessParts } from '../operators/process/process-operator.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { KeySelector } from './graph.ts'
import type { OperatorOptions } from './operator-options.ts'
import { checkDefinition, definitionFacts } from './process-checks.ts'
import type { DescriptorsByName } from './process-checks.ts'

/** One input of the operator. */
export interface ProcessNodeInput {
  readonly ports: readonly Port[]
  /** The function of the definition that takes its records. */
  readonly record: string
  /** Undefined on an input without keys. */
  readonly key?: KeySelector | undefined
  readonly broadcast?: boolean
}

/** What is asked for. */
export interface ProcessNodeRequest {
  readonly builder: GraphBuilder
  /** What it is, e.g. `keyed process`. */
  readonly type: string
  readonly definition: object
  readonly options: OperatorOptions
  readonly inputs: readonly ProcessNodeInput[]
  /** Broadcast states that come with the second input. */
  readonly broadcast?: DescriptorsByName
}

/** Adds the operator. Throws what `checkDefinition` and the builder throw. */
export function addProcess(request: ProcessNodeRequest): Port {
  const { builder, type, definition, options, inputs, broadcast = {} } = request
  const shape = {
    what: inputs.length === 1 ? 'process' : 'connect(…).process',
    records: inputs.map(({ record }) => record),
    keyed: inputs.some(({ key }) => key !== undefined),
    broadcast,
  }
  const states = checkDefinition(definition, shape)
  const create = (): ReturnType<typeof processOperator> =>
    processOperator({
      definition,
      inputs: inputs.map(({ record, key, broadcast: isBroadcast }) => ({
        fn: (definition as Record<string, unknown>)[record],
        key,
        broadcast: isBroadcast,
      })),
      ...states,
    } as ProcessParts)
  const [first, second] = inputs.map(({ ports }) => ports)
  return builder.add({
    operator: { kind: 'operator', type, create, facts: definitionFacts(definition, shape, states) },
    inputs: first ?? [],
    ...(second === undefined ? {} : { secondInputs: second }),
    defaultName: type,
    options,
  })
}
