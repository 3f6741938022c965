/** The public names of `millrace/actors`. */
export { Actor } from './actor.ts'
export type {
  ActorClass,
  ActorContext,
  Answer,
  Asks,
  RefOf,
  ReplyTo,
  SpawnFromModuleOptions,
  SpawnOptions,
  SpawnParameters,
  Terminated,
  TerminationReason,
} from './actor.ts'
export { ActorRef } from './actor-ref.ts'
export type { AskOptions } from './actor-ref.ts'
export { ActorSystem } from './actor-system.ts'
export type { ActorSystemMetrics, ActorSystemOptions, StopOptions } from './actor-system.ts'
export type { ActorCounters } from './actor-slot.ts'
export type { Cancel } from './clock.ts'
export type { DeadLetter, DeadLetterReason } from './dead-letters.ts'
export { ActorFunction, defineActor } from './define-actor.ts'
export type { Backoff, Directive, Supervision } from './supervision.ts'
export type { SlotGroup } from './slot-node.ts'
export { RemoteError } from './wire-error.ts'
export { MillraceError } from '../mailbox/errors.ts'
