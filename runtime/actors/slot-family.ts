/**
 * Who lives in a slot and who is whose child: spawning, stopping, escalating, ends, and what becomes of children whose slot
 * was lost. A child may live in another slot than its parent; both sides of such a bond are here.
 *
 * Used by the slot's thread only.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { TerminationReason } from './actor.ts'
import { ActorCell } from './actor-cell.ts'
import { isExported } from './actor-definition.ts'
import { NEVER } from './actor-host.ts'
import type { ActorPlan, CellHost, Child, StartListener } from './actor-host.ts'
import { IDS_PER_INCARNATION, NO_PARENT, SLOTS_PER_ID, STOP, SYSTEM } from './actor-mail.ts'
import type { ActorMail, ActorSpec } from './actor-mail.ts'
import { ActorRef } from './actor-ref.ts'
import { checkSendable } from './sendable-message.ts'
import type { SlotLinks } from './slot-links.ts'
import type { Slot } from '../slot.ts'
import { readSpawn } from './spawn-request.ts'
import type { SpawnRequest } from './spawn-request.ts'
import { decide } from './supervision.ts'
import { SystemActors } from './system-actors.ts'
import { toWireError } from '../wire-error.ts'

/** What slot 0 hears about the actors that the system itself has spawned. */
export interface RootListener {
  terminated(actor: number): void
  escalated(actor: number, error: unknown): void
}

/** What the family needs from the actor system of its slot. */
export interface FamilyOwner extends CellHost {
  /** Tells a slot that holds credits of an actor that it is gone. */
  sayGone(actor: number, slot: number): void
  /** Tells the watchers on this slot. `from` is the slot the actor lived in. */
  announceEnd(actor: number, from: number, reason: TerminationReason, error: unknown): void
  /** Waits for the answer to a spawn. */
  expectStart(slot: number): { readonly correlation: number; readonly started: Promise<unknown> }
  /** Answers a spawn. */
  startListener(to: number, correlation: number): StartListener
}

/** How a slot's actor system is set up. Plain data. */
export interface ActorSlotOptions {
  /** How many threads the slot has lost before this one. */
  readonly incarnation: number
  /** The incarnation that all slots began with: ids of those before are out of a snapshot. */
  readonly firstIncarnation: number
  /** Whether all slots live on one thread, so that classes need not be imported. */
  readonly sharesThread: boolean
}

/** The actors of a slot and their bonds. */
export class SlotFamily {
  /** The actors that live here. */
  readonly cells = new Map<number, ActorCell>()
  /** Actors spawned by the system itself (slot 0 only). */
  readonly roots: SystemActors
  rootListener: RootListener | undefined
  /** Whether the system stops its actors: those that are lost with their slot do not come back. */
  endsRoots = false
  readonly #owner: FamilyOwner
  readonly #links: SlotLinks
  readonly #slot: Slot
  readonly #index: number
  readonly #sharesThread: boolean
  #nextNumber: number

  constructor(owner: FamilyOwner, links: SlotLinks, options: ActorSlotOptions) {
    this.#owner = owner
    this.#links = links
    this.#slot = owner.slot
    this.#index = owner.slot.index
    this.roots = new SystemActors(owner.slot.slotCount)
    this.#sharesThread = options.sharesThread
    this.#nextNumber = options.incarnation * IDS_PER_INCARNATION + 1
  }

  /** Ids that this slot gives from now on are not below this number (see `SLOTS_PER_ID`). */
  get nextNumber(): number {
    return this.#nextNumber
  }

