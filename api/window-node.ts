/**
 * Adds window operators to the graph.
 */
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
import { createWindowOperator, triggerOf } from '../operators/windows/create-window-operator.ts'
import { twoPhases } from '../operators/windows/two-phases.ts'
import type { WindowAssigner } from '../operators/windows/window-assigner.ts'
import type {
  WindowOperatorOptions,
  WindowProcess,
} from '../operators/windows/window-operator-options.ts'
import { buildErrorHere, requireFunction, requireMethods } from './build-error.ts'
import type { Port } from './graph-builder.ts'
import { refuseAsyncAggregate } from './operator-checks.ts'
import type { OperatorOptions } from './operator-options.ts'
import { splitResultAndOptions } from './operator-options.ts'
import { reducing } from './reducing.ts'
import { checkWindowProcess, isWindowProcess, windowProcessFacts } from './window-process.ts'
import { requireMergingTrigger } from './window-settings.ts'
import type { WindowSettings } from './window-settings.ts'

/** What stands between an aggregate and the options of the operator: a result function, a process definition, or nothing. */
export type ThenOrOptions = ((...args: never[]) => unknown) | object | undefined

/** The function of a window. */
interface WindowFunction {
  readonly aggregate?: AggregateFunction<never, unknown, unknown>
  readonly inArrivalOrder?: boolean
  readonly result?: WindowOperatorOptions['result']
  readonly process?: WindowProcess
}

type Result = NonNullable<WindowOperatorOptions['result']>

/** `aggregate` of a windowed stream. */
export function addAggregate(
  settings: WindowSettings,
  aggregate: unknown,
  then: ThenOrOptions,
  moreOptions: OperatorOptions | undefined,
): Port {
  const methods = ['createAccumulator', 'add', 'getResult']
  requireMethods(aggregate, methods, 'aggregate: the first argument', 'an AggregateFunction')
  const given = aggregate as AggregateFunction<never, unknown, unknown>
  refuseAsyncAggregate(given, 'aggregate')
  // With an evictor the records are kept, and aggregated when the window fires.
  const merges = settings.assigner.merge !== undefined && settings.evictor === undefined
  if (merges && typeof given.merge !== 'function') {
    throw buildErrorHere(
      'AGGREGATE_CANNOT_MERGE',
      `the windows '${settings.assigner.name}' merge, but the aggregate cannot: it has no merge()`,
    )
  }
  return addThen(settings, { aggregate: given }, then, moreOptions, 'aggregate')
}

/** `reduce` of a windowed stream. */
export function addReduce(
  settings: WindowSettings,
  reduce: unknown,
  then: ThenOrOptions,
  moreOptions: OperatorOptions | undefined,
): Port {
  requireFunction(reduce, 'reduce: the function')
  const fn = reduce as (a: unknown, b: unknown) => unknown
  return addThen(
    settings,
    { aggregate: reducing(fn), inArrivalOrder: true },
    then,
    moreOptions,
    'reduce',
    { reduce },
  )
}

/** `process` of a windowed stream. */
export function addProcess(
  settings: WindowSettings,
  definition: unknown,
  options: OperatorOptions,
): Port {
  return addWindow(settings, { process: checkWindowProcess(definition, 'process') }, options)
}

function addThen(
  settings: WindowSettings,
  fn: WindowFunction,
  then: ThenOrOptions,
  moreOptions: OperatorOptions | undefined,
  what: string,
  facts: Readonly<Record<string, unknown>> = {},
): Port {
  if (isWindowProcess(then)) {
    const process = checkWindowProcess(then, `${what}: the second argument`)
    return addWindow(settings, { ...fn, process }, moreOptions ?? {}, facts)
  }
  const { result, options } = splitResultAndOptions(
    then as Result | OperatorOptions | undefined,
    moreOptions,
    what,
  )
  return addWindow(settings, { ...fn, result }, options, facts)
}

function addWindow(
  settings: WindowSettings,
  fn: WindowFunction,
  options: OperatorOptions,
  facts: Readonly<Record<string, unknown>> = {},
): Port {
  const { builder, ports, ...windows } = settings
  const { key, assigner } = windows
  const operatorOptions: WindowOperatorOptions = { ...windows, ...fn }
  if (assigner.merge !== undefined) {
    requireMergingTrigger(triggerOf(operatorOptions), assigner)
    requireNoWindowState(operatorOptions, fn.process)
  }
  return builder.add({
    operator: {
      kind: 'operator',
      type: 'window',
      create: () => createWindowOperator(operatorOptions),
      twoPhases: twoPhases(operatorOptions),
      aggregate: operatorOptions.aggregate,
      facts: { ...windowFacts(settings, fn), ...facts },
    },
    inputs: ports,
    defaultName: key === undefined ? `all ${assigner.name}` : assigner.name,
    options,
    parallelismLimit: key === undefined ? 1 : undefined,
  })
}

/** Throws WINDOW_STATE_CANNOT_MERGE for state per window of windows that merge. */
export function requireNoWindowState(
  { assigner }: { readonly assigner: WindowAssigner<never> },
  process: WindowProcess | undefined,
): void {
  const [name] = Object.keys(process?.windowState ?? {})
  if (name === undefined) return
  throw buildErrorHere(
    'WINDOW_STATE_CANNOT_MERGE',
    `the windows '${assigner.name}' merge, but windowState.${name} cannot: declare it under state, per key, or leave it out`,
  )
}

function windowFacts(settings: WindowSettings, fn: WindowFunction): Record<string, unknown> {
  const { key, assigner, trigger, evictor, allowedLatenessMs, lateTag } = settings
  const { earlyResults, results } = settings
  return {
    key,
    window: assigner,
    trigger,
    evictor,
    'allowed lateness': allowedLatenessMs,
    'late records': lateTag,
    'early results': earlyResults,
    results,
    aggregate: fn.aggregate,
    result: fn.result,
    ...(fn.process === undefined ? {} : windowProcessFacts(fn.process)),
  }
}
