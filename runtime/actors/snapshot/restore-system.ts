/**
 * Puts the actors of a snapshot into the slots of a system that has just been started, on the thread that started it.
 */
import type { ActorSlotApi } from '../actor-slot-extension.ts'
import { IDS_PER_INCARNATION } from '../actor-mail.ts'
import { packValue } from './packed-value.ts'
import { placeActors } from './placement.ts'
import type { SlotPlan } from './slot-restore.ts'
import type { StoredSystem } from './stored-system.ts'
import type { Async } from '../../slot-node.ts'

/** The incarnation whose ids are all above those that the snapshot knows. */
export function incarnationAfter({ nextNumber }: StoredSystem): number {
  return Math.floor(nextNumber / IDS_PER_INCARNATION) + 1
}

/** Restores all slots and lets the actors go on. Rejects with `RESTORE_FAILED` before any of them has handled a message. */
export async function restoreSystem(
  stored: StoredSystem,
  slots: number,
  apis: ReadonlyMap<number, Async<ActorSlotApi>>,
): Promise<void> {
  const places = placeActors(stored, slots)
  const parents = new Map(stored.actors.map(({ id, parent }) => [id, places.get(parent) ?? 0]))
  const onAll = async (
    step: (api: Async<ActorSlotApi>, slot: number) => Promise<void>,
  ): Promise<void> => {
    await Promise.all([...apis].map(([slot, api]) => step(api, slot)))
  }
  await onAll((api, slot) => {
    const plan: SlotPlan = {
      actors: stored.actors.filter(({ id }) => places.get(id) === slot || parents.get(id) === slot),
      ids: [...places.keys()],
      slots: [...places.values()],
      incarnation: incarnationAfter(stored),
    }
    return api.restore(packValue(plan, 'snapshot'))
  })
  await onAll((api) => api.startRestored())
  await onAll((api) => api.resumeRestored())
}
