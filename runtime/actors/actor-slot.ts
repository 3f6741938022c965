/**
 * The actor system of one slot: its actors, and their mail to and from everybody else.
 *
 * One per slot, on the slot's thread; loaded there as a `SlotExtension`, made directly for slot 0.
 * Order: what one slot sends to one actor arrives in the order in which it was handed in.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { TerminationReason, Terminated } from './actor.ts'
import { stoppedError } from './actor-receiver.ts'
import type { ActorCell } from './actor-cell.ts'
import type { ActorCounters } from './quiescence.ts'
import type { ActorReceiver } from './actor-receiver.ts'
import type { CellHost, Child, Hold, RestoredState, StartListener } from './actor-host.ts'
import { QueuePool } from './actor-inbox.ts'
import { IDS_PER_INCARNATION, STOP, SYSTEM } from './actor-mail.ts'
import type { Outlet, OutletHost } from './actor-outlet.ts'
import { setRefHost } from './actor-ref.ts'
import type { ActorRef, RefHost } from './actor-ref.ts'
import type { Cancel } from '../clock.ts'
import { DeadLetters } from './dead-letters.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import { HeldMail } from './held-mail.ts'
import { PendingAsks } from './pending-asks.ts'
import { checkSendable } from './sendable-message.ts'
import { SlotArrivals } from './slot-arrivals.ts'
import { SlotFamily } from './slot-family.ts'
import type { ActorSlotOptions, FamilyOwner } from './slot-family.ts'
import { SlotLinks } from './slot-links.ts'
import type { SlotNode } from '../slot-node.ts'
import { SlotOutlets } from './slot-outlets.ts'
import { SlotWatches } from './slot-watches.ts'
import type { Slot } from '../slot.ts'
import { SlotPersistence } from './snapshot/slot-persistence.ts'
import type { SpawnRequest } from './spawn-request.ts'
import { toWireError } from '../wire-error.ts'

/** The actors of one slot. */
export class ActorSlot implements CellHost, FamilyOwner, OutletHost, RefHost {
  readonly slot: Slot
  /** Who lives here, and who is whose child. */
  readonly family: SlotFamily
  readonly queues = new QueuePool()
  readonly deadLetters: DeadLetters
  accepted = 0
  completed = 0
  readonly #index: number
  readonly #links: SlotLinks
  readonly #outlets = new SlotOutlets(this)
  readonly #asks: PendingAsks
  readonly #watches: SlotWatches
  readonly #held: HeldMail
  readonly #arrivals: SlotArrivals
  /** Snapshots of the actors here, and restoring them. */
  readonly persistence: SlotPersistence
  #waiting = 0
  #nextCorrelation: number
  #stopped = false

