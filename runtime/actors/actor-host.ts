/**
 * What an actor's cell needs from the actor system of its slot, and what both know of children.
 */
import type { Terminated, TerminationReason } from './actor.ts'
import type { ActorCell } from './actor-cell.ts'
import type { ActorReceiver } from './actor-receiver.ts'
import type { MailboxHost } from './actor-mailbox.ts'
import type { ActorSpec } from './actor-mail.ts'
import type { ActorRef, RefHost } from './actor-ref.ts'
import type { Cancel } from '../clock.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import type { Slot } from '../slot.ts'

/** What an actor is made from, again and again. */
export interface ActorPlan {
  readonly spec: ActorSpec
  readonly args: readonly unknown[]
}

/** No restarts so far. */
export const NEVER: readonly number[] = []

/** A child of an actor, or of the system, wherever it lives; in the same slot it is its cell. */
export interface Child extends ActorPlan {
  readonly slot: number
  /** When it was brought back after its slot was lost: as `Decision.restarts`. */
  restarts: readonly number[]
}

/** What a cell needs from the actor system of its slot. */
export interface CellHost extends MailboxHost, RefHost {
  readonly slot: Slot
  readonly hold: Hold
  /** What the next instance of an actor begins with, while the slot resumes a snapshot. */
  restoredState(actor: number): RestoredState | undefined
  /** Answers an ask. */
  answer(to: number, correlation: number, value: unknown, cell: ActorReceiver): void
  /** Answers an ask with an error. */
  refuse(to: number, correlation: number, error: unknown): void
  deadLetter(cell: ActorReceiver, message: unknown, reason: DeadLetterReason, error?: unknown): void
  /** Asks a child, wherever it lives, to stop. */
  stopChild(id: number, child: Child): void
  /** Lets a child that escalated go on. */
  resumeChild(id: number, child: Child): void
  /** Tells the parent that this cell has failed and waits. */
  escalate(cell: ActorCell, error: unknown): void
  /** The cell is gone: `owing` are the slots that hold credits of it. */
  terminated(
    cell: ActorCell,
    reason: TerminationReason,
    error: unknown,
    owing: readonly number[],
  ): void
  spawnFrom(parent: ActorCell, actor: unknown, options: unknown): ActorRef<never>
  watch(actor: ActorRef<never>, listener: (terminated: Terminated, from: number) => void): Cancel
}

/**
 * Which actors of a slot handle mail. `none`: all. `settling`: those that somebody waits for, so that what is under way for a
 * snapshot comes to an end. `all`: no actor, because not all of them are restored.
 */
export type Hold = 'none' | 'settling' | 'all'

/** What an instance begins with in a system that resumes a snapshot. */
export interface RestoredState {
  /** False: the actor was declared stateless. */
  readonly hasState: boolean
  readonly state: unknown
}

/** Hears once how the first start went. */
export interface StartListener {
  started(): void
  failed(error: unknown): void
}
