/**
 * `intervalJoin`: its options, their checks, and the node it becomes.
 */
import { isAsync } from '../checkpoint/async-functions.ts'
import { intervalJoinOperator } from '../operators/joins/interval-join-operator.ts'
import type {
  IntervalBounds,
  IntervalJoinContext,
  IntervalJoinInfo,
  IntervalJoinKind,
  JoinPair,
} from '../operators/joins/interval-join.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import type { Emit } from '../operators/process/contexts.ts'
import { unknownOption } from '../runtime/known-options.ts'
import { buildErrorHere, describeValue, requireAnyFunction, requireMethods } from './build-error.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { KeySelector } from './graph.ts'
import { KeyedStream, partsOfKeyedStream } from './keyed-stream.ts'
import type { KeyedStreamParts } from './keyed-stream.ts'
import type { OperatorOptions } from './operator-options.ts'
import { Stream } from './stream.ts'

/**
 * Which records of two streams belong together: those with `left + lowerMs <= right <= left + upperMs` in event time, and equal keys.
 *
 * @example
 * const withinAnHour: IntervalJoinOptions<Order, Payment> = { lowerMs: 0, upperMs: 3_600_000, upperInclusive: false }
 */
export interface IntervalJoinOptions<A, B> {
  /** Least time from the left record to the right one, in ms; negative where the right one may come first. */
  readonly lowerMs: number
  /** Greatest time from the left record to the right one, in ms. */
  readonly upperMs: number
  /** False: a right record at exactly `lowerMs` does not belong, nor one less than a millisecond behind it. Default: true. */
  readonly lowerInclusive?: boolean
  /** The same at `upperMs`. Default: true. */
  readonly upperInclusive?: boolean
  /**
   * Where left records go that come when the watermark has passed their time; read it with `sideOutput(lateLeft)` on the joined
   * stream. Without it, or where nobody reads it, they are dropped and counted (`lateRecordsDropped`).
   */
  readonly lateLeft?: OutputTag<A>
  /** The same for right records. */
  readonly lateRight?: OutputTag<B>
}

/**
 * A function for pairs with side outputs and counters, and any number of results (Flink's ProcessJoinFunction). Shared by all
 * subtasks of a slot: it must keep nothing between two calls.
 */
export interface IntervalJoinDefinition<K, A, B, R> {
  processJoin(left: A, right: B, context: IntervalJoinContext<K>, emit: Emit<R>): void
}

/** What an interval join is made of. */
export interface IntervalJoinedParts {
  readonly builder: GraphBuilder
  readonly left: JoinInput
  readonly right: JoinInput
  readonly bounds: IntervalBounds
  readonly lateLeft: string | undefined
  readonly lateRight: string | undefined
}

interface JoinInput {
  readonly ports: readonly Port[]
  readonly key: KeySelector
}

/** What the user's function for pairs may look like, whatever its sides. */
type PairFunction = (left: never, right: never, info: never) => unknown

/**
 * Two keyed streams of which records near to each other in time belong together (Flink's IntervalJoined). Comes from
 * `left.intervalJoin(right, options)`.
 *
 * Results have the later timestamp of the two. In outer joins a record that met nobody leaves with its own timestamp, as soon as the
 * watermark shows that nobody can come any more; behind an outer join the watermark stays as far back as such a record may lie.
 *
 * @example
 * orders
 *   .keyBy((order) => order.id)
 *   .intervalJoin(payments.keyBy((payment) => payment.order), { lowerMs: 0, upperMs: 3_600_000 })
 *   .left((order, payment) => ({ id: order.id, paid: payment?.amount ?? 0 }))
 */
export class IntervalJoinedStreams<K, A, B> {
  readonly #parts: IntervalJoinedParts

  /** @internal Comes from `KeyedStream.intervalJoin`. */
  constructor(parts: IntervalJoinedParts) {
    this.#parts = parts
  }

  /** One record for each pair. Errors: `INVALID_ARGUMENT`. */
  inner<R>(
    fn: (left: A, right: B, info: IntervalJoinInfo<K>) => R,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#pairs('inner', fn, options)
  }

  /** The same, and one for each left record without a partner: `right` is undefined then. */
  left<R>(
    fn: (left: A, right: B | undefined, info: IntervalJoinInfo<K>) => R,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#pairs('left', fn, options)
  }

  /** The same with the right records that have no partner: `left` is undefined then. */
  right<R>(
    fn: (left: A | undefined, right: B, info: IntervalJoinInfo<K>) => R,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#pairs('right', fn, options)
  }

  /** Pairs, and the records of both sides that have no partner. */
  full<R>(
    fn: (left: A | undefined, right: B | undefined, info: IntervalJoinInfo<K>) => R,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#pairs('full', fn, options)
  }

  /**
   * Any number of records for each pair, with side outputs and counters. Errors: `INVALID_ARGUMENT`.
   *
   * @example
   * joined.process({
   *   processJoin(order, payment, { key, counter }, emit: Emit<string>) {
   *     if (payment.amount < order.amount) counter('underpaid').value++
   *     else emit(`${key} is paid`)
   *   },
   * })
   */
  process<R = never>(
    definition: IntervalJoinDefinition<K, A, B, R>,
    options: OperatorOptions = {},
  ): Stream<R> {
    const what = 'intervalJoin(…).process: the definition'
    requireMethods(definition, ['processJoin'], what, 'an object with processJoin(left, right, …)')
    const { processJoin } = definition as { readonly processJoin: () => unknown }
    refuseAsync(processJoin, 'intervalJoin(…).process: processJoin')
    const join: JoinPair = (left, right, context, emit) => {
      definition.processJoin(left as A, right as B, context as never, emit)
    }
    return this.#add('inner', join, { processJoin }, options)
  }