  constructor(node: SlotNode, options: ActorSlotOptions) {
    this.slot = node.slot
    this.#index = node.slot.index
    this.#asks = new PendingAsks(node.slot.clock)
    this.#nextCorrelation = options.incarnation * IDS_PER_INCARNATION + 1
    this.#links = new SlotLinks(node.slot)
    this.deadLetters = new DeadLetters(this, (mail) => {
      this.#links.mail(0, mail)
    })
    this.#links.onFlush = () => {
      this.deadLetters.endTurn()
    }
    this.family = new SlotFamily(this, this.#links, options)
    this.#held = new HeldMail(this.#index, node.slot.slotCount)
    if (options.incarnation > options.firstIncarnation) {
      this.#held.restored(options.firstIncarnation * IDS_PER_INCARNATION, this.#otherSlots())
    }
    this.#watches = new SlotWatches({
      index: this.#index,
      cells: this.family.cells,
      links: this.#links,
      held: this.#held,
    })
    this.persistence = new SlotPersistence({
      slot: this.slot,
      family: this.family,
      links: this.#links,
      outlets: this.#outlets,
      held: this.#held,
      refHost: this,
    })
    this.#arrivals = new SlotArrivals({
      index: this.#index,
      links: this.#links,
      outlets: this.#outlets,
      asks: this.#asks,
      watches: this.#watches,
      held: this.#held,
      family: this.family,
      deadLetters: this.deadLetters,
      snapshots: this.persistence.snapshots,
      refuse: (to, correlation, error) => {
        this.refuse(to, correlation, error)
      },
    })
    node.router.setActors(this.#arrivals)
    setRefHost(node.slot, this)
  }

  #otherSlots(): number[] {
    const all = Array.from({ length: this.slot.slotCount }, (_, slot) => slot)
    return all.filter((slot) => slot !== this.#index)
  }

  /** What has been done and what is left. */
  counters(): ActorCounters {
    return {
      accepted: this.accepted,
      completed: this.completed,
      waiting: this.#waiting + this.#held.size,
      sent: this.#links.sent,
      received: this.#links.received,
      actors: this.family.cells.size,
      deadLetters: this.deadLetters.count,
      unobservedDeadLetters: this.deadLetters.unobserved,
    }
  }

  /** Ends everything at once. Returns how much mail slot 0 gets from here in all: the last may be dead letters. */
  dispose(): number {
    this.#stopped = true
    this.#arrivals.closed = true
    this.#asks.rejectAll(systemStopped())
    for (const cell of this.family.cells.values()) cell.dispose()
    this.family.cells.clear()
    this.#outlets.closeAll('stopped')
    this.#links.close()
    this.#watches.systemEnded()
    return this.#links.sentTo(0)
  }

  /** How much mail has come from a slot. */
  receivedFrom(slot: number): number {
    return this.#links.receivedFrom(slot)
  }

  get hold(): Hold {
    return this.persistence.hold
  }

  restoredState(actor: number): RestoredState | undefined {
    return this.persistence.restoredState(actor)
  }

  // ── kin ───────────────────────────────────────────────────────────────────────────────────────

  /** Whether a slot has its thread. */
  isUp(slot: number): boolean {
    return this.#links.isUp(slot)
  }

  /** Resolves when a slot without a thread has got a new one, or the system has ended. */
  whenUp(slot: number): Promise<void> {
    return this.#links.whenUp(slot)
  }

  /** Spawns for the system itself. Resolves when the actor runs; rejects with what its start threw. */
  async spawnRoot(request: SpawnRequest, slot: number): Promise<ActorRef<never>> {
    if (this.#stopped) throw systemStopped()
    return await this.family.spawnRoot(request, slot)
  }

  spawnFrom(parent: ActorCell, actor: unknown, options: unknown): ActorRef<never> {
    return this.family.spawnFrom(parent, actor, options)
  }

  stopChild(id: number, child: Child): void {
    this.family.stopChild(id, child)
  }

  resumeChild(id: number, child: Child): void {
    this.family.resumeChild(id, child)
  }

  escalate(cell: ActorCell, error: unknown): void {
    this.family.escalate(cell, error)
  }

  terminated(
    cell: ActorCell,
    reason: TerminationReason,
    error: unknown,
    owing: readonly number[],
  ): void {
    this.family.terminated(cell, reason, error, owing)
  }

  watch(actor: ActorRef<never>, listener: (terminated: Terminated, from: number) => void): Cancel {
    return this.#watches.watch(actor, listener)
  }

  announceEnd(actor: number, from: number, reason: TerminationReason, error: unknown): void {
    this.#watches.announceEnd(actor, from, reason, error)
  }

  expectStart(slot: number): { correlation: number; started: Promise<unknown> } {
    const correlation = this.#nextCorrelation++
    const started = this.#asks.add(correlation, slot, Number.POSITIVE_INFINITY, 'an actor')
    return { correlation, started }
  }

  startListener(to: number, correlation: number): StartListener {
    return {
      started: () => {
        this.#answerRaw(to, correlation, undefined)
      },
      failed: (error) => {
        this.refuse(to, correlation, error)
      },
    }
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  outletFor(actor: ActorRef<never>): Outlet {
    return this.#outlets.for(actor, this.#links.isUp(actor.slot))
  }

  ask(actor: ActorRef<never>, message: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#stopped) return Promise.reject(systemStopped())
    const outlet = this.outletFor(actor)
    try {
      this.check(outlet, message)
    } catch (error) {
      return Promise.reject(error)
    }
    const correlation = this.#nextCorrelation++
    const answer = this.#asks.add(correlation, actor.slot, timeoutMs, actor)
    outlet.send(message, correlation)
    return answer
  }

  async stop(actor: ActorRef<never>): Promise<void> {
    for (;;) {
      // While its slot has no thread, watching tells nothing new: asking again at once would never let the new thread come.
      if (!this.#links.isUp(actor.slot)) await this.#links.whenUp(actor.slot)
      const ended = new Promise<Terminated>((resolve) => {
        this.watch(actor, resolve)
      })
      this.outletFor(actor).send(undefined, STOP)
      const { reason } = await ended
      // Its supervision may bring a lost actor back: ask again.
      if (reason !== 'slot-lost' || this.#stopped) return
    }
  }

  ship(outlet: Outlet, message: unknown, correlation: number): void {
    const { slot, target } = outlet
    if (this.#stopped) {
      this.#outlets.close(target, 'stopped')
      this.undeliverable(outlet, message, correlation, 'stopped')
    } else if (slot === this.#index) {
      this.#arrivals.take(target, correlation, message, slot)
    } else {
      this.#links.post(slot, target, message, correlation)
    }
  }

  check(outlet: Outlet, message: unknown): void {
    if (outlet.slot === this.#index) return
    checkSendable(message, 'message', () => `message to ${this.family.describe(outlet.target)}`)
  }

  undeliverable(
    outlet: Outlet,
    message: unknown,
    correlation: number,
    reason: DeadLetterReason,
  ): void {
    if (correlation === STOP) return
    if (correlation > 0) this.#asks.reject(correlation, stoppedError(`actor ${outlet.target}`))
    const { target: actor, slot, capacity } = outlet
    const name = undefined
    this.deadLetters.bury({ actor, slot, capacity, name, message, reason, error: undefined })
  }

  isAwaited(correlation: number): boolean {
    return this.#asks.has(correlation)
  }

  waiting(change: number): void {
    this.#waiting += change
  }

  idle(outlet: Outlet): void {
    this.#outlets.forget(outlet)
  }

  sayGone(actor: number, to: number): void {
    this.#arrivals.sayGone(actor, to)
  }

  // ── what cells ask for ────────────────────────────────────────────────────────────────────────

  giveBack(actor: number, to: number, count: number): void {
    // Mail that waits elsewhere for room must not come here any more, where nobody would see it.
    if (this.#stopped) return
    if (to === this.#index) this.#outlets.grant(actor, to, count)
    else this.#links.giveBack(actor, to, count)
  }

  answer(to: number, correlation: number, value: unknown, cell: ActorReceiver): void {
    if (to !== this.#index) {
      try {
        checkSendable(value, 'answer', () => `answer of ${cell.label}`)
      } catch (error) {
        this.refuse(to, correlation, error)
        return
      }
    }
    this.#answerRaw(to, correlation, value)
  }

  #answerRaw(to: number, correlation: number, value: unknown): void {
    if (to === this.#index) this.#asks.resolve(correlation, value)
    else this.#links.post(to, SYSTEM, value, correlation)
  }

  refuse(to: number, correlation: number, error: unknown): void {
    if (to === this.#index) this.#asks.reject(correlation, error)
    else this.#links.mail(to, { kind: 'failure', correlation, error: toWireError(error) })
  }

  deadLetter(
    cell: ActorReceiver,
    message: unknown,
    reason: DeadLetterReason,
    error?: unknown,
  ): void {
    const { id: actor, slot, name, spec } = cell
    const { capacity } = spec
    this.deadLetters.bury({ actor, slot, capacity, name, message, reason, error })
  }

  /** Asks a slot to send its dead letters here, or to stop that. */
  askForDeadLetters(slot: number, on: boolean): void {
    this.#links.mail(slot, { kind: 'report-dead-letters', on })
  }

  /** Slot `lost` has no thread any more: nobody there answers, gives credits or waits. */
  slotLost(lost: number, error: unknown, incarnation: number): void {
    this.#links.lost(lost)
    this.#outlets.pauseAllTo(lost)
    this.#asks.rejectSlot(lost, error)
    for (const cell of this.family.cells.values()) {
      cell.disown(lost)
      cell.watchers?.delete(lost)
      // Its parent is gone with all it knew.
      if (cell.parentSlot === lost) cell.kill()
    }
    this.#watches.slotLost(lost, error)
    this.#held.expectFrom(lost, incarnation * IDS_PER_INCARNATION)
  }

  /** Slot `lost` has a new thread: supervision decides about the children there, and mail goes on. */
  slotBack(lost: number, error: unknown): void {
    this.#links.back(lost)
    this.family.slotBack(lost, error)
    this.#links.mail(lost, { kind: 'recovered', nextId: this.family.nextNumber })
    this.#outlets.resumeAllTo(lost)
  }
}

function systemStopped(): MillraceError {
  return new MillraceError('SYSTEM_STOPPED', 'The actor system has stopped')
}
