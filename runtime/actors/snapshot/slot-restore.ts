/**
 * Puts the actors of a snapshot into a slot of the system that resumes it, in three steps, each after all slots have
 * done the one before: the actors exist, with their mail; they have their state; they go on.
 *
 * Used by the slot's thread only, once, before anything else happens there.
 */
import { MillraceError } from '../../../mailbox/errors.ts'
import type { ActorCell } from '../actor-cell.ts'
import type { RestoredState } from '../actor-host.ts'
import { Envelope } from '../actor-inbox.ts'
import { OWN_MAIL } from '../actor-mailbox.ts'
import { IDS_PER_INCARNATION } from '../actor-mail.ts'
import type { ActorSpec } from '../actor-mail.ts'
import { STOP_MAIL } from '../actor-receiver.ts'
import { ActorRef, withAddresses } from '../actor-ref.ts'
import type { RefHost } from '../actor-ref.ts'
import type { HeldMail } from '../held-mail.ts'
import type { SlotFamily } from '../slot-family.ts'
import type { Slot } from '../../slot.ts'
import { unpackValue } from './packed-value.ts'
import type { ActorRecord, Packed } from './stored-system.ts'

/** What a slot is told to restore. */
export interface SlotPlan {
  /** Those that live here, and those whose parents do. */
  readonly actors: readonly ActorRecord[]
  /** All actors and their slots, in the same order. */
  readonly ids: readonly number[]
  readonly slots: readonly number[]
  /** Incarnation that all slots begin with: no id from before it is given again. */
  readonly incarnation: number
}

/** What the actors are restored into. */
export interface RestoreParts {
  readonly slot: Slot
  readonly family: SlotFamily
  readonly held: HeldMail
  readonly refHost: RefHost
}

/** An actor between the steps. */
interface Restoring extends RestoredState {
  readonly cell: ActorCell
  readonly started: boolean
  readonly delayMs: number
  readonly timers: readonly {
    readonly envelope: Envelope
    readonly remainingMs: number
    readonly intervalMs: number
  }[]
  readonly watches: readonly { readonly target: ActorRef<never>; readonly message: unknown }[]
}

/** The restoring of one slot. */
export class SlotRestore {
  /** By actor, until it goes on. */
  readonly states = new Map<number, RestoredState>()
  readonly #parts: RestoreParts
  readonly #slotOf: ReadonlyMap<number, number>
  readonly #restoring: Restoring[] = []
  readonly #specs = new Map<string, ActorSpec>()

  constructor(parts: RestoreParts, packed: Packed) {
    this.#parts = parts
    const plan = unpackValue(packed) as SlotPlan
    this.#slotOf = new Map(plan.ids.map((id, i) => [id, plan.slots[i] ?? 0]))
    // Whoever is not here by now will never be.
    parts.held.restored(plan.incarnation * IDS_PER_INCARNATION, [])
    const addresses = {
      host: parts.refHost,
      slotOf: (actor: number): number => this.#slotOf.get(actor) ?? 0,
    }
    withAddresses(addresses, () => {
      for (const record of plan.actors) if (this.#livesHere(record.id)) this.#adopt(record)
      for (const record of plan.actors) this.#adoptChild(record)
    })
  }

  /** Makes the instances and gives them their state. Rejects with `RESTORE_FAILED`. */
  async start(): Promise<void> {
    await Promise.all(
      this.#restoring.filter(({ started }) => started).map(({ cell }) => startRestored(cell)),
    )
  }

  /** Lets the actors go on: arms the timers, watches again, starts those that were about to start. */
  resume(): void {
    this.states.clear()
    for (const restoring of this.#restoring) {
      const { cell, started, timers, watches } = restoring

      for (const { target, message } of watches) cell.watch(target, message)
      // Those that are overdue fire in the order in which they were due.
      const inOrder = [...timers].sort((a, b) => a.remainingMs - b.remainingMs)
      for (const { envelope, remainingMs, intervalMs } of inOrder) {
        const delayMs = Math.max(0, remainingMs)
        if (intervalMs === 0) cell.after(delayMs, envelope.value)
        else cell.beatEvery(intervalMs, envelope, delayMs)
      }
      if (!started) cell.start(restoring.delayMs)
    }
  }

  #livesHere(actor: number): boolean {
    return this.#slotOf.get(actor) === this.#parts.slot.index
  }

  #adopt(record: ActorRecord): void {
    const { id, parent, started, delayMs } = record
    const { family, refHost } = this.#parts
    const args = unpackValue(record.args) as readonly unknown[]
    const plan = { spec: this.#specOf(record), args }
    const cell = family.adopt(id, parent, this.#slotOf.get(parent) ?? 0, plan)
    cell.restarts = this.#timesOf(record.restartAgesMs)
    const timers = record.timers.map(({ message, ...times }) => {
      const envelope = new Envelope('timer', unpackValue(message), 0, OWN_MAIL)
      envelope.queued = false
      return { ...times, envelope }
    })
    cell.restoreMail(
      record.mail.map((mail) => {
        if (mail.kind === 'stop') return STOP_MAIL
        if (mail.kind === 'message') return unpackValue(mail.value)
        const envelope = timers[mail.timer]?.envelope
        if (envelope !== undefined) envelope.queued = true
        return envelope
      }),
    )
    const watches = record.watches.map(({ target, message }) => ({
      target: new ActorRef(refHost, target, this.#slotOf.get(target) ?? 0, 1),
      message: unpackValue(message),
    }))
    const state = record.state === undefined ? undefined : unpackValue(record.state)
    const hasState = record.state !== undefined
    const restoring = { cell, hasState, state, started, delayMs, timers, watches }
    this.#restoring.push(restoring)
    if (started) this.states.set(id, restoring)
  }

  #adoptChild(record: ActorRecord): void {
    const { id, parent } = record
    if ((this.#slotOf.get(parent) ?? 0) !== this.#parts.slot.index) return
    const { family } = this.#parts
    const child = family.cells.get(id) ?? {
      slot: this.#slotOf.get(id) ?? 0,
      spec: this.#specOf(record),
      args: unpackValue(record.args) as readonly unknown[],
      restarts: this.#timesOf(record.lossAgesMs ?? []),
    }
    family.adoptChild(id, parent, child)
  }

  #timesOf(agesMs: readonly number[]): readonly number[] {
    const nowMs = this.#parts.slot.clock.monotonicMs()
    return agesMs.map((ageMs) => nowMs - ageMs)
  }

  /** Equal specs are one object, as those of actors that were spawned. */
  #specOf({ key, name, supervision, capacity }: ActorRecord): ActorSpec {
    const text = JSON.stringify([key, name, supervision, capacity])
    const known = this.#specs.get(text)
    if (known !== undefined) return known
    const spec = { key, name, supervision, capacity }
    this.#specs.set(text, spec)
    return spec
  }
}

function startRestored(cell: ActorCell): Promise<void> {
  return new Promise((resolve, reject) => {
    cell.startListener = {
      started: resolve,
      failed: (cause) => {
        const message = `Expected ${cell.label} to take its state back, but its restore or its constructor threw`
        reject(new MillraceError('RESTORE_FAILED', message, { cause }))
      },
    }
    cell.start(0)
  })
}
