/**
 * The checks of process definitions and of the states that they declare, and what a fingerprint is made of.
 */
import { buildErrorHere, describeValue } from './build-error.ts'
import { similarName } from '../runtime/similar-name.ts'

/** Which definition is expected. */
export interface DefinitionShape {
  /** The call that it was given to, e.g. `process`. */
  readonly what: string
  /** The functions that it must have. */
  readonly records: readonly string[]
  readonly keyed: boolean
  /** Broadcast states of the operator, which come with the broadcast stream. */
  readonly broadcast?: DescriptorsByName
}

/** What the checks need to know of a descriptor. */
export interface AnyDescriptor {
  readonly kind: string
  readonly name?: string
  readonly version?: number
}

/** Descriptors by the names under which they are declared. */
export type DescriptorsByName = Readonly<Record<string, AnyDescriptor>>

/** The states of an operator, checked. */
export interface DeclaredStates {
  readonly state: DescriptorsByName
  readonly operatorState: DescriptorsByName
  readonly broadcast: DescriptorsByName
}

/** Operators keep structures of their own under such names: timers, windows. */
const RESERVED = 'millrace.'

interface Definition {
  readonly [name: string]: unknown
  readonly state?: unknown
  readonly operatorState?: unknown
  readonly onTimer?: unknown
}

/** A field that declares states, and the kinds that may stand there. */
export interface StateField {
  readonly field: 'state' | 'windowState' | 'operatorState' | 'broadcast'
  readonly kinds: readonly string[]
  readonly example: string
}

/** The field of keyed states. */
export const KEYED_STATE = {
  field: 'state',
  kinds: ['value', 'list', 'map', 'reducing', 'aggregating'],
  example: 'valueState<number>()',
} satisfies StateField
const OPERATOR = {
  field: 'operatorState',
  kinds: ['split-list', 'union-list'],
  example: 'splitListState<number>()',
} satisfies StateField
const BROADCAST = {
  field: 'broadcast',
  kinds: ['broadcast'],
  example: 'broadcastState<string, Rule>()',
} satisfies StateField
const ALL_FIELDS = [KEYED_STATE, OPERATOR, BROADCAST] as const

/**
 * Checks a definition and returns its states. Throws INVALID_ARGUMENT, TIMERS_WITHOUT_KEY, STATE_WITHOUT_KEY or DUPLICATE_STATE.
 */
export function checkDefinition(definition: unknown, shape: DefinitionShape): DeclaredStates {
  const { what, records, keyed, broadcast = {} } = shape
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: the definition must be an object with ${listed(records)}, got ${describeValue(definition)}`,
    )
  }
  const given = definition as Definition
  if (!keyed) checkNoKey(given, what)
  const optional = ['open', 'close', ...(keyed ? ['onTimer'] : [])]
  checkFields(given, what, [...records, ...optional, 'operatorState', ...(keyed ? ['state'] : [])])
  for (const name of records) checkFunction(given[name], `${what}: ${name}`, name in given)
  for (const name of optional) {
    if (given[name] !== undefined) checkFunction(given[name], `${what}: ${name}`, true)
  }
  const states = {
    state: checkStates(given.state, what, KEYED_STATE),
    operatorState: checkStates(given.operatorState, what, OPERATOR),
    broadcast,
  }
  checkNames(states, what)
  return states
}

/** Checks the states of a broadcast stream. Throws INVALID_ARGUMENT or DUPLICATE_STATE. */
export function checkBroadcastStates(given: unknown): DescriptorsByName {
  const broadcast = checkStates(given, 'broadcast', BROADCAST)
  if (Object.keys(broadcast).length === 0) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      'broadcast: expected at least one state, e.g. { rules: broadcastState<string, Rule>() }; without any, leave the argument out',
    )
  }
  checkNames({ state: {}, operatorState: {}, broadcast }, 'broadcast')
  return broadcast
}

/** The name of a state in snapshots. */
export function storedName(declaredAs: string, descriptor: AnyDescriptor): string {
  return descriptor.name ?? declaredAs
}

/** What tells one process operator from another, for the fingerprint. */
export function definitionFacts(
  definition: object,
  shape: DefinitionShape,
  states: DeclaredStates,
): Readonly<Record<string, unknown>> {
  const facts: Record<string, unknown> = {}
  for (const name of [...shape.records, 'onTimer', 'open', 'close']) {
    facts[name] = (definition as Definition)[name]
  }
  for (const { field } of ALL_FIELDS) {
    for (const [name, { kind, version = 1 }] of Object.entries(states[field])) {
      facts[`${field}.${name}`] = `${kind} version ${version}`
    }
  }
  return facts
}

function checkNoKey({ state, onTimer }: Definition, what: string): void {
  if (onTimer !== undefined) {
    throw buildErrorHere(
      'TIMERS_WITHOUT_KEY',
      `${what}: onTimer needs a key, for timers belong to keys: call .keyBy(selector) first`,
    )
  }
  if (state !== undefined) {
    throw buildErrorHere(
      'STATE_WITHOUT_KEY',
      `${what}: state needs a key: call .keyBy(selector) first, or declare state of the subtask under operatorState`,
    )
  }
}

/** Instances of classes may have fields of their own; in a plain object such a field is a mistake. */
function checkFields(definition: Definition, what: string, known: readonly string[]): void {
  const prototype: unknown = Object.getPrototypeOf(definition)
  if (prototype !== Object.prototype && prototype !== null) return
  const unknown = Object.keys(definition).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const similar = similarName(unknown, known)
  const hint = similar === undefined ? '' : `; did you mean '${similar}'?`
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what}: unknown field '${unknown}' in the definition${hint} (known are ${known.join(', ')})`,
  )
}

