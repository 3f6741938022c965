/**
 * The logical graph of a job: what the user wrote, as nodes and edges.
 *
 * Built by the same module on the coordinator and on every slot. Nodes are matched between threads
 * by `id`, their position in the order of building. A finished graph never changes. It holds the
 * user's functions, so it never leaves its thread; what travels are plans (`plan.ts`) and
 * fingerprints.
 */
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
import type { Sink } from '../operators/sink.ts'
import type { Source } from '../operators/source.ts'
import type { WatermarkStrategy } from '../operators/time/watermarks.ts'
import type { Operator, TwoInputOperator } from '../operators/operator.ts'
import type { TwoPhases } from '../operators/windows/two-phases.ts'
import type { ErrorPolicy } from '../operators/bad-records.ts'
import type { CallSite } from './call-site.ts'

/** What the operator of a node does, with the user's functions. */
export type OperatorDescription =
  | {
      readonly kind: 'source'
      readonly source: Source<unknown>
      /** Event time of a record in ms; undefined: the source says, or there is none. */
      readonly timestamp: ((value: never) => number) | undefined
      /** Undefined: no watermark before the final one. */
      readonly watermarks: WatermarkStrategy<never> | undefined
      /** How often periodic generators are asked, in ms; undefined: the default. */
      readonly watermarkIntervalMs?: number | undefined
    }
  | { readonly kind: 'map'; readonly fn: (value: never, timestamp: number) => unknown }
  | { readonly kind: 'filter'; readonly fn: (value: never, timestamp: number) => boolean }
  | {
      readonly kind: 'flatMap'
      readonly fn: (value: never, timestamp: number) => Iterable<unknown>
    }
  | {
      readonly kind: 'timestamps'
      readonly timestamp: (value: never, timestamp: number) => number
      /** Undefined: watermarks pass through as they come. */
      readonly watermarks: WatermarkStrategy<never> | undefined
    }
  | {
      readonly kind: 'reduce'
      readonly key: KeySelector
      readonly reduce: (a: never, b: never) => unknown
    }
  | {
      readonly kind: 'aggregate'
      readonly key: KeySelector
      readonly aggregate: AggregateFunction<unknown, unknown, unknown>
      /** Makes the record that leaves; undefined: the result itself. */
      readonly result: ((result: never, key: never) => unknown) | undefined
    }
  | {
      readonly kind: 'operator'
      /** What it is, e.g. `process` or `interval join`: shown in plans, and the start of its default uid. */
      readonly type: string
      /** Makes a fresh operator, with state of its own, for one subtask. */
      readonly create: () => Operator<never> | TwoInputOperator<never, never>
      /** Whose accumulators its operators keep in parts of their state. Default: nobody's. */
      readonly aggregate?: AggregateFunction<never, unknown, unknown> | undefined
      /** What the user gave, for the fingerprint: functions by their text, plain objects by their fields. */
      readonly facts: Readonly<Record<string, unknown>>
      /** It keeps no state, and would never ask for what is stored under its uid. Default: it may have some. */
      readonly stateless?: true
      /** `never`: a task of its own. Default: as its options and inputs allow. */
      readonly chaining?: 'never'
      /** How it can be computed in two phases, with an exchange between them. Default: it cannot. */
      readonly twoPhases?: TwoPhases | undefined
    }
  | { readonly kind: 'sink'; readonly sink: Sink<unknown> }
  | {
      readonly kind: 'collect'
      /** The name under which the caller finds the records. */
      readonly name: string
    }

/** The kinds of operators. */
export type OperatorKind = OperatorDescription['kind']

/** The user's key selector, whatever it takes. */
export type KeySelector = (value: never) => unknown

/**
 * Which subtask of the next operator gets a record.
 *
 * `default` is what holds where the user says nothing: forward between equal parallelism, otherwise
 * rebalance.
 */
export type Partitioning =
  | {
      readonly kind:
        | 'default'
        | 'forward'
        | 'rebalance'
        | 'rescale'
        | 'idlest'
        | 'shuffle'
        | 'broadcast'
        | 'global'
    }
  | { readonly kind: 'key'; readonly selector: KeySelector }
  | {
      readonly kind: 'custom'
      /** Index of the channel, 0 to channels - 1. */
      readonly fn: (value: never, channels: number) => number
    }

/** One operator of the job. */
export interface GraphNode {
  /** Position in the order of building, from 0. */
  readonly id: number
  /** Shown in plans, metrics and errors; need not be unique. */
  readonly name: string
  /** Unique in the job. Finds the operator's state in a savepoint. */
  readonly uid: string
  /** Whether the user chose the uid; otherwise it follows from the position. */
  readonly uidGiven: boolean
  /** What the user asked for; undefined: the job's default. */
  readonly parallelism: number | undefined
  /**
   * The largest parallelism this operator can have by its nature, 1 for a single file; undefined:
   * any.
   */
  readonly parallelismLimit: number | undefined
  /** Number of key groups of this operator; undefined: the job's default. */
  readonly maxParallelism: number | undefined
  /** False: this operator gets actors of its own. */
  readonly chain: boolean
  readonly operator: OperatorDescription
  /** What happens to a record that it can't process. */
  readonly onError: ErrorPolicy
  /** The user's line. */
  readonly callSite: CallSite | undefined
}

/** Records flow from one node to another. */
export interface GraphEdge {
  /** Position in the order of building, from 0. */
  readonly id: number
  /** Id of the node that emits. */
  readonly from: number
  /** Id of the node that receives. */
  readonly to: number
  /** Which input of the receiver it feeds: 1 for the second one of an operator with two, otherwise 0. */
  readonly input: 0 | 1
  /** The side output that it carries; undefined: the main output. */
  readonly tag: string | undefined
  readonly partitioning: Partitioning
}

/**
 * A finished job graph. Nodes stand in an order in which every edge leads from a smaller id to a
 * larger one.
 */
export interface JobGraph {
  readonly jobName: string
  /** `nodes[i].id === i`. */
  readonly nodes: readonly GraphNode[]
  /** `edges[i].id === i`. */
  readonly edges: readonly GraphEdge[]
}
