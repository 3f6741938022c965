/**
 * Where the actors of a snapshot live when it is resumed. Pure.
 */
import { SYSTEM } from '../actor-mail.ts'
import type { StoredSystem } from './stored-system.ts'

/**
 * The slot of each actor. With as many slots as before: where it was. Otherwise those that the system itself had spawned are dealt out in
 * turns, children stay in the slot of their parent if they shared one, and what lived in slot 0 stays there.
 */
export function placeActors(
  { actors, slots }: StoredSystem,
  newSlots: number,
): Map<number, number> {
  const places = new Map<number, number>()
  const records = new Map(actors.map((record) => [record.id, record]))
  let turn = 0
  const place = (id: number): number => {
    const known = places.get(id)
    const record = records.get(id)
    if (known !== undefined || record === undefined) return known ?? 0
    let slot: number
    if (newSlots === slots || record.slot === 0) slot = record.slot
    else if (record.parent === SYSTEM) slot = (turn++ % newSlots) + 1
    else if (records.get(record.parent)?.slot === record.slot) slot = place(record.parent)
    else slot = ((record.slot - 1) % newSlots) + 1
    places.set(id, slot)
    return slot
  }
  for (const { id } of actors) place(id)
  return places
}
