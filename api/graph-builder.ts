/**
 * Collects nodes and edges while a job is built, and checks what can be checked on the way.
 *
 * One builder per build, used by the streams of one environment. After `finish` it takes nothing
 * more.
 */
import { DEAD_LETTERS } from '../operators/bad-records.ts'
import { buildError, describeValue } from './build-error.ts'
import { captureCallSite, formatCallSite } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import { checkOperatorOptions } from './operator-options.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { GraphEdge, GraphNode, JobGraph, OperatorDescription, Partitioning } from './graph.ts'

/** Where a stream comes from: a node, and how its records go on from there. A union has several. */
export interface Port {
  readonly node: number
  readonly partitioning: Partitioning
  /** The side output that is meant; undefined: the main output. */
  readonly tag?: string | undefined
}

/** What the builder needs to add a node. */
export interface NodeRequest {
  readonly operator: OperatorDescription
  /** The ports that feed it; none for a source. */
  readonly inputs: readonly Port[]
  /** The ports that feed the second input of an operator with two. */
  readonly secondInputs?: readonly Port[]
  /** The name where the user gives none. */
  readonly defaultName: string
  readonly options: OperatorOptions
  /** The largest parallelism the operator can have by its nature. */
  readonly parallelismLimit?: number | undefined
  /** Names of options that this operator has besides the common ones. */
  readonly moreOptions?: readonly string[]
}

/** The graph while it grows. */
export class GraphBuilder {
  readonly #jobName: string
  readonly #nodes: GraphNode[] = []
  readonly #edges: GraphEdge[] = []
  readonly #uids = new Map<string, GraphNode>()
  #finished = false

  constructor(jobName: string) {
    this.#jobName = jobName
  }

  /**
   * Adds an operator behind its inputs and returns its port.
   * Throws INVALID_ARGUMENT, INVALID_PARALLELISM, DUPLICATE_UID or JOB_ALREADY_BUILT.
   */
  add(request: NodeRequest): Port {
    const site = captureCallSite()
    if (this.#finished) {
      throw buildError(
        'JOB_ALREADY_BUILT',
        `'${request.defaultName}' was added to the job '${this.#jobName}' after it had been built; ` +
          'await everything asynchronous inside the build function',
        site,
      )
    }
    const { operator, options, parallelismLimit } = request
    const kind = operator.kind === 'operator' ? operator.type : operator.kind
    checkOperatorOptions(options, kind, request.moreOptions)
    const name = options.name ?? request.defaultName
    checkLimit(options.parallelism, parallelismLimit, name, site)
    const id = this.#nodes.length
    const node: GraphNode = {
      id,
      name,
      uid: options.uid ?? `${kind.replaceAll(' ', '-')}-${id}`,
      uidGiven: options.uid !== undefined,
      parallelism: options.parallelism,
      parallelismLimit,
      maxParallelism: options.maxParallelism,
      chain: options.chain ?? true,
      operator,
      onError: options.onError ?? 'fail',
      callSite: site,
    }
    this.#claimUid(node)
    this.#checkCollectName(node)
    this.#nodes.push(node)
    this.#addEdges(request.inputs, id, 0)
    this.#addEdges(request.secondInputs ?? [], id, 1)
    return { node: id, partitioning: { kind: 'default' } }
  }

  /** Ends the build. Throws JOB_WITHOUT_SINK or DANGLING_STREAM when records have nowhere to go. */
  finish(): JobGraph {
    this.#finished = true
    this.#checkEnds()
    this.#checkDeadLetters()
    return { jobName: this.#jobName, nodes: [...this.#nodes], edges: [...this.#edges] }
  }

  #addEdges(ports: readonly Port[], to: number, input: 0 | 1): void {
    for (const { node: from, partitioning, tag } of ports) {
      this.#edges.push({ id: this.#edges.length, from, to, input, tag, partitioning })
    }
  }

  #claimUid(node: GraphNode): void {
    const other = this.#uids.get(node.uid)
    if (other !== undefined) {
      const place = other.callSite === undefined ? '' : ` at ${formatCallSite(other.callSite)}`
      throw buildError(
        'DUPLICATE_UID',
        `the uid '${node.uid}' of '${node.name}' is taken by '${other.name}'${place}; every operator needs its own`,
        node.callSite,
      )
    }
    this.#uids.set(node.uid, node)
  }

  #checkCollectName({ operator, callSite }: GraphNode): void {
    if (operator.kind !== 'collect') return
    const taken = this.#nodes.some(
      (node) => node.operator.kind === 'collect' && node.operator.name === operator.name,
    )
    if (!taken) return
    throw buildError(
      'DUPLICATE_COLLECT',
      `two streams are collected under the name '${operator.name}'`,
      callSite,
    )
  }

  #checkDeadLetters(): void {
    for (const { id, name, onError, callSite } of this.#nodes) {
      const read = this.#edges.some(({ from, tag }) => from === id && tag === DEAD_LETTERS)
      if (onError === 'deadLetter' && !read) {
        throw buildError(
          'DEAD_LETTERS_UNREAD',
          `'${name}' puts bad records among its dead letters, but nobody reads them: use .deadLetters() of its stream, or onError: 'skip'`,
          callSite,
        )
      }
      if (onError !== 'deadLetter' && read) {
        throw buildError(
          'DEAD_LETTERS_UNREAD',
          `the dead letters of '${name}' are read, but it makes none: give it onError: 'deadLetter'`,
          callSite,
        )
      }
    }
  }

  #checkEnds(): void {
    if (!this.#nodes.some(({ operator }) => isEnd(operator))) {
      throw buildError(
        'JOB_WITHOUT_SINK',
        `the job '${this.#jobName}' has no sink: end at least one stream with .to(sink) or .collect(name)`,
        this.#nodes.at(-1)?.callSite,
      )
    }
    const used = new Set(this.#edges.map((edge) => edge.from))
    const dangling = this.#nodes.find(({ id, operator }) => !isEnd(operator) && !used.has(id))
    if (dangling === undefined) return
    throw buildError(
      'DANGLING_STREAM',
      `the records of '${dangling.name}' go nowhere: end the stream with .to(sink) or .collect(name), or leave it out`,
      dangling.callSite,
    )
  }
}

function isEnd(operator: OperatorDescription): boolean {
  return operator.kind === 'sink' || operator.kind === 'collect'
}

function checkLimit(
  parallelism: number | undefined,
  limit: number | undefined,
  name: string,
  site: CallSite | undefined,
): void {
  if (limit === undefined) return
  if (!(limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 1))) {
    throw buildError(
      'INVALID_PARALLELISM',
      `the maxParallelism of '${name}' must be a whole number from 1, got ${describeValue(limit)}`,
      site,
    )
  }
  if (parallelism === undefined || parallelism <= limit) return
  throw buildError(
    'INVALID_PARALLELISM',
    `'${name}' can run with a parallelism of at most ${limit}, got ${parallelism}`,
    site,
  )
}
