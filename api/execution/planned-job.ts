/**
 * What the attempts of one run have in common: the job's name, its graph, its collected streams, and a plan that is made anew for each.
 * On the main thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { fingerprint } from '../fingerprint.ts'
import type { JobGraph } from '../graph.ts'
import { buildGraph } from '../job.ts'
import type { JobDefinition } from '../job.ts'
import { createPlan } from '../plan.ts'
import type { ExecutionPlan } from '../plan.ts'
import { edgesToUnchain } from './channel-state.ts'
import { Collector } from './collector.ts'
import { loadJobModule } from './job-module.ts'
import { LocalCluster } from './local-cluster.ts'
import type { ChannelNumbers } from './local-cluster.ts'
import type { GraphOrigin } from './protocol.ts'
import { warnOfLostRecords } from './replay-warning.ts'
import type { ResolvedOptions } from './run-options.ts'

/** Where the job comes from. */
export type JobOrigin =
  | { readonly kind: 'module'; readonly url: string }
  | { readonly kind: 'value'; readonly job: JobDefinition }

/** See the head of this file. */
export class PlannedJob {
  /** The collected streams, by name. */
  readonly collectors = new Map<string, Collector>()
  readonly #origin: JobOrigin
  readonly #options: ResolvedOptions
  /** Of all attempts. */
  readonly #channels: ChannelNumbers
  #name = ''
  #graph: JobGraph | undefined
  #plan: ExecutionPlan | undefined
  /** Edges of the graph that join two tasks because the attempt found records in flight on them. */
  #unchained: ReadonlySet<number> = new Set()

  constructor(origin: JobOrigin, options: ResolvedOptions) {
    this.#origin = origin
    this.#options = options
    this.#channels = options.host instanceof LocalCluster ? options.host.channels : { next: 1 }
  }

  /** Empty until the module is loaded. */
  get name(): string {
    return this.#name
  }

  /** Undefined until it is built. */
  get graph(): JobGraph | undefined {
    return this.#graph
  }

  /** That of the newest attempt. Undefined until there is one. */
  get plan(): ExecutionPlan | undefined {
    return this.#plan
  }

  /** What can be deployed. Errors: `NOT_PREPARED`. */
  get deployable(): { readonly plan: ExecutionPlan; readonly graph: JobGraph } {
    if (this.#plan === undefined || this.#graph === undefined) {
      throw new MillraceError('NOT_PREPARED', 'The job has no plan yet')
    }
    return { plan: this.#plan, graph: this.#graph }
  }

  /** Loads, builds and plans it. Rejects with what that throws. */
  async prepare(): Promise<void> {
    const origin = this.#origin
    const job = origin.kind === 'module' ? await loadJobModule(origin.url) : origin.job
    this.#name = job.name
    const { args, surroundings } = this.#options
    this.#graph = surroundings.adapt(await buildGraph(job, args))
    this.#plan = this.#createPlan(this.#graph)
    warnOfLostRecords(this.#graph, this.#options)
    // A record that was shown cannot be taken back.
    const mayRestart = this.#options.restart !== undefined
    for (const { operator } of this.#graph.nodes) {
      if (operator.kind === 'collect')
        this.collectors.set(operator.name, new Collector(operator.name, { holds: mayRestart }))
    }
  }

  /** Plans the next attempt. */
  planAgain(): void {
    this.#unchained = new Set()
    this.#plan = this.#createPlan(this.deployable.graph)
  }

  /** The plan of an attempt that finds records in flight on these edges: each is an edge between two tasks, so that they can be read. */
  planWith(inFlight: ReadonlySet<string>): ExecutionPlan {
    const { graph, plan } = this.deployable
    const unchained = edgesToUnchain(graph, plan, inFlight)
    if (unchained.size === 0) return plan
    this.#unchained = unchained
    this.#plan = this.#createPlan(graph)
    return this.#plan
  }

  /** A plan of the same graph for a part of the job that is deployed again, while the rest keeps the one it has. */
  planPart(): ExecutionPlan {
    return this.#createPlan(this.deployable.graph)
  }

  /** How slots get the graph. */
  graphOrigin(graph: JobGraph): GraphOrigin {
    const { host, args } = this.#options
    const onThreads = host === 'threads' || host instanceof LocalCluster
    if (this.#origin.kind === 'value' || !onThreads) {
      return { kind: 'shared', graph }
    }
    return { kind: 'module', url: this.#origin.url, args, fingerprint: fingerprint(graph) }
  }

  /** Each plan has channel numbers of its own, so that frames of an earlier attempt find no receiver. */
  #createPlan(graph: JobGraph): ExecutionPlan {
    const { parallelism, maxParallelism, slots, preAggregation } = this.#options
    const plan = createPlan(graph, {
      parallelism,
      slots,
      preAggregation,
      unchained: this.#unchained,
      firstChannelId: this.#channels.next,
      ...(maxParallelism === undefined ? {} : { maxParallelism }),
    })
    for (const { channels } of plan.edges) this.#channels.next += channels.length
    return plan
  }
}
