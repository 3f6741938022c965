/** The public names of `millrace/actors`. */
export { Actor } from './actors/actor.ts'
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
  Stateful,
  Terminated,
  TerminationReason,
} from './actors/actor.ts'
export { ActorRef } from './actors/actor-ref.ts'
export type { AskOptions } from './actors/actor-ref.ts'
export { ActorSystem } from './actors/actor-system.ts'
export type { ActorSystemMetrics } from './actors/actor-system.ts'
export type {
  ActorSystemOptions,
  FindOptions,
  SnapshotOptions,
  StopOptions,
} from './actors/actor-system-options.ts'
export type { ActorCounters } from './actors/quiescence.ts'
export type { Cancel } from './clock.ts'
export type { DeadLetter, DeadLetterReason } from './actors/dead-letters.ts'
export { ActorFunction, defineActor } from './actors/define-actor.ts'
export type { ActorFunctionOptions, StatefulFunction } from './actors/define-actor.ts'
export type { ActorSystemSnapshot } from './actors/snapshot/snapshot-file.ts'
export type { Backoff, Directive, Supervision } from './actors/supervision.ts'
export type { MemoryLimits } from './memory-limits.ts'
export type { Async, ModuleExport, SlotExtension, SlotGroup, SlotNode } from './slot-node.ts'
export { RemoteError } from './wire-error.ts'
export { MillraceError } from '../mailbox/errors.ts'
