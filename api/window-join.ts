/**
 * `left.join(right).window(…)` and `left.coGroup(right).window(…)`: two keyed streams, window by window.
 */
import { windowCoGroup } from '../operators/joins/window-co-group.ts'
import type { SidesFunction } from '../operators/joins/window-co-group.ts'
import type {
  Emit,
  KeyedStates,
  LifeCycleContext,
  NoStates,
} from '../operators/process/contexts.ts'
import { triggerOf } from '../operators/windows/create-window-operator.ts'
import type { WindowAssigner } from '../operators/windows/window-assigner.ts'
import type { WindowContext } from '../operators/windows/window-context.ts'
import type { WindowProcess } from '../operators/windows/window-operator-options.ts'
import { buildErrorHere, requireFunction, requireMethods } from './build-error.ts'
import { otherSide } from './connect.ts'
import type { Port } from './graph-builder.ts'
import type { KeySelector } from './graph.ts'
import type { KeyedStreamParts } from './keyed-stream.ts'
import { requireAssigner } from './operator-checks.ts'
import type { OperatorOptions } from './operator-options.ts'
import { Stream } from './stream.ts'
import { checkWindowProcess, windowProcessFacts } from './window-process.ts'
import { requireNoWindowState } from './window-node.ts'
import { requireMergingTrigger } from './window-settings.ts'
import type { WindowSettings } from './window-settings.ts'
import { Windows } from './windows.ts'
import type { KeyedWindowInfo } from './windowed-stream.ts'

/** The second input of a join, and how each side finds its key. */
interface JoinInputs {
  readonly secondPorts: readonly Port[]
  readonly secondKey: KeySelector
}

/**
 * Functions for the windows of a co-group: `coGroup` gets all records of both sides, in the order in which they came; either list may
 * be empty. Otherwise as `WindowProcessDefinition`.
 */
export interface CoGroupDefinition<
  K,
  A,
  B,
  R,
  S extends KeyedStates = NoStates,
  WS extends KeyedStates = NoStates,
> {
  /** States per key, across windows: `context.state`. */
  readonly state?: S
  /** States per key and window, cleared with it. Not for windows that merge, such as sessions. */
  readonly windowState?: WS
  open?(context: LifeCycleContext): void
  /** Called whenever the window fires; may emit any number of records. */
  coGroup(
    context: WindowContext<K, S, WS>,
    sides: { readonly first: readonly A[]; readonly second: readonly B[] },
    emit: Emit<R>,
  ): void
  clear?(context: WindowContext<K, S, WS>): void
  close?(context: LifeCycleContext): void
}

/** Two keyed streams that wait for their windows. Comes from `left.join(right)`. */
export class JoinedStreams<K, A, B> {
  readonly #parts: KeyedStreamParts
  readonly #inputs: JoinInputs

  /** @internal Comes from a keyed stream. */
  constructor(parts: KeyedStreamParts, inputs: JoinInputs) {
    this.#parts = parts
    this.#inputs = inputs
  }

