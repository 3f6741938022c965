/**
 * All that travels between the actor systems of two slots, in one place.
 *
 * Everything goes through message frames, so that it stays in order with the messages of the same sender:
 *
 *   target   correlation   value
 *   actor    0             a message (tell)
 *   actor    n > 0         a message whose sender waits for answer n (ask)
 *   actor    STOP          nothing: handle the mail accepted so far, then stop
 *   SYSTEM   n > 0         the answer n
 *   SYSTEM   MAIL          an `ActorMail`
 *
 * Credits alone go as control mail, `[actor, count]`: they may overtake.
 */
import type { TerminationReason } from './actor.ts'
import type { DefinitionKey } from './actor-definition.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import type { SupervisionPolicy } from './supervision.ts'
import type { WireError } from '../wire-error.ts'

/** Raised whenever a mail changes its meaning: all slots of a system must agree. */
export const ACTOR_MAIL_VERSION = 3

/** The target of what is meant for the slot itself. No actor has this id. */
export const SYSTEM = 0
/** In place of the parent in `terminated` mail to a slot that only watches. */
export const NO_PARENT = -1
/** The correlation of a request to stop. */
export const STOP = -1
/** The correlation of an `ActorMail`. */
export const MAIL = -2

/** Ids are `counter * SLOTS_PER_ID + slot of the spawner`, so every slot makes unique ones on its own. */
export const SLOTS_PER_ID = 256
/** Added to the counter by every new thread of a slot: an id is never given twice. */
export const IDS_PER_INCARNATION = 2 ** 32

/** All but the arguments that is needed to make an actor. Shared by all actors that differ in arguments only. */
export interface ActorSpec {
  readonly key: DefinitionKey
  readonly name: string | undefined
  readonly supervision: SupervisionPolicy
  /** Messages per sending slot that may wait. */
  readonly capacity: number
}

/** Mail between two slots. `actor` is the id of the actor that it is about. */
export type ActorMail =
  /**
   * Make this actor after `delayMs`; answer `correlation` when it runs, unless that is 0. `again`: it lived in your slot
   * before the thread was lost.
   */
  | {
      readonly kind: 'spawn'
      readonly actor: number
      readonly parent: number
      readonly spec: ActorSpec
      readonly args: readonly unknown[]
      readonly correlation: number
      readonly delayMs: number
      readonly again: boolean
    }
  /** What you asked for has failed. */
  | { readonly kind: 'failure'; readonly correlation: number; readonly error: WireError }
  /** Tell me when this actor of yours is gone. */
  | { readonly kind: 'watch'; readonly actor: number }
  | { readonly kind: 'unwatch'; readonly actor: number }
  /** My actor, child of your `parent` (if that is not 0) or watched by you, is gone. */
  | {
      readonly kind: 'terminated'
      readonly actor: number
      readonly parent: number
      readonly reason: TerminationReason
      readonly error: WireError | undefined
    }
  /** There is no such actor: what you sent became dead letters; forget its credits. */
  | { readonly kind: 'gone'; readonly actor: number }
  /** My actor, child of your `parent`, has failed and is suspended: you decide. */
  | {
      readonly kind: 'escalated'
      readonly actor: number
      readonly parent: number
      readonly error: WireError
    }
  /** Your suspended actor goes on with its next message. */
  | { readonly kind: 'resume'; readonly actor: number }
  /** Stop this actor of yours now, the mail that waits becomes dead letters. */
  | { readonly kind: 'kill'; readonly actor: number }
  /** You are the new thread of a lost slot: all my actors that lived there, and all with ids below mine, are told. */
  | { readonly kind: 'recovered'; readonly nextId: number }
  /** What I sent before belongs to this snapshot of mine, what I send from now on does not (see `snapshot/slot-snapshots.ts`). */
  | { readonly kind: 'marker'; readonly snapshot: number }
  /** Slot 0 wants to hear of your dead letters, or no longer. In order with what it sends you next. */
  | { readonly kind: 'report-dead-letters'; readonly on: boolean }
  /** For the observers on slot 0. `message` is a preview where the message itself cannot travel. */
  | {
      readonly kind: 'dead-letter'
      readonly actor: number
      /** The slot that the actor lived in, and the capacity of its mailbox: the observers get a reference. */
      readonly slot: number
      readonly capacity: number
      readonly name: string | undefined
      readonly message: unknown
      readonly reason: DeadLetterReason
      readonly error: WireError | undefined
    }

/** A credit: `count` more messages may be sent to `actor`. */
export type CreditMail = readonly [actor: number, count: number]