  spawnFrom(parent: ActorCell, actor: unknown, options: unknown): ActorRef<never> {
    const request = readSpawn(actor, options, this.#slot.slotCount - 1)
    const { spec, args, slot = this.#index } = request
    this.#checkTravels(request, slot)
    const id = this.#allocateId()
    const children = (parent.children ??= new Map<number, Child>())
    if (slot === this.#index) {
      this.#spawnHere(id, parent.id, request, children)
    } else {
      const child = { slot, spec, args, restarts: NEVER }
      children.set(id, child)
      this.#links.mail(slot, spawnMail(id, parent.id, child))
    }
    return new ActorRef(this.#owner, id, slot, spec.capacity)
  }

  /** Spawns for the system itself. Resolves when the actor runs; rejects with what its start threw. */
  async spawnRoot(request: SpawnRequest, slot: number): Promise<ActorRef<never>> {
    this.#checkTravels(request, slot)
    const { spec, args } = request
    const id = this.#allocateId()
    const { correlation, started } = this.#owner.expectStart(slot)
    if (slot === this.#index) {
      const cell = this.#addCell(id, SYSTEM, this.#index, request)
      this.roots.set(id, cell)
      cell.startListener = this.#owner.startListener(this.#index, correlation)
      cell.start(0)
    } else {
      const child = { slot, spec, args, restarts: NEVER }
      this.roots.set(id, child)
      this.#links.mail(slot, { ...spawnMail(id, SYSTEM, child), correlation })
    }
    try {
      await started
    } catch (error) {
      // Were the slot lost, the actor would come back with the new thread.
      this.roots.delete(id)
      throw error
    }
    return new ActorRef(this.#owner, id, slot, spec.capacity)
  }

  /** In the slot of the parent: throws at once what the constructor throws. */
  #spawnHere(
    id: number,
    parent: number,
    request: SpawnRequest,
    siblings: Map<number, Child>,
  ): void {
    const cell = this.#addCell(id, parent, this.#index, request)
    siblings.set(id, cell)
    const errors: unknown[] = []
    cell.startListener = {
      started: () => {},
      failed: (error) => errors.push(error),
    }
    cell.start(0)
    cell.startListener = undefined
    if (errors.length > 0) throw errors[0]
  }

  #addCell(id: number, parent: number, parentSlot: number, plan: ActorPlan): ActorCell {
    const cell = new ActorCell(this.#owner, id, parent, parentSlot, plan)
    this.cells.set(id, cell)
    return cell
  }

  /** Takes over an actor out of a snapshot; it does not start yet. */
  adopt(id: number, parent: number, parentSlot: number, plan: ActorPlan): ActorCell {
    return this.#addCell(id, parent, parentSlot, plan)
  }

  /** Makes an actor out of a snapshot the child of its parent here, if that is here. */
  adoptChild(id: number, parent: number, child: Child): void {
    if (parent === SYSTEM) {
      this.roots.set(id, child)
      return
    }
    const cell = this.cells.get(parent)
    if (cell !== undefined) (cell.children ??= new Map<number, Child>()).set(id, child)
  }

  /** The actors that the system itself has spawned from this definition, under this name if there is one, oldest first. */
  findRoots({ key, name }: ActorSpec): ActorRef<never>[] {
    const found: ActorRef<never>[] = []
    for (const [id, { slot, spec }] of this.roots) {
      const isMeant = spec.key.url === key.url && spec.key.name === key.name
      if (!isMeant || (name !== undefined && name !== spec.name)) continue
      found.push(new ActorRef(this.#owner, id, slot, spec.capacity))
    }
    return found.sort((a, b) => a.id - b.id)
  }

  /** Restarts of actors in other slots whose parents are here, as their supervision counts them. */
  get remoteRestarts(): readonly {
    readonly actor: number
    readonly restarts: readonly number[]
  }[] {
    const families = [this.roots, ...[...this.cells.values()].map(({ children }) => children)]
    return families.flatMap((children) =>
      [...(children ?? [])].flatMap(([actor, { slot, restarts }]) =>
        slot === this.#index || restarts.length === 0 ? [] : [{ actor, restarts }],
      ),
    )
  }

  /** An actor in an error: with its name, if it was spawned from this slot. */
  describe(id: number): string {
    const child = this.roots.get(id) ?? this.#childOfAny(id)
    if (child === undefined) return `the actor with id ${id}`
    return `actor '${child.spec.name ?? child.spec.key.name}' (id ${id}, slot ${child.slot})`
  }

  #childOfAny(id: number): Child | undefined {
    for (const { children } of this.cells.values()) {
      const child = children?.get(id)
      if (child !== undefined) return child
    }
    return undefined
  }

  #checkTravels({ spec, args }: ActorPlan, slot: number): void {
    if (slot === this.#index) return
    checkSendable(args, 'args', () => `arguments of actor '${spec.name ?? spec.key.name}'`)
    if (this.#sharesThread || isExported(spec.key)) return
    throw new MillraceError(
      'MODULE_MISSING',
      `Expected actor '${spec.key.name}' to name its module (static readonly module = import.meta.url), because it is ` +
        `to live in slot ${slot}, on another thread; got none`,
    )
  }

  #allocateId(): number {
    return this.#nextNumber++ * SLOTS_PER_ID + this.#index
  }

  stopChild(id: number, child: Child): void {
    if (child.slot === this.#index) this.cells.get(id)?.requestStop()
    else this.#links.post(child.slot, id, undefined, STOP)
  }

  /** Stops an actor that the system itself has spawned, its waiting mail unhandled. */
  killRoot(id: number): void {
    const child = this.roots.get(id)
    if (child === undefined) return
    if (child.slot === this.#index) this.cells.get(id)?.kill()
    else this.#links.mail(child.slot, { kind: 'kill', actor: id })
  }

  resumeChild(id: number, child: Child): void {
    if (child.slot === this.#index) this.cells.get(id)?.resume()
    else this.#links.mail(child.slot, { kind: 'resume', actor: id })
  }

  escalate(cell: ActorCell, error: unknown): void {
    const { id: actor, parent, parentSlot } = cell
    if (parentSlot === this.#index) {
      this.heardOfEscalation(parent, actor, error, this.#index)
    } else {
      this.#links.mail(parentSlot, { kind: 'escalated', actor, parent, error: toWireError(error) })
    }
  }

  /** A child of an actor here has failed and waits. */
  heardOfEscalation(parent: number, actor: number, error: unknown, from: number): void {
    if (parent === SYSTEM) {
      this.rootListener?.escalated(actor, error)
      return
    }
    const cell = this.cells.get(parent)
    if (cell !== undefined) cell.childEscalated(actor, error)
    else if (from === this.#index) this.cells.get(actor)?.kill()
    else this.#links.mail(from, { kind: 'kill', actor })
  }

  terminated(
    cell: ActorCell,
    reason: TerminationReason,
    error: unknown,
    owing: readonly number[],
  ): void {
    const { id: actor, parent, parentSlot } = cell
    this.cells.delete(actor)
    for (const slot of owing) this.#owner.sayGone(actor, slot)
    const hearers = new Set(cell.watchers).add(parentSlot)
    for (const slot of hearers) {
      const theirs = slot === parentSlot ? parent : NO_PARENT
      if (slot === this.#index) {
        this.heardOfEnd(actor, theirs, reason, error, slot)
        continue
      }
      const wire = error === undefined ? undefined : toWireError(error)
      this.#links.mail(slot, { kind: 'terminated', actor, parent: theirs, reason, error: wire })
    }
  }

  /** An actor is gone that is watched from here or has its parent here. */
  heardOfEnd(
    actor: number,
    parent: number,
    reason: TerminationReason,
    error: unknown,
    from: number,
  ): void {
    if (parent === SYSTEM) {
      this.roots.delete(actor)
      this.rootListener?.terminated(actor)
    } else if (parent !== NO_PARENT) {
      this.cells.get(parent)?.childTerminated(actor)
    }
    this.#owner.announceEnd(actor, from, reason, error)
  }

  /** Slot `lost` has a new thread: supervision decides about the actors there whose parents are here. */
  slotBack(lost: number, error: unknown): void {
    this.#superviseLost(this.roots, SYSTEM, lost, error)
    for (const cell of this.cells.values()) {
      if (cell.children !== undefined) this.#superviseLost(cell.children, cell.id, lost, error)
    }
  }

  #superviseLost(children: Map<number, Child>, parent: number, lost: number, error: unknown): void {
    for (const [id, child] of children) {
      if (child.slot !== lost) continue
      const isEnding =
        parent === SYSTEM ? this.endsRoots : this.cells.get(parent)?.state === 'ending'
      const decision = decide(
        child.spec.supervision,
        child.restarts,
        'SLOT_LOST',
        this.#slot.clock.monotonicMs(),
        this.#slot.random(),
      )
      if (isEnding || decision.action === 'stop') {
        this.heardOfEnd(id, parent, 'slot-lost', error, lost)
      } else if (decision.action === 'escalate') {
        // There is nothing left that could wait for the parent's decision.
        children.delete(id)
        this.heardOfEscalation(parent, id, error, lost)
      } else {
        // The state is gone: resuming means to start again.
        const isRestart = decision.action === 'restart'
        if (isRestart) child.restarts = decision.restarts
        const delayMs = isRestart ? decision.delayMs : 0
        this.#links.mail(lost, { ...spawnMail(id, parent, child), delayMs, again: true })
      }
    }
  }

  /** Spawns by order of another slot, or brings an actor back that the slot lost. */
  spawnFor(mail: Extract<ActorMail, { kind: 'spawn' }>, from: number): void {
    const { actor, parent, correlation, delayMs } = mail
    const cell = this.#addCell(actor, parent, from, mail)
    if (correlation > 0) cell.startListener = this.#owner.startListener(from, correlation)
    cell.start(delayMs)
  }
}

function spawnMail(
  actor: number,
  parent: number,
  { spec, args }: ActorPlan,
): Extract<ActorMail, { kind: 'spawn' }> {
  return { kind: 'spawn', actor, parent, spec, args, correlation: 0, delayMs: 0, again: false }
}