function checkFunction(value: unknown, what: string, given: boolean): void {
  if (typeof value !== 'function') {
    const got = given ? `got ${describeValue(value)}` : 'but the definition has none'
    throw buildErrorHere('INVALID_ARGUMENT', `${what} must be a function, ${got}`)
  }
  const kind = value.constructor.name
  if (kind === 'Function') return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what} must be a plain function that emits through its last parameter, got ${describeFunction(kind)}: nobody would wait for it`,
  )
}

function describeFunction(kind: string): string {
  switch (kind) {
    case 'AsyncFunction':
      return 'an async function'
    case 'GeneratorFunction':
      return 'a generator'
    case 'AsyncGeneratorFunction':
      return 'an async generator'
    default:
      return `a ${kind}`
  }
}

/** Checks the states declared under a field. Throws INVALID_ARGUMENT. */
export function checkStates(given: unknown, what: string, field: StateField): DescriptorsByName {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: ${field.field} must be an object of states, e.g. { name: ${field.example} }, got ${describeValue(given)}`,
    )
  }
  for (const [name, descriptor] of Object.entries(given)) {
    const where = `${what}: ${field.field}.${name}`
    checkDescriptor(descriptor, where, field)
    const stored = storedName(name, descriptor as AnyDescriptor)
    if (stored.startsWith(RESERVED)) {
      throw buildErrorHere(
        'INVALID_ARGUMENT',
        `${where} is stored under the name '${stored}', but names that begin with '${RESERVED}' belong to Millrace`,
      )
    }
  }
  return given as DescriptorsByName
}

function checkDescriptor(
  descriptor: unknown,
  what: string,
  { field, kinds, example }: StateField,
): void {
  const kind: unknown =
    typeof descriptor === 'object' && descriptor !== null
      ? (descriptor as Partial<AnyDescriptor>).kind
      : undefined
  if (kinds.some((known) => known === kind)) return
  const other = ALL_FIELDS.find((each) => each.kinds.some((known) => known === kind))
  const got =
    other === undefined
      ? describeValue(descriptor)
      : `a ${String(kind)} state, which belongs to ${homeOf(other)}`
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what} must be a descriptor of ${field === 'state' || field === 'windowState' ? 'keyed' : field === 'broadcast' ? 'broadcast' : 'operator'} state, e.g. ${example}, got ${got}`,
  )
}

function homeOf({ field }: (typeof ALL_FIELDS)[number]): string {
  switch (field) {
    case 'state':
      return "the field 'state' of a keyed process"
    case 'operatorState':
      return "the field 'operatorState'"
    case 'broadcast':
      return 'stream.broadcast({ … })'
  }
}

function checkNames(states: DeclaredStates, what: string): void {
  const taken = new Map<string, string>()
  for (const { field } of ALL_FIELDS) {
    for (const [declaredAs, descriptor] of Object.entries(states[field])) {
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

function listed(names: readonly string[]): string {
  return names.join(' and ')
}
