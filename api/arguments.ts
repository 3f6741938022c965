/**
 * The arguments of a job, described as data: so the command line can check them, help can list
 * them, and TypeScript knows their types in the build function.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { unknownOption } from '../runtime/known-options.ts'
import { similarName } from '../runtime/similar-name.ts'
import { buildErrorHere, describeValue } from './build-error.ts'

/**
 * The types an argument can have. `integer` is a number without a fraction, exact up to 2^53 - 1.
 */
export type ArgumentType = 'string' | 'number' | 'integer' | 'boolean'

interface ArgumentTypes {
  readonly string: string
  readonly number: number
  readonly integer: number
  readonly boolean: boolean
}

interface ArgumentSpecOf<Type extends ArgumentType> {
  readonly type: Type
  /** What it is for, in a few words; shown by the command line. */
  readonly description?: string
  /** The only values allowed. */
  readonly choices?: readonly ArgumentTypes[Type][]
  /** What the build function gets where nothing is given. */
  readonly default?: ArgumentTypes[Type]
  /**
   * Whether it must be given. Default: false; the build function then gets `default`, or undefined.
   */
  readonly required?: boolean
}

/** Describes one argument. */
export type ArgumentSpec = { [Type in ArgumentType]: ArgumentSpecOf<Type> }[ArgumentType]

/** Describes the arguments of a job, by name. */
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>

/** The type of one argument in the build function. */
export type ArgumentValue<A extends ArgumentSpec> =
  | (A extends { readonly choices: readonly (infer Choice)[] } ? Choice : ArgumentTypes[A['type']])
  | (A extends { readonly default: string | number | boolean } | { readonly required: true }
      ? never
      : undefined)

/** The arguments as the build function gets them. */
export type ArgumentsOf<S extends ArgumentSpecs | undefined> = S extends ArgumentSpecs
  ? { readonly [Name in keyof S]: ArgumentValue<S[Name]> }
  : Readonly<Record<string, string>>

const KNOWN: readonly string[] = [
  'type',
  'description',
  'choices',
  'default',
  'required',
] satisfies (keyof ArgumentSpec)[]
const TYPES: readonly string[] = ['string', 'number', 'integer', 'boolean'] satisfies ArgumentType[]

/**
 * Checks arguments against their description.
 *
 * @param specs the description; undefined: any names, string values
 * @param raw what was given: strings, as from a command line, or values of the described types.
 *   Undefined counts as not given
 * @returns one entry per described argument, defaults filled in. Throws UNKNOWN_ARGUMENT,
 *   BAD_ARGUMENT or MISSING_ARGUMENT
 * @example
 * parseArguments({ minutes: { type: 'integer', default: 15 } }, { minutes: '30' }) // { minutes: 30 }
 */
export function parseArguments<S extends ArgumentSpecs | undefined>(
  specs: S,
  raw: Readonly<Record<string, unknown>>,
): ArgumentsOf<S> {
  const given = Object.entries(raw).filter(([, value]) => value !== undefined)
  const entries = specs === undefined ? given.map(anyString) : described(specs, new Map(given))
  return Object.fromEntries(entries) as ArgumentsOf<S>
}

/** Throws INVALID_JOB unless every argument is well described. */
export function checkArgumentSpecs(specs: ArgumentSpecs): void {
  if (typeof specs !== 'object' || specs === null || Array.isArray(specs)) {
    throw buildErrorHere('INVALID_JOB', `args must be an object, got ${describeValue(specs)}`)
  }
  for (const [name, spec] of Object.entries(specs)) checkSpec(name, spec)
}

