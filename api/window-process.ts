/**
 * What a user writes for a window that fires, and the checks of it.
 */
import type {
  Emit,
  KeyedStates,
  LifeCycleContext,
  NoStates,
} from '../operators/process/contexts.ts'
import type { WindowContext } from '../operators/windows/window-context.ts'
import type { WindowProcess } from '../operators/windows/window-operator-options.ts'
import { buildErrorHere, describeValue, requireFunction } from './build-error.ts'
import { checkStates, KEYED_STATE, storedName } from './process-checks.ts'
import type { DescriptorsByName } from './process-checks.ts'

/**
 * Functions for windows (Flink's ProcessWindowFunction). A plain object, or an instance of a class; all subtasks of one slot share it,
 * so it must keep nothing between two calls but in the states it declares. `Input`: all records of the window, in the order in which
 * they came, or the result of the aggregate.
 */
export interface WindowProcessDefinition<
  K,
  Input,
  R,
  S extends KeyedStates = NoStates,
  WS extends KeyedStates = NoStates,
> {
  /** States per key, across windows: `context.state`. */
  readonly state?: S
  /** States per key and window, cleared with it: `context.windowState`. Not for windows that merge, such as sessions. */
  readonly windowState?: WS
  /** Called once per subtask before its first record, after its state was restored. */
  open?(context: LifeCycleContext): void
  /** Called whenever the window fires; may emit any number of records. */
  process(context: WindowContext<K, S, WS>, input: Input, emit: Emit<R>): void
  /** Called when the window is forgotten: end plus allowed lateness. */
  clear?(context: WindowContext<K, S, WS>): void
  /** Called once per subtask at its end, also after a failure. */
  close?(context: LifeCycleContext): void
}

/** A definition of whatever types. */
export type AnyWindowProcess = WindowProcessDefinition<never, never, never>

const FUNCTIONS = ['process', 'open', 'clear', 'close'] as const
const FIELDS: readonly string[] = [...FUNCTIONS, 'state', 'windowState']

/** Tells a definition from options of the operator. */
export function isWindowProcess(value: unknown): value is AnyWindowProcess {
  return typeof value === 'object' && value !== null && 'process' in value
}

/** Checks a definition and takes it apart. Throws INVALID_ARGUMENT or DUPLICATE_STATE. `what` reads like "process". */
export function checkWindowProcess(definition: unknown, what: string): WindowProcess {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: the definition must be an object with process, got ${describeValue(definition)}`,
    )
  }
  const given = definition as Readonly<Record<keyof AnyWindowProcess, unknown>>
  checkFields(definition, what)
  requireFunction(given.process, `${what}: process`)
  for (const name of FUNCTIONS) {
    if (given[name] !== undefined) requireFunction(given[name], `${what}: ${name}`)
  }
  const state = checkStates(given.state, what, KEYED_STATE)
  const windowState = checkStates(given.windowState, what, {
    ...KEYED_STATE,
    field: 'windowState',
  })
  checkNames({ state, windowState }, what)
  return { definition, state, windowState } as WindowProcess
}

/** What tells one definition from another, for the fingerprint. */
export function windowProcessFacts({
  definition,
  state,
  windowState,
}: WindowProcess): Readonly<Record<string, unknown>> {
  const facts: Record<string, unknown> = {}
  for (const name of FUNCTIONS) facts[name] = definition[name]
  for (const [field, states] of Object.entries({ state, windowState })) {
    for (const [name, { kind, version = 1 }] of Object.entries(states)) {
      facts[`${field}.${name}`] = `${kind} version ${version}`
    }
  }
  return facts
}

function checkFields(definition: object, what: string): void {
  const prototype: unknown = Object.getPrototypeOf(definition)
  if (prototype !== Object.prototype && prototype !== null) return
  const unknown = Object.keys(definition).find((name) => !FIELDS.includes(name))
  if (unknown === undefined) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what}: unknown field '${unknown}' in the definition (known are ${FIELDS.join(', ')})`,
  )
}

function checkNames(fields: Readonly<Record<string, DescriptorsByName>>, what: string): void {
  const taken = new Map<string, string>()
  for (const [field, states] of Object.entries(fields)) {
    for (const [declaredAs, descriptor] of Object.entries(states)) {
      const name = storedName(declaredAs, descriptor)
      const here = `${field}.${declaredAs} (${descriptor.kind})`
      const other = taken.get(name)
      if (other !== undefined) {
        throw buildErrorHere(
          'DUPLICATE_STATE',
          `${what}: ${other} and ${here} are both stored under the name '${name}'; every state of an operator needs its own`,
        )
      }
      taken.set(name, here)
    }
  }
}
