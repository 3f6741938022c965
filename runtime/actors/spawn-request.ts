/**
 * Reads what a user hands to `spawn`, and checks it.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { SpawnFromModuleOptions } from './actor.ts'
import { registerActor } from './actor-definition.ts'
import type { DefinitionKey } from './actor-definition.ts'
import type { ActorSpec } from './actor-mail.ts'
import { refuseUnknownOptions } from '../known-options.ts'
import { resolveSupervision } from './supervision.ts'

/** What is to be spawned, and where (undefined: the system chooses). */
export interface SpawnRequest {
  readonly spec: ActorSpec
  readonly args: readonly unknown[]
  readonly slot: number | undefined
}

/** Messages per sending slot that may wait, where the user says nothing. */
const DEFAULT_CAPACITY = 4_096
const MAX_CAPACITY = 1_000_000
const KNOWN = ['args', 'name', 'slot', 'supervision', 'mailboxCapacity']
const KNOWN_FOR_MODULE = [...KNOWN, 'export']
const NO_ARGS: readonly unknown[] = []
const plainSpecs = new WeakMap<DefinitionKey, ActorSpec>()

/**
 * Turns the arguments of `spawn` into a request. `lastSlot` is the highest slot of the system.
 * Throws `INVALID_ACTOR`, `INVALID_ARGUMENT` (an unknown option), `INVALID_SPAWN`, `INVALID_SUPERVISION`.
 */
export function readSpawn(actor: unknown, options: unknown, lastSlot: number): SpawnRequest {
  const {
    args,
    name,
    slot,
    supervision,
    mailboxCapacity,
    export: exportName,
  } = readOptions(options, actor instanceof URL ? KNOWN_FOR_MODULE : KNOWN)
  if (args !== undefined && !Array.isArray(args)) throw invalid('args', 'an array', args)
  if (name !== undefined && typeof name !== 'string') throw invalid('name', 'a string', name)
  if (slot !== undefined && !isWithin(slot, 0, lastSlot)) {
    throw invalid('slot', `an integer from 0 to ${lastSlot}`, slot)
  }
  const capacity = mailboxCapacity ?? DEFAULT_CAPACITY
  if (!isWithin(capacity, 1, MAX_CAPACITY)) {
    throw invalid('mailboxCapacity', `an integer from 1 to ${MAX_CAPACITY}`, capacity)
  }
  const key = readKey(actor, exportName)
  const isPlain = name === undefined && supervision === undefined && mailboxCapacity === undefined
  const spec = isPlain
    ? plainSpec(key)
    : { key, name, supervision: resolveSupervision(supervision), capacity }
  return { spec, args: args ?? NO_ARGS, slot }
}

/** Most actors have no options of their own: those of one class share one object. */
function plainSpec(key: DefinitionKey): ActorSpec {
  let spec = plainSpecs.get(key)
  if (spec === undefined) {
    spec = {
      key,
      name: undefined,
      supervision: resolveSupervision(undefined),
      capacity: DEFAULT_CAPACITY,
    }
    plainSpecs.set(key, spec)
  }
  return spec
}

function readOptions(options: unknown, known: readonly string[]): SpawnFromModuleOptions {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', 'an object', options)
  }
  refuseUnknownOptions(options, known, 'spawn')
  return options
}

function readKey(actor: unknown, exportName: string | undefined): DefinitionKey {
  if (!(actor instanceof URL)) return registerActor(actor)
  if (exportName !== undefined && typeof exportName !== 'string') {
    throw invalid('export', 'a string', exportName)
  }
  return { url: actor.href, name: exportName ?? 'default' }
}

function isWithin(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest
}

function invalid(field: string, expected: string, got: unknown): MillraceError {
  return new MillraceError(
    'INVALID_SPAWN',
    `spawn: expected ${expected} as ${field}, got ${String(got)}`,
  )
}
