/**
 * What a snapshot of an actor system holds. Everything of the user's (state, arguments, messages) is packed by itself, so
 * that only the slot where the actor lives ever unpacks it.
 *
 * Plain data: it crosses threads and lies in files, so every change of it is a new version (`snapshot-file.ts`).
 */
import type { DefinitionKey } from '../actor-definition.ts'
import type { SupervisionPolicy } from '../supervision.ts'

/** A value as a payload of the record codec. */
export type Packed = Uint8Array

/** Something that an actor will handle, in the order in which it waits. */
export type MailRecord =
  /** A tell, an ask whose answer nobody waits for any more, or the message of a timer that has fired. */
  | { readonly kind: 'message'; readonly value: Packed }
  /** A beat of the repeating timer with this index, which skips its beats while this one waits. */
  | { readonly kind: 'beat'; readonly timer: number }
  /** A request to stop after the mail before it. */
  | { readonly kind: 'stop' }

/** A timer that runs. `intervalMs` 0: it fires once. */
export interface TimerRecord {
  readonly message: Packed
  /** Below 0: it is overdue. */
  readonly remainingMs: number
  readonly intervalMs: number
}

/** A watch of another actor by a message. */
export interface WatchRecord {
  readonly target: number
  readonly message: Packed
}

/** One actor. */
export interface ActorRecord {
  readonly id: number
  /** Id of the parent; 0: spawned by the system itself. */
  readonly parent: number
  /** The slot it lived in. */
  readonly slot: number
  readonly key: DefinitionKey
  readonly name: string | undefined
  readonly supervision: SupervisionPolicy
  readonly capacity: number
  /** An array. */
  readonly args: Packed
  /** False: there was no instance; one is made from the arguments after `delayMs`. */
  readonly started: boolean
  readonly delayMs: number
  /** What `snapshot()` returned; undefined: it keeps no state. */
  readonly state: Packed | undefined
  /** How long ago its restarts were that count, oldest first. */
  readonly restartAgesMs: readonly number[]
  /** The same of restarts after its thread was lost, which its parent counts. Missing in version 1, which had them among `restartAgesMs`. */
  readonly lossAgesMs?: readonly number[]
  readonly timers: readonly TimerRecord[]
  readonly watches: readonly WatchRecord[]
  readonly mail: readonly MailRecord[]
}

/** Mail that was on its way to an actor. */
export interface StrayMail {
  readonly target: number
  readonly mail: MailRecord
}

/** What one slot puts into a snapshot. */
export interface SlotPart {
  readonly slot: number
  /** Ids that it gives from now on are not below this number. */
  readonly nextNumber: number
  readonly actors: readonly ActorRecord[]
  /** Mail held for actors that are yet to be spawned here. */
  readonly held: readonly StrayMail[]
  /** What came out of each link between the cut of this slot and the marker on that link. */
  readonly onLinks: readonly StrayMail[]
  /** What waits here for credit of its actor. */
  readonly waiting: readonly StrayMail[]
  /** Actors whose spawning was on a link. */
  readonly spawned: readonly ActorRecord[]
  /** Restarts of children in other slots after those were lost with their threads. */
  readonly losses: readonly { readonly actor: number; readonly agesMs: readonly number[] }[]
}

/** A whole system. */
export interface StoredSystem {
  /** Wall-clock time in milliseconds since 1970. */
  readonly createdAt: number
  /** Slots besides slot 0. */
  readonly slots: number
  readonly nextNumber: number
  /** In the order of their ids. */
  readonly actors: readonly ActorRecord[]
}
