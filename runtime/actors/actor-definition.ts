/**
 * From a class, a function or the name of an export to something that makes actors. One registry per thread: what was
 * spawned or imported here once is found without another import.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { ActorFunction } from './define-actor.ts'
import type { ModuleExport } from '../slot-node.ts'

/** What handles the messages of one actor: an instance of an actor class, or a function in its shape. */
export interface Behavior {
  receive(message: unknown, context: unknown): unknown
  started?(context: unknown): unknown
  stopped?(context: unknown): unknown
  snapshot?(): unknown
  restore?(state: unknown, context: unknown): unknown
}

/** Makes behaviors. */
export interface ActorDefinition {
  /** Whether it was declared to keep no state. */
  readonly stateless: boolean
  create(args: readonly unknown[], context: unknown): Behavior
}

/** Where a definition is found. Without a `url` it exists on the thread that registered it only. */
export type DefinitionKey = ModuleExport

type BehaviorClass = new (...args: unknown[]) => Behavior
type AnyActorFunction = ActorFunction<never, readonly unknown[], unknown>

const UNEXPORTED = ''
const registry = new Map<string, ActorDefinition>()
/** One key per class or function: a hundred thousand actors share it. */
const keys = new WeakMap<object, DefinitionKey>()
let unexportedCount = 0

/** Whether the definition can be found from another thread. */
export function isExported(key: DefinitionKey): boolean {
  return key.url !== UNEXPORTED
}

/**
 * Registers a class or an `ActorFunction` on this thread.
 * Throws `INVALID_ACTOR` for anything else.
 */
export function registerActor(actor: unknown): DefinitionKey {
  const isObject = typeof actor === 'function' || (typeof actor === 'object' && actor !== null)
  const known = isObject ? keys.get(actor) : undefined
  if (known !== undefined) return known
  const definition = definitionOf(actor)
  if (definition === undefined) {
    throw new MillraceError(
      'INVALID_ACTOR',
      `Expected a class with a method 'receive', the result of defineActor or a URL, got ${describe(actor)}`,
    )
  }
  const key = keyOf(actor as BehaviorClass | AnyActorFunction)
  keys.set(actor as object, key)
  remember(key, definition)
  return key
}

/** The definition, if this thread knows it already. */
export function findDefinition(key: DefinitionKey): ActorDefinition | undefined {
  return registry.get(registryKey(key))
}

/**
 * Imports the definition. Rejects with the error of the module, with `ACTOR_NOT_FOUND` when it has no such export, and with
 * `INVALID_ACTOR` when the export is no actor.
 */
export async function importDefinition(key: DefinitionKey): Promise<ActorDefinition> {
  const module = (await import(key.url)) as Record<string, unknown>
  const found = module[key.name]
  if (found === undefined) {
    const names = Object.keys(module).join(', ')
    throw new MillraceError(
      'ACTOR_NOT_FOUND',
      `Expected an actor as export '${key.name}' of ${key.url}, got a module with the exports ${names || '(none)'}`,
    )
  }
  const definition = definitionOf(found)
  if (definition === undefined) {
    throw new MillraceError(
      'INVALID_ACTOR',
      `Expected an actor as export '${key.name}' of ${key.url}, got ${describe(found)}`,
    )
  }
  remember(key, definition)
  return definition
}

function definitionOf(found: unknown): ActorDefinition | undefined {
  if (found instanceof ActorFunction) return functionDefinition(found)
  return isActorClass(found) ? classDefinition(found) : undefined
}

function classDefinition(Class: BehaviorClass): ActorDefinition {
  const { stateless } = Class as { stateless?: unknown }
  return { stateless: stateless === true, create: (args) => new Class(...args) }
}

function functionDefinition(actor: AnyActorFunction): ActorDefinition {
  const setup = actor.setup as unknown as (context: unknown, ...args: unknown[]) => unknown
  return {
    stateless: actor.stateless,
    create(args, context) {
      const receive = setup(context, ...args)
      if (hasState(receive)) return receive
      if (typeof receive !== 'function') {
        throw new MillraceError(
          'INVALID_ACTOR',
          `Expected the setup of actor '${actor.name}' to return a function, or an object with receive, snapshot and restore, got ${describe(receive)}`,
        )
      }
      return { receive: receive as Behavior['receive'] }
    },
  }
}

function hasState(value: unknown): value is Required<Omit<Behavior, 'started' | 'stopped'>> {
  if (typeof value !== 'object' || value === null) return false
  const { receive, snapshot, restore } = value as Record<keyof Behavior, unknown>
  return [receive, snapshot, restore].every((method) => typeof method === 'function')
}

function keyOf(actor: BehaviorClass | AnyActorFunction): DefinitionKey {
  const { module, name } = actor as { module?: unknown; name: string }
  if (typeof module === 'string' && URL.canParse(module)) return { url: module, name }
  if (module !== undefined) {
    throw new MillraceError(
      'INVALID_ACTOR',
      `Expected ${name}.module to be the URL of its module (import.meta.url), got ${describe(module)}`,
    )
  }
  return { url: UNEXPORTED, name: `${name}@${++unexportedCount}` }
}

function isActorClass(value: unknown): value is BehaviorClass {
  if (typeof value !== 'function') return false
  const prototype: unknown = value.prototype
  if (typeof prototype !== 'object' || prototype === null) return false
  return typeof (prototype as { receive?: unknown }).receive === 'function'
}

function remember(key: DefinitionKey, definition: ActorDefinition): void {
  const name = registryKey(key)
  if (!registry.has(name)) registry.set(name, definition)
}

function registryKey(key: DefinitionKey): string {
  return `${key.url}#${key.name}`
}

function describe(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