  /** Pairs the records of each key that fall into the same window. */
  window(assigner: WindowAssigner<A | B>): WindowJoin<K, A, B> {
    requireAssigner(assigner, 'window')
    return new WindowJoin({ ...this.#parts, assigner }, this.#inputs)
  }
}

/** The same, from `left.coGroup(right)`. */
export class CoGroupedStreams<K, A, B> {
  readonly #parts: KeyedStreamParts
  readonly #inputs: JoinInputs

  /** @internal Comes from a keyed stream. */
  constructor(parts: KeyedStreamParts, inputs: JoinInputs) {
    this.#parts = parts
    this.#inputs = inputs
  }

  /** Brings the records of each key that fall into the same window together. */
  window(assigner: WindowAssigner<A | B>): CoGroupedWindows<K, A, B> {
    requireAssigner(assigner, 'window')
    return new CoGroupedWindows({ ...this.#parts, assigner }, this.#inputs)
  }
}

/** What windows over two inputs have in common. */
abstract class TwoInputWindows<A, B, Self> extends Windows<A | B, Self> {
  /** @internal */
  protected readonly inputs: JoinInputs

  /** @internal Comes from joined streams. */
  constructor(settings: WindowSettings, inputs: JoinInputs) {
    super(settings)
    this.inputs = inputs
  }
}

/** Makes a record of a pair. In outer joins one of the two is undefined where the window has no partner. */
export type JoinPair<K, A, B, R> = (first: A, second: B, window: KeyedWindowInfo<K>) => R

/**
 * Windows of two keyed streams, to be joined: every pair of records of one key and window gives a record, with the last millisecond of
 * the window as its time (Flink's JoinedStreams). All records are kept until their window is forgotten.
 *
 * @example
 * const byCustomer = orders.keyBy((order) => order.customer)
 * byCustomer
 *   .join(payments.keyBy((payment) => payment.account))
 *   .window(tumbling(60_000))
 *   .inner((order, payment) => ({ ordered: order.amount, paid: payment.amount }))
 */
export class WindowJoin<K, A, B> extends TwoInputWindows<A, B, WindowJoin<K, A, B>> {
  /** @internal */
  protected override with(settings: WindowSettings): WindowJoin<K, A, B> {
    return new WindowJoin(settings, this.inputs)
  }

  /** Pairs only. */
  inner<R>(pair: JoinPair<K, A, B, R>, options: OperatorOptions = {}): Stream<R> {
    return this.#join(pair, { kind: 'inner', options })
  }

  /** Pairs, and each first record whose window has no second one. */
  left<R>(pair: JoinPair<K, A, B | undefined, R>, options: OperatorOptions = {}): Stream<R> {
    return this.#join(pair, { kind: 'left', options })
  }

  /** Pairs, and each second record whose window has no first one. */
  right<R>(pair: JoinPair<K, A | undefined, B, R>, options: OperatorOptions = {}): Stream<R> {
    return this.#join(pair, { kind: 'right', options })
  }

  /** Pairs, and each record whose window has none of the other side. */
  full<R>(
    pair: JoinPair<K, A | undefined, B | undefined, R>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#join(pair, { kind: 'full', options })
  }

  #join<R>(
    pair: JoinPair<K, never, never, R>,
    { kind, options }: { readonly kind: JoinKind; readonly options: OperatorOptions },
  ): Stream<R> {
    requireFunction(pair, `${kind}: the function`)
    const keepsFirst = kind === 'left' || kind === 'full'
    const keepsSecond = kind === 'right' || kind === 'full'
    const sides = (
      { key, window, pane }: WindowContext<K>,
      { first, second }: { readonly first: readonly A[]; readonly second: readonly B[] },
      emit: Emit<R>,
    ): void => {
      const info = { key, windowStart: window.start, windowEnd: window.end, pane }
      const firsts = first.length === 0 && keepsSecond ? NOBODY : first
      const seconds = second.length === 0 && keepsFirst ? NOBODY : second
      for (const a of firsts) for (const b of seconds) emit(pair(a as never, b as never, info))
    }
    return addTwoInputWindow(this.settings, this.inputs, {
      type: `${kind} window join`,
      process: NO_DEFINITION,
      sides: sides as unknown as SidesFunction,
      facts: { pair },
      options,
    }) as Stream<R>
  }
}

/** Windows of two keyed streams, taken together. */
export class CoGroupedWindows<K, A, B> extends TwoInputWindows<A, B, CoGroupedWindows<K, A, B>> {
  /** @internal */
  protected override with(settings: WindowSettings): CoGroupedWindows<K, A, B> {
    return new CoGroupedWindows(settings, this.inputs)
  }

  /**
   * Calls a function with all records of both sides of a key and window (Flink's CoGroupFunction). Errors: `INVALID_ARGUMENT`,
   * `DUPLICATE_STATE`, `WINDOW_STATE_CANNOT_MERGE`.
   *
   * @example
   * orders
   *   .keyBy((order) => order.customer)
   *   .coGroup(payments.keyBy((payment) => payment.account))
   *   .window(tumbling(60_000))
   *   .process({
   *     coGroup({ key }, { first, second }, emit: Emit<string>) {
   *       if (second.length === 0) emit(`${key} has ordered ${first.length} times and paid nothing`)
   *     },
   *   })
   */
  process<R = never, S extends KeyedStates = NoStates, WS extends KeyedStates = NoStates>(
    definition: CoGroupDefinition<K, A, B, R, S, WS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    requireMethods(definition, ['coGroup'], 'process: the definition', 'a CoGroupDefinition')
    const process = checkWindowProcess(asWindowProcess(definition), 'process')
    return addTwoInputWindow(this.settings, this.inputs, {
      type: 'window co-group',
      process,
      sides: (context, sides, emit) => {
        definition.coGroup(context, sides as never, emit)
      },
      facts: { ...windowProcessFacts(process), coGroup: Reflect.get(definition, 'coGroup') },
      options,
    }) as Stream<R>
  }
}

/** The same definition in the form that all windows take, for its checks and its states. */
function asWindowProcess(definition: object): object {
  const process = { value: () => {}, enumerable: true }
  if (Object.getPrototypeOf(definition) !== Object.prototype)
    return Object.create(definition, { process }) as object
  const fields = Object.entries(definition).filter(([name]) => name !== 'coGroup')
  return Object.defineProperties(Object.fromEntries(fields), { process }) as object
}

/** The second side of `join` and `coGroup`. Throws INVALID_ARGUMENT, STREAM_WITHOUT_KEY or FOREIGN_STREAM. */
export function joinInputs(
  other: unknown,
  { builder }: KeyedStreamParts,
  what: string,
): JoinInputs {
  const side = otherSide(other, builder, true, what)
  if (side.kind === 'broadcast' || side.input.key === undefined) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: expected a keyed stream, got a broadcast stream`,
    )
  }
  return { secondPorts: side.input.ports, secondKey: side.input.key }
}

type JoinKind = 'inner' | 'left' | 'right' | 'full'

/** Stands for the missing side of an outer join. */
const NOBODY: readonly [undefined] = [undefined]

const NO_DEFINITION: WindowProcess = {
  definition: { process: () => {} },
  state: {},
  windowState: {},
}

interface TwoInputWindow {
  readonly type: string
  readonly process: WindowProcess
  readonly sides: SidesFunction
  readonly facts: Readonly<Record<string, unknown>>
  readonly options: OperatorOptions
}

function addTwoInputWindow(
  settings: WindowSettings,
  { secondPorts, secondKey }: JoinInputs,
  { type, process, sides, facts, options }: TwoInputWindow,
): Stream<unknown> {
  const { builder, ports, key, ...windows } = settings
  if (windows.assigner.merge !== undefined) {
    requireMergingTrigger(triggerOf({ ...windows, key }), windows.assigner)
    requireNoWindowState(windows, process)
  }
  const keys = [key as KeySelector, secondKey] as const
  const { assigner, trigger, evictor, allowedLatenessMs, lateTag } = windows
  const { earlyResults, results } = windows
  const port = builder.add({
    operator: {
      kind: 'operator',
      type,
      create: () => windowCoGroup({ windows, keys, process, sides }),
      facts: {
        'first key': key,
        'second key': secondKey,
        window: assigner,
        trigger,
        evictor,
        'allowed lateness': allowedLatenessMs,
        'late records': lateTag,
        'early results': earlyResults,
        results,
        ...facts,
      },
    },
    inputs: ports,
    secondInputs: secondPorts,
    defaultName: `${type}, ${assigner.name}`,
    options,
  })
  return new Stream(builder, [port])
}