function checkSpec(name: string, spec: ArgumentSpec): void {
  const fail = (reason: string): never => {
    throw buildErrorHere('INVALID_JOB', `the description of argument '${name}' ${reason}`)
  }
  if (!/^[A-Za-z_][\w-]*$/.test(name) || name === '__proto__') {
    fail('needs a name of letters, digits, - and _ that starts with a letter')
  }
  if (typeof spec !== 'object' || spec === null)
    fail(`must be an object, got ${describeValue(spec)}`)
  const unknown = Object.keys(spec).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) fail(`has an ${unknownOption(unknown, KNOWN)}`)
  if (!TYPES.includes(spec.type)) {
    fail(`has an unknown type ${describeValue(spec.type)}; known are ${TYPES.join(', ')}`)
  }
  if (spec.required === true && spec.default !== undefined)
    fail('is both required and has a default')
  if (spec.choices?.length === 0) fail('leaves no choices')
  for (const choice of spec.choices ?? []) {
    if (!isOfType(choice, spec.type))
      fail(`has the choice ${describeValue(choice)}, which is no ${spec.type}`)
  }
  if (spec.default === undefined) return
  if (!isOfType(spec.default, spec.type)) {
    fail(`has the default ${describeValue(spec.default)}, which is no ${spec.type}`)
  }
  if (!isChoice(spec, spec.default))
    fail(`has the default ${describeValue(spec.default)}, which is not among the choices`)
}

function anyString([name, value]: [string, unknown]): [string, string] {
  if (typeof value === 'string') return [name, value]
  throw new MillraceError(
    'BAD_ARGUMENT',
    `argument '${name}': expected a string, got ${describeValue(value)}; ` +
      'describe the arguments of the job in defineJob to give them other types',
  )
}

function described(specs: ArgumentSpecs, given: ReadonlyMap<string, unknown>): [string, unknown][] {
  for (const name of given.keys())
    if (!Object.hasOwn(specs, name)) throw unknownArgument(name, Object.keys(specs))
  return Object.entries(specs).map(([name, spec]) => {
    if (given.has(name)) return [name, parseOne(name, spec, given.get(name))]
    if (spec.required === true) throw missingArgument(name, spec)
    return [name, spec.default]
  })
}

function parseOne(name: string, spec: ArgumentSpec, raw: unknown): unknown {
  const value = typeof raw === 'string' ? fromText(raw, spec.type) : raw
  if (isOfType(value, spec.type) && isChoice(spec, value)) return value
  throw new MillraceError(
    'BAD_ARGUMENT',
    `argument '${name}': expected ${expected(spec)}, got ${describeValue(raw)}`,
  )
}

/** The value a text stands for; undefined where it stands for none of the type. */
function fromText(text: string, type: ArgumentType): string | number | boolean | undefined {
  switch (type) {
    case 'string':
      return text
    case 'number':
    case 'integer':
      return text.trim() === '' ? undefined : Number(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
  }
}

function isOfType(value: unknown, type: ArgumentType): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'integer':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
  }
}

function isChoice(spec: ArgumentSpec, value: unknown): boolean {
  const choices: readonly unknown[] | undefined = spec.choices
  return choices === undefined || choices.includes(value)
}

function expected(spec: ArgumentSpec): string {
  if (spec.choices !== undefined)
    return `one of ${spec.choices.map((choice) => String(choice)).join(', ')}`
  switch (spec.type) {
    case 'string':
      return 'a string'
    case 'number':
      return 'a finite number'
    case 'integer':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
  }
}

function unknownArgument(name: string, known: readonly string[]): MillraceError {
  const similar = similarName(name, known)
  const hint = similar === undefined ? '' : `; did you mean '${similar}'?`
  const list = known.length === 0 ? 'this job takes no arguments' : `known are ${known.join(', ')}`
  return new MillraceError('UNKNOWN_ARGUMENT', `unknown argument '${name}'${hint} (${list})`)
}

function missingArgument(name: string, spec: ArgumentSpec): MillraceError {
  const about = spec.description === undefined ? '' : ` (${spec.description})`
  return new MillraceError(
    'MISSING_ARGUMENT',
    `argument '${name}' is missing: expected ${expected(spec)}${about}`,
  )
}
