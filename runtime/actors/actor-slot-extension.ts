/**
 * Loads the actor system into a slot, and what the coordinator can then call there.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { ACTOR_MAIL_VERSION } from './actor-mail.ts'
import type { Hold } from './actor-host.ts'
import { ActorSlot } from './actor-slot.ts'
import type { ActorCounters } from './quiescence.ts'
import type { ActorSlotOptions } from './slot-family.ts'
import type { BusyActors } from './snapshot/slot-persistence.ts'
import type { PartResult } from './snapshot/slot-snapshots.ts'
import type { Packed } from './snapshot/stored-system.ts'
import type { ModuleExport, SlotNode } from '../slot-node.ts'
import { fromWireError } from '../wire-error.ts'
import type { WireError } from '../wire-error.ts'

/** Where a host finds `loadActorSlot`. */
export const actorSlotModule: ModuleExport = { url: import.meta.url, name: 'loadActorSlot' }

/** What a slot is told when it gets its actor system. Plain data. */
export interface ActorSlotArgument extends ActorSlotOptions {
  readonly version: number
  readonly reportsDeadLetters: boolean
}

/** What the coordinator calls on the actor system of a slot. */
export interface ActorSlotApi {
  /** Slot `lost` has lost its thread. All slots hear this before any hears `slotBack`. */
  slotLost(lost: number, error: WireError, incarnation: number): void
  /** The new thread of slot `lost` has its actor system. */
  slotBack(lost: number, error: WireError): void
  counters(): ActorCounters
  /** Chooses which actors handle mail. */
  hold(hold: Hold): void
  /** What is under way. */
  busyActors(): BusyActors
  /** Cuts the slot for a snapshot and sends the markers. */
  beginSnapshot(id: number): void
  /** The part of this slot in a snapshot, when it is complete. */
  snapshotPart(id: number): Promise<PartResult>
  cancelSnapshot(id: number): void
  /** Takes the actors of a snapshot over (a packed `SlotPlan`). All slots do so before any hears `startRestored`. */
  restore(plan: Packed): void
  /** Gives them their state. All slots do so before any hears `resumeRestored`. Rejects with `RESTORE_FAILED`. */
  startRestored(): Promise<void>
  resumeRestored(): void
  /** Ends all actors at once. Returns how much mail slot 0 gets from here in all. */
  dispose(): number
}

/** A `SlotExtension`. Throws `PROTOCOL_MISMATCH` when coordinator and slot speak different versions. */
export function loadActorSlot(node: SlotNode, argument: ActorSlotArgument): ActorSlotApi {
  if (argument.version !== ACTOR_MAIL_VERSION) {
    throw new MillraceError(
      'PROTOCOL_MISMATCH',
      `Expected actor mail of version ${ACTOR_MAIL_VERSION}, got ${argument.version}: two versions of millrace are mixed`,
    )
  }
  const slot = new ActorSlot(node, argument)
  slot.deadLetters.isReporting = argument.reportsDeadLetters
  return apiOf(slot)
}

/** The calls on an actor system that is at hand. */
export function apiOf(slot: ActorSlot): ActorSlotApi {
  const { persistence } = slot
  return {
    slotLost: (lost, error, incarnation) => {
      slot.slotLost(lost, fromWireError(error), incarnation)
    },
    slotBack: (lost, error) => {
      slot.slotBack(lost, fromWireError(error))
    },
    counters: () => slot.counters(),
    hold: (hold) => {
      persistence.setHold(hold)
    },
    busyActors: () => persistence.busyActors(),
    beginSnapshot: (id) => {
      persistence.snapshots.begin(id)
    },
    snapshotPart: (id) => persistence.snapshots.part(id),
    cancelSnapshot: (id) => {
      persistence.snapshots.cancel(id)
    },
    restore: (plan) => {
      persistence.restore(plan)
    },
    startRestored: () => persistence.startRestored(),
    resumeRestored: () => {
      persistence.resumeRestored()
    },
    dispose: () => slot.dispose(),
  }
}