  #pairs<R>(kind: IntervalJoinKind, fn: PairFunction, options: OperatorOptions): Stream<R> {
    requireAnyFunction(fn, `intervalJoin(…).${kind}: the function`)
    refuseAsync(fn, `intervalJoin(…).${kind}: the function`)
    const join: JoinPair = (left, right, context, emit) => {
      emit(fn(left as never, right as never, context as never))
    }
    return this.#add(kind, join, { function: fn }, options)
  }

  #add<R>(
    kind: IntervalJoinKind,
    join: JoinPair,
    functions: Readonly<Record<string, unknown>>,
    options: OperatorOptions,
  ): Stream<R> {
    const { builder, left, right, bounds, lateLeft, lateRight } = this.#parts
    const type = kind === 'inner' ? 'interval join' : `${kind} interval join`
    const port = builder.add({
      operator: {
        kind: 'operator',
        type,
        create: () =>
          intervalJoinOperator({
            kind,
            bounds,
            leftKey: left.key,
            rightKey: right.key,
            lateLeft,
            lateRight,
            join,
          }),
        facts: { ...functions, lowerMs: bounds.lower, upperMs: bounds.upper, lateLeft, lateRight },
        ...(kind === 'inner' ? {} : { chaining: 'never' as const }),
      },
      inputs: left.ports,
      secondInputs: right.ports,
      defaultName: type,
      options,
    })
    return new Stream<R>(builder, [port])
  }
}

/** Checks the arguments of `intervalJoin`. Errors: `INVALID_JOIN`, `STREAM_WITHOUT_KEY`, `FOREIGN_STREAM`. */
export function intervalJoined<K, A, B>(
  left: KeyedStreamParts,
  other: unknown,
  options: IntervalJoinOptions<A, B>,
): IntervalJoinedStreams<K, A, B> {
  const right = rightSide(other, left.builder)
  checkOptions(options)
  const { lateLeft, lateRight } = options
  return new IntervalJoinedStreams<K, A, B>({
    builder: left.builder,
    left,
    right,
    bounds: inclusiveBounds(options),
    lateLeft: tagName(lateLeft, 'lateLeft'),
    lateRight: tagName(lateRight, 'lateRight'),
  })
}

function rightSide(other: unknown, builder: GraphBuilder): KeyedStreamParts {
  if (other instanceof KeyedStream) {
    const parts = partsOfKeyedStream(other as KeyedStream<never, never>)
    if (parts.builder === builder) return parts
    throw buildErrorHere(
      'FOREIGN_STREAM',
      'intervalJoin: the streams belong to different environments; a job has one',
    )
  }
  if (other instanceof Stream) {
    throw buildErrorHere(
      'STREAM_WITHOUT_KEY',
      'intervalJoin: the stream has keys, the one given has none: call .keyBy(selector) on it too',
    )
  }
  throw invalid('the first argument must be a keyed stream', other)
}

function refuseAsync(fn: unknown, what: string): void {
  if (!isAsync(fn)) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what} must not be async, for nobody would wait for it: put mapAsync behind the join`,
  )
}

const OPTIONS = ['lowerMs', 'upperMs', 'lowerInclusive', 'upperInclusive', 'lateLeft', 'lateRight']

function checkOptions(options: IntervalJoinOptions<unknown, unknown>): void {
  if (typeof options !== 'object' || options === null)
    throw invalid('the second argument must be an object with lowerMs and upperMs', options)
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) {
    throw buildErrorHere(
      'INVALID_JOIN',
      `intervalJoin: ${unknownOption(unknown, OPTIONS)} (name, uid and the like go to inner, left, right, full or process)`,
    )
  }
  for (const name of ['lowerMs', 'upperMs'] as const) {
    const bound = options[name]
    if (!Number.isFinite(bound)) throw invalid(`${name} must be a finite number of ms`, bound)
  }
  for (const name of ['lowerInclusive', 'upperInclusive'] as const) {
    const inclusive = options[name]
    if (inclusive !== undefined && typeof inclusive !== 'boolean')
      throw invalid(`${name} must be a boolean`, inclusive)
  }
}

/** Timestamps are whole milliseconds as a rule, so that an excluded end is one millisecond further in (as in Flink). */
function inclusiveBounds(options: IntervalJoinOptions<unknown, unknown>): IntervalBounds {
  const { lowerMs, upperMs, lowerInclusive = true, upperInclusive = true } = options
  const lower = lowerInclusive ? lowerMs : lowerMs + 1
  const upper = upperInclusive ? upperMs : upperMs - 1
  if (lower <= upper) return { lower, upper }
  const taken =
    lowerInclusive && upperInclusive
      ? ''
      : `; without its excluded ends it is from ${lower} to ${upper}`
  throw buildErrorHere(
    'INVALID_JOIN',
    `intervalJoin: the interval must not be empty, got lowerMs ${lowerMs} and upperMs ${upperMs}${taken}`,
  )
}

function tagName(tag: OutputTag<unknown> | undefined, option: string): string | undefined {
  if (tag === undefined) return undefined
  const name: unknown = (tag as { readonly name?: unknown } | null)?.name
  if (typeof name === 'string' && name !== '') return name
  throw invalid(`${option} must be a tag made with outputTag(name)`, tag)
}

function invalid(expected: string, got: unknown): Error {
  return buildErrorHere('INVALID_JOIN', `intervalJoin: ${expected}, got ${describeValue(got)}`)
}
