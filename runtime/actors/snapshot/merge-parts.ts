/**
 * From the parts of the slots to one snapshot: what was on its way joins the mailbox that it was on its way to.
 *
 * Pure. Order: of each sender's messages to an actor, those in the mailbox came first, then those held for it, then those on the
 * link, then those that waited at the sender.
 */
import { SYSTEM } from '../actor-mail.ts'
import type { ActorRecord, MailRecord, SlotPart, StoredSystem, StrayMail } from './stored-system.ts'

/** An actor whose mail grows while parts are merged. */
interface Merging {
  readonly record: ActorRecord
  readonly mail: MailRecord[]
  lossAgesMs: readonly number[]
}

/** Merges the parts of one cut. Mail for actors that are gone is left out: it would be dead letters. */
export function mergeParts(parts: readonly SlotPart[], createdAt: number): StoredSystem {
  const actors = new Map<number, Merging>()
  const records = parts.flatMap((part) => [...part.actors, ...part.spawned])
  for (const record of records.sort((a, b) => a.id - b.id)) {
    actors.set(record.id, { record, mail: [...record.mail], lossAgesMs: [] })
  }
  dropOrphans(actors)
  for (const stage of ['held', 'onLinks', 'waiting'] as const) {
    for (const part of parts) addMail(actors, part[stage])
  }
  tellOfEnds(actors)
  for (const { actor, agesMs } of parts.flatMap(({ losses }) => losses)) {
    const merging = actors.get(actor)
    if (merging !== undefined) merging.lossAgesMs = agesMs
  }
  return {
    createdAt,
    slots: parts.length - 1,
    nextNumber: Math.max(...parts.map(({ nextNumber }) => nextNumber)),
    actors: [...actors.values()].map(({ record, mail, lossAgesMs }) => ({
      ...record,
      lossAgesMs,
      mail,
      watches: record.watches.filter(({ target }) => actors.has(target)),
    })),
  }
}

/** Actors whose parent is gone were about to be stopped. */
function dropOrphans(actors: Map<number, Merging>): void {
  let before = -1
  while (before !== actors.size) {
    before = actors.size
    for (const [id, { record }] of actors) {
      if (record.parent !== SYSTEM && !actors.has(record.parent)) actors.delete(id)
    }
  }
}

function addMail(actors: ReadonlyMap<number, Merging>, strays: readonly StrayMail[]): void {
  for (const { target, mail } of strays) actors.get(target)?.mail.push(mail)
}

/** The news of an end was on its way: it comes after all that the actor had told its watcher. */
function tellOfEnds(actors: ReadonlyMap<number, Merging>): void {
  for (const { record, mail } of actors.values()) {
    for (const { target, message } of record.watches) {
      if (!actors.has(target)) mail.push({ kind: 'message', value: message })
    }
  }
}
