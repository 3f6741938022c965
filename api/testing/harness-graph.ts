/**
 * From a pipeline as a user writes it to the operators that a harness drives, all in one chain on one thread.
 */
import type {
  ChainBranches,
  ChainElement,
  ChainNode,
  ChainTail,
} from '../../operators/chain/chain.ts'
import { badRecordHandler, DEAD_LETTERS } from '../../operators/bad-records.ts'
import type { Counter, Output } from '../../operators/operator.ts'
import type { Source } from '../../operators/source.ts'
import { buildError } from '../build-error.ts'
import { createElement } from '../execution/operator-factory.ts'
import { GraphBuilder } from '../graph-builder.ts'
import type { GraphEdge, GraphNode, JobGraph } from '../graph.ts'
import { Stream } from '../stream.ts'

/** What a pipeline returns: its stream, called `main`, or several by name. */
// oxlint-disable-next-line no-explicit-any -- streams of any records; their types are taken from it
export type HarnessStreams = Stream<any> | Readonly<Record<string, Stream<any>>>

const NO_SOURCE: Source<never> = {
  name: 'test input',
  enumerate: () => ({ next: () => undefined }),
  open: () => ({ read: () => undefined, position: undefined }),
}

/** Builds the graph of a pipeline with `inputs` inputs. */
export function pipelineGraph(
  inputs: 1 | 2,
  build: (...streams: Stream<never>[]) => HarnessStreams,
): JobGraph {
  const builder = new GraphBuilder('harness')
  const streams = Array.from({ length: inputs }, () => {
    const source = {
      kind: 'source',
      source: NO_SOURCE,
      timestamp: undefined,
      watermarks: undefined,
    } as const
    const port = builder.add({
      operator: source,
      inputs: [],
      defaultName: NO_SOURCE.name,
      options: {},
    })
    return new Stream<never>(builder, [port])
  })
  const built = build(...streams)
  const outputs = built instanceof Stream ? { main: built } : built
  for (const [name, stream] of Object.entries(outputs)) stream.collect(name)
  return builder.finish()
}

/** What the elements of a chain are made with. */
export interface HarnessChainOptions {
  readonly subtaskIndex: number
  readonly outputOf: (name: string) => Output
  readonly counter: (name: string) => Counter
  readonly onElement: (
    element: ChainElement,
    node: GraphNode,
    sides: ReadonlyMap<string, Output>,
  ) => void
}

/** Makes fresh operators for a pipeline. Throws HARNESS_SHAPE where it does not fit into one chain. */
export function harnessChain(graph: JobGraph, options: HarnessChainOptions): ChainBranches {
  return new ChainMaker(graph, options).input()
}

class ChainMaker {
  readonly #graph: JobGraph
  readonly #options: HarnessChainOptions

  constructor(graph: JobGraph, options: HarnessChainOptions) {
    this.#graph = graph
    this.#options = options
  }

  input(): ChainBranches {
    const sources = this.#graph.nodes.filter(({ operator }) => operator.kind === 'source')
    if (sources.length === 1) return this.#branches(0)
    const readers = sources.flatMap(({ id }) => this.#edgesFrom(id))
    const heads = new Set(readers.map(({ to }) => to))
    const [head] = heads
    if (head === undefined || heads.size > 1) {
      throw shapeError(
        'both inputs to go straight into one operator, at the most through keyBy or broadcast',
        sources.at(-1),
      )
    }
    return { next: [this.#node(head)], tails: [] }
  }

  #branches(nodeId: number): ChainBranches {
    const next: ChainNode[] = []
    const tails: ChainTail[] = []
    for (const { to, tag } of this.#edgesFrom(nodeId)) {
      if (tag !== undefined) continue
      const { operator } = this.#at(to)
      if (operator.kind === 'collect')
        tails.push({ name: operator.name, output: this.#options.outputOf(operator.name) })
      else next.push(this.#node(to))
    }
    return { next, tails }
  }

  #node(id: number): ChainNode {
    const node = this.#at(id)
    if (node.operator.kind === 'sink') throw shapeError('collected streams, not sinks', node)
    const sides = this.#sides(id)
    const element = createElement(node, { onBadRecord: this.#badRecords(node, sides) })
    this.#options.onElement(element, node, sides)
    return { element, ...this.#branches(id) }
  }

  #badRecords(node: GraphNode, sides: ReadonlyMap<string, Output>) {
    if (node.onError === 'fail') return undefined
    return badRecordHandler({
      policy: node.onError,
      operatorName: node.name,
      subtaskIndex: this.#options.subtaskIndex,
      skipped: this.#options.counter(`${node.name}.recordsSkipped`),
      deadLetters: sides.get(DEAD_LETTERS),
    })
  }

  #sides(id: number): ReadonlyMap<string, Output> {
    const sides = new Map<string, Output>()
    for (const { to, tag } of this.#edgesFrom(id)) {
      if (tag === undefined) continue
      const { operator } = this.#at(to)
      if (operator.kind !== 'collect')
        throw shapeError('side outputs to be collected as they are', this.#at(to))
      sides.set(tag, this.#options.outputOf(operator.name))
    }
    return sides
  }

  #edgesFrom(id: number): readonly GraphEdge[] {
    return this.#graph.edges.filter(({ from }) => from === id)
  }

  #at(id: number): GraphNode {
    const node = this.#graph.nodes[id]
    if (node === undefined) throw new RangeError(`the graph has no node ${id}`)
    return node
  }
}

function shapeError(expected: string, node: GraphNode | undefined): Error {
  return buildError('HARNESS_SHAPE', `A harness expects ${expected}`, node?.callSite)
}
