/**
 * The actor system of one slot: its actors, and their mail to and from everybody else.
 *
 * One per slot, on the slot's thread; loaded there as a `SlotExtension`, made directly for slot 0.
 * Order: what one slot sends to one actor arrives in the order in which it was handed in.
 */
import { MillraceError } from '../mailbox/errors.ts'
import type { MessageFrame } from '../mailbox/frame.ts'
import type { TerminationReason, Terminated } from './actor.ts'
import { ActorCell, stoppedError } from './actor-cell.ts'
import { NEVER } from './actor-host.ts'
import type { ActorPlan, CellHost, Child, StartListener } from './actor-host.ts'
import { isExported } from './actor-definition.ts'
import { Envelope, QueuePool } from './actor-inbox.ts'
import { IDS_PER_INCARNATION, MAIL, SLOTS_PER_ID, STOP, SYSTEM } from './actor-mail.ts'
import type { ActorMail, CreditMail } from './actor-mail.ts'
import { Outlet } from './actor-outlet.ts'
import type { OutletHost } from './actor-outlet.ts'
import { ActorRef, setRefHost } from './actor-ref.ts'
import type { RefHost } from './actor-ref.ts'
import type { Cancel } from './clock.ts'
import { DeadLetters } from './dead-letters.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import { HeldMail } from './held-mail.ts'
import type { Peer } from './peer.ts'
import { PendingAsks } from './pending-asks.ts'
import type { ActorMailHandler } from './router.ts'
import { checkSendable } from './sendable-message.ts'
import type { Flushable, Slot } from './slot.ts'
import type { SlotNode } from './slot-node.ts'
import { readSpawn } from './spawn-request.ts'
import type { SpawnRequest } from './spawn-request.ts'
import { decide } from './supervision.ts'
import { Watches } from './watches.ts'
import { fromWireError, toWireError } from './wire-error.ts'
import type { WireError } from './wire-error.ts'

/** How a slot's actor system is set up. Plain data. */
export interface ActorSlotOptions {
  /** How many threads the slot has lost before this one. */
  readonly incarnation: number
  /** Whether all slots live on one thread, so that classes need not be imported. */
  readonly sharesThread: boolean
}

/** What slot 0 hears about the actors that the system itself has spawned. */
export interface RootListener {
  terminated(actor: number): void
  escalated(actor: number, error: unknown): void
}

/** What a slot has done and has left to do. */
export interface ActorCounters {
  /** Mail put into mailboxes and other work begun (a module that is loaded, say), and how much of it is done. */
  readonly accepted: number
  readonly completed: number
  /** Messages that wait for credit. */
  readonly waiting: number
  /** Mail handed to links, and mail that came out of links. */
  readonly sent: number
  readonly received: number
  readonly actors: number
  readonly deadLetters: number
  readonly unobservedDeadLetters: number
}

/** Dead letters that travel to slot 0 per turn at the most; the rest is only counted. */
const LETTERS_PER_TURN = 256
/** In `terminated` mail to a slot that watches: none of your actors is the parent. */
const NO_PARENT = -1

/** The actors of one slot. */
export class ActorSlot implements ActorMailHandler, CellHost, OutletHost, RefHost, Flushable {
  readonly slot: Slot
  readonly queues = new QueuePool()
  readonly deadLetters = new DeadLetters()
  /** Actors spawned by the system itself (slot 0 only). */
  readonly roots = new Map<number, Child>()
  accepted = 0
  completed = 0
  dirty = false
  rootListener: RootListener | undefined
  /** Whether slot 0 wants this slot's dead letters. */
  reportsDeadLetters = false
  readonly #index: number
  readonly #sharesThread: boolean
  readonly #cells = new Map<number, ActorCell>()
  readonly #outlets = new Map<number, Outlet>()
  readonly #asks: PendingAsks
  readonly #watches = new Watches<Terminated>()
  readonly #held: HeldMail
  /** Slots whose thread died and whose new one is not ready. */
  readonly #down = new Set<number>()
  /** The links that were used since the last loss of their slot; looked up once, used per message. */
  readonly #peers: (Peer | undefined)[]
  readonly #sent: number[]
  readonly #received: number[]
  #waiting = 0
  #nextCounter: number
  #nextCorrelation: number
  #lettersThisTurn = 0
  #stopped = false

  constructor(node: SlotNode, options: ActorSlotOptions) {
    this.slot = node.slot
    this.#index = node.slot.index
    this.#sharesThread = options.sharesThread
    this.#asks = new PendingAsks(node.slot.clock)
    this.#nextCounter = options.incarnation * IDS_PER_INCARNATION + 1
    this.#nextCorrelation = options.incarnation * IDS_PER_INCARNATION + 1
    this.#peers = new Array<Peer | undefined>(node.slot.slotCount).fill(undefined)
    this.#sent = new Array<number>(node.slot.slotCount).fill(0)
    this.#received = new Array<number>(node.slot.slotCount).fill(0)
    this.#held = new HeldMail(this.#index, node.slot.slotCount)
    node.router.setActors(this)
    setRefHost(node.slot, this)
  }

  /** What has been done and what is left. */
  counters(): ActorCounters {
    return {
      accepted: this.accepted,
      completed: this.completed,
      waiting: this.#waiting + this.#held.size,
      sent: sum(this.#sent),
      received: sum(this.#received),
      actors: this.#cells.size,
      deadLetters: this.deadLetters.count,
      unobservedDeadLetters: this.deadLetters.unobserved,
    }
  }

  /** Ends everything at once. */
  dispose(): void {
    this.#stopped = true
    this.#asks.rejectAll(systemStopped())
    for (const cell of this.#cells.values()) cell.dispose()
    this.#cells.clear()
    for (const outlet of [...this.#outlets.values()]) this.#close(outlet, 'stopped')
  }

  // ── spawning ──────────────────────────────────────────────────────────────────────────────────

  /** Whether a slot has its thread. */
  isUp(slot: number): boolean {
    return !this.#down.has(slot)
  }

  spawnFrom(parent: ActorCell, actor: unknown, options: unknown): ActorRef<never> {
    const request = readSpawn(actor, options, this.slot.slotCount - 1)
    const { spec, args, slot = this.#index } = request
    this.#checkTravels(request, slot)
    const id = this.#allocateId()
    const children = (parent.children ??= new Map<number, Child>())
    if (slot === this.#index) {
      this.#spawnHere(id, parent.id, request, children)
    } else {
      const child = { slot, spec, args, restarts: NEVER }
      children.set(id, child)
      this.#mail(slot, spawnMail(id, parent.id, child))
    }
    return new ActorRef(this, id, slot, spec.capacity)
  }

  /** Spawns for the system itself. Resolves when the actor runs; rejects with what its start threw. */
  async spawnRoot(request: SpawnRequest, slot: number): Promise<ActorRef<never>> {
    if (this.#stopped) throw systemStopped()
    this.#checkTravels(request, slot)
    const { spec, args } = request
    const id = this.#allocateId()
    const correlation = this.#allocateCorrelation()
    const started = this.#asks.add(correlation, slot, Number.POSITIVE_INFINITY, 'an actor')
    if (slot === this.#index) {
      const cell = this.#addCell(id, SYSTEM, this.#index, request)
      this.roots.set(id, cell)
      cell.startListener = this.#answerStart(this.#index, correlation)
      cell.start(0)
    } else {
      const child = { slot, spec, args, restarts: NEVER }
      this.roots.set(id, child)
      this.#mail(slot, { ...spawnMail(id, SYSTEM, child), correlation })
    }
    try {
      await started
    } catch (error) {
      // Were the slot lost, the actor would come back with the new thread.
      this.roots.delete(id)
      throw error
    }
    return new ActorRef(this, id, slot, spec.capacity)
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
    const cell = new ActorCell(this, id, parent, parentSlot, plan)
    this.#cells.set(id, cell)
    return cell
  }

  #answerStart(to: number, correlation: number): StartListener {
    return {
      started: () => {
        this.#answerRaw(to, correlation, undefined)
      },
      failed: (error) => {
        this.refuse(to, correlation, error)
      },
    }
  }

  #checkTravels({ spec, args }: ActorPlan, slot: number): void {
    if (slot === this.#index) return
    checkSendable(args, () => `arguments of actor '${spec.name ?? spec.key.name}'`)
    if (this.#sharesThread || isExported(spec.key)) return
    throw new MillraceError(
      'MODULE_MISSING',
      `Expected actor '${spec.key.name}' to name its module (static readonly module = import.meta.url), because it is ` +
        `to live in slot ${slot}, on another thread; got none`,
    )
  }

  #allocateId(): number {
    return this.#nextCounter++ * SLOTS_PER_ID + this.#index
  }

  #allocateCorrelation(): number {
    return this.#nextCorrelation++
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  outletFor(actor: ActorRef<never>): Outlet {
    const known = this.#outlets.get(actor.id)
    if (known !== undefined) return known
    const outlet = new Outlet(this, actor.id, actor.slot, actor.mailboxCapacity)
    if (this.#down.has(actor.slot)) outlet.pause()
    this.#outlets.set(actor.id, outlet)
    return outlet
  }

  ask(actor: ActorRef<never>, message: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#stopped) return Promise.reject(systemStopped())
    const outlet = this.outletFor(actor)
    try {
      this.check(outlet, message)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    const correlation = this.#allocateCorrelation()
    const answer = this.#asks.add(correlation, actor.slot, timeoutMs, actor)
    outlet.send(message, correlation)
    return answer
  }

  async stop(actor: ActorRef<never>): Promise<void> {
    for (;;) {
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
      this.#close(outlet, 'stopped')
      this.undeliverable(outlet, message, correlation, 'stopped')
    } else if (slot === this.#index) {
      this.#take(target, correlation, message, slot)
    } else {
      this.#post(slot, target, message, correlation)
    }
  }

  check(outlet: Outlet, message: unknown): void {
    if (outlet.slot === this.#index) return
    checkSendable(message, () => `message to the actor with id ${outlet.target}`)
  }

  undeliverable(
    outlet: Outlet,
    message: unknown,
    correlation: number,
    reason: DeadLetterReason,
  ): void {
    if (correlation === STOP) return
    if (correlation > 0) this.#asks.reject(correlation, stoppedError(`actor ${outlet.target}`))
    this.#bury(outlet.target, outlet.slot, undefined, message, reason, undefined)
  }

  isAwaited(correlation: number): boolean {
    return this.#asks.has(correlation)
  }

  waiting(change: number): void {
    this.#waiting += change
  }

  idle(outlet: Outlet): void {
    outlet.closed = true
    this.#outlets.delete(outlet.target)
  }

  #close(outlet: Outlet, reason: DeadLetterReason): void {
    this.#outlets.delete(outlet.target)
    outlet.close(reason)
  }

  #post(slot: number, target: number, value: unknown, correlation: number): void {
    const peer = this.#peers[slot] ?? this.#findPeer(slot)
    if (peer === undefined || this.#stopped) return
    peer.post(target, value, correlation)
    this.#sent[slot] = (this.#sent[slot] ?? 0) + 1
    this.slot.markDirty(this)
  }

  #findPeer(slot: number): Peer | undefined {
    if (this.#down.has(slot)) return undefined
    return (this.#peers[slot] = this.slot.findPeer(slot))
  }

  #mail(slot: number, mail: ActorMail): void {
    this.#post(slot, SYSTEM, mail, MAIL)
  }

  flush(): void {
    this.#lettersThisTurn = 0
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────

  messages(frame: MessageFrame, values: unknown[], from: number): void {
    const { targets, correlations, length } = frame
    this.#received[from] = (this.#received[from] ?? 0) + length
    let lastTarget = SYSTEM
    let cell: ActorCell | undefined
    for (let i = 0; i < length; i++) {
      const target = targets[i] ?? SYSTEM
      const correlation = correlations[i] ?? 0
      if (correlation !== 0) {
        this.#take(target, correlation, values[i], from)
        lastTarget = SYSTEM
        continue
      }
      // Messages to one actor mostly come in runs.
      if (target !== lastTarget) {
        lastTarget = target
        cell = this.#cells.get(target)
      }
      if (cell === undefined) this.#take(target, 0, values[i], from)
      else cell.offer(from, values[i])
    }
  }

  control(mail: unknown, from: number): void {
    const [actor, count] = mail as CreditMail
    const outlet = this.#outlets.get(actor)
    if (outlet?.slot === from) outlet.grant(count)
  }

  credit(): void {
    // Credits of actors come as control mail.
  }

  unsendable(
    target: number,
    correlation: number,
    value: unknown,
    error: unknown,
    to: number,
  ): void {
    this.#sent[to] = (this.#sent[to] ?? 0) - 1
    if (target === SYSTEM) {
      if (correlation > 0) this.refuse(to, correlation, error)
      return
    }
    if (correlation > 0) this.#asks.reject(correlation, error)
    this.#bury(target, to, undefined, value, 'unsendable', error)
    this.#outlets.get(target)?.grant(1)
  }

  /** Takes one mail of any kind. */
  #take(target: number, correlation: number, value: unknown, from: number): void {
    if (target === SYSTEM) {
      if (correlation === MAIL) this.#handle(value as ActorMail, from)
      else this.#asks.resolve(correlation, value)
      return
    }
    const cell = this.#cells.get(target)
    if (cell === undefined) {
      this.#takeForUnknown(target, correlation, value, from)
    } else if (correlation === STOP) {
      cell.requestStop()
    } else if (correlation === 0) {
      cell.offer(from, value)
    } else {
      cell.offer(from, new Envelope('ask', value, correlation, from))
    }
  }

  /** The actor has stopped, or the mail has overtaken the one that spawns it. */
  #takeForUnknown(target: number, correlation: number, value: unknown, from: number): void {
    if (!this.#stopped && this.#held.isExpected(target)) {
      this.#held.hold(target, () => {
        this.#take(target, correlation, value, from)
      })
      return
    }
    if (correlation !== STOP) {
      if (correlation > 0) this.refuse(from, correlation, stoppedError(`actor ${target}`))
      this.#bury(target, this.#index, undefined, value, 'stopped', undefined)
    }
    this.#sayGone(target, from)
  }

  #sayGone(actor: number, to: number): void {
    if (to !== this.#index) {
      this.#mail(to, { kind: 'gone', actor })
      return
    }
    const outlet = this.#outlets.get(actor)
    if (outlet !== undefined) this.#close(outlet, 'stopped')
  }

  #handle(mail: ActorMail, from: number): void {
    switch (mail.kind) {
      case 'spawn':
        this.#spawnFor(mail, from)
        return
      case 'failure':
        this.#asks.reject(mail.correlation, fromWireError(mail.error))
        return
      case 'watch':
        this.#watchFor(mail.actor, from)
        return
      case 'unwatch':
        this.#cells.get(mail.actor)?.watchers?.delete(from)
        return
      case 'terminated':
        this.#heardOfEnd(mail.actor, mail.parent, mail.reason, errorOf(mail.error), from)
        return
      case 'gone': {
        const outlet = this.#outlets.get(mail.actor)
        if (outlet !== undefined) this.#close(outlet, 'stopped')
        return
      }
      case 'escalated':
        this.#heardOfEscalation(mail.parent, mail.actor, fromWireError(mail.error), from)
        return
      case 'resume':
        this.#cells.get(mail.actor)?.resume()
        return
      case 'kill':
        this.#cells.get(mail.actor)?.kill()
        return
      case 'recovered':
        this.#held.expectFrom(from, mail.nextId)
        return
      case 'dead-letter': {
        const { actor, name, message, reason, error } = mail
        this.#bury(actor, from, name, message, reason, errorOf(error))
      }
    }
  }

  #spawnFor(mail: Extract<ActorMail, { kind: 'spawn' }>, from: number): void {
    const { actor, parent, correlation, delayMs, again } = mail
    const cell = this.#addCell(actor, parent, from, mail)
    if (correlation > 0) cell.startListener = this.#answerStart(from, correlation)
    cell.start(delayMs)
    if (again) this.#held.release(actor)
    else this.#held.spawned(actor)
  }

  // ── what cells ask for ────────────────────────────────────────────────────────────────────────

  giveBack(actor: number, to: number, count: number): void {
    if (to === this.#index) {
      this.#outlets.get(actor)?.grant(count)
      return
    }
    const peer = this.#peers[to] ?? this.#findPeer(to)
    if (peer === undefined) return
    peer.postControl([actor, count] satisfies CreditMail)
    this.slot.markDirty(this)
  }

  answer(to: number, correlation: number, value: unknown, cell: ActorCell): void {
    if (to !== this.#index) {
      try {
        checkSendable(value, () => `answer of ${cell.label}`)
      } catch (error) {
        this.refuse(to, correlation, error)
        return
      }
    }
    this.#answerRaw(to, correlation, value)
  }

  #answerRaw(to: number, correlation: number, value: unknown): void {
    if (to === this.#index) this.#asks.resolve(correlation, value)
    else this.#post(to, SYSTEM, value, correlation)
  }

  refuse(to: number, correlation: number, error: unknown): void {
    if (to === this.#index) this.#asks.reject(correlation, error)
    else this.#mail(to, { kind: 'failure', correlation, error: toWireError(error) })
  }

  deadLetter(cell: ActorCell, message: unknown, reason: DeadLetterReason, error?: unknown): void {
    this.#bury(cell.id, this.#index, cell.name, message, reason, error)
  }

  stopChild(id: number, child: Child): void {
    if (child.slot === this.#index) this.#cells.get(id)?.requestStop()
    else this.#post(child.slot, id, undefined, STOP)
  }

  /** Stops an actor that the system itself has spawned, its waiting mail unhandled. */
  killRoot(id: number): void {
    const child = this.roots.get(id)
    if (child === undefined) return
    if (child.slot === this.#index) this.#cells.get(id)?.kill()
    else this.#mail(child.slot, { kind: 'kill', actor: id })
  }

  resumeChild(id: number, child: Child): void {
    if (child.slot === this.#index) this.#cells.get(id)?.resume()
    else this.#mail(child.slot, { kind: 'resume', actor: id })
  }

  escalate(cell: ActorCell, error: unknown): void {
    const { id: actor, parent, parentSlot } = cell
    if (parentSlot === this.#index) {
      this.#heardOfEscalation(parent, actor, error, this.#index)
    } else {
      this.#mail(parentSlot, { kind: 'escalated', actor, parent, error: toWireError(error) })
    }
  }

  #heardOfEscalation(parent: number, actor: number, error: unknown, from: number): void {
    if (parent === SYSTEM) {
      this.rootListener?.escalated(actor, error)
      return
    }
    const cell = this.#cells.get(parent)
    if (cell !== undefined) cell.childEscalated(actor, error)
    else if (from === this.#index) this.#cells.get(actor)?.kill()
    else this.#mail(from, { kind: 'kill', actor })
  }

  terminated(
    cell: ActorCell,
    reason: TerminationReason,
    error: unknown,
    owing: readonly number[],
  ): void {
    const { id: actor, parent, parentSlot } = cell
    this.#cells.delete(actor)
    for (const slot of owing) this.#sayGone(actor, slot)
    const hearers = new Set(cell.watchers).add(parentSlot)
    for (const slot of hearers) {
      const theirs = slot === parentSlot ? parent : NO_PARENT
      if (slot === this.#index) {
        this.#heardOfEnd(actor, theirs, reason, error, slot)
        continue
      }
      const wire = error === undefined ? undefined : toWireError(error)
      this.#mail(slot, { kind: 'terminated', actor, parent: theirs, reason, error: wire })
    }
  }

  #heardOfEnd(
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
      this.#cells.get(parent)?.childTerminated(actor)
    }
    this.#fire(actor, from, reason, error)
  }

  // ── watching ──────────────────────────────────────────────────────────────────────────────────

  watch(actor: ActorRef<never>, listener: (terminated: Terminated, from: number) => void): Cancel {
    const { id, slot } = actor
    return this.#watches.add(
      id,
      slot,
      listener,
      () => {
        this.#beginWatch(id, slot)
      },
      () => {
        if (slot === this.#index) this.#cells.get(id)?.watchers?.delete(slot)
        else this.#mail(slot, { kind: 'unwatch', actor: id })
      },
    )
  }

  #beginWatch(id: number, slot: number): void {
    if (this.#stopped || this.#down.has(slot)) {
      const reason = this.#stopped ? 'stopped' : 'slot-lost'
      queueMicrotask(() => {
        this.#fire(id, slot, reason, undefined)
      })
    } else if (slot === this.#index) {
      this.#watchFor(id, slot)
    } else {
      this.#mail(slot, { kind: 'watch', actor: id })
    }
  }

  #watchFor(actor: number, by: number): void {
    const cell = this.#cells.get(actor)
    if (cell !== undefined) {
      const watchers = (cell.watchers ??= new Set<number>())
      watchers.add(by)
    } else if (this.#held.isExpected(actor)) {
      this.#held.hold(actor, () => {
        this.#watchFor(actor, by)
      })
    } else if (by === this.#index) {
      queueMicrotask(() => {
        this.#fire(actor, by, 'stopped', undefined)
      })
    } else {
      const end = { reason: 'stopped', error: undefined } as const
      this.#mail(by, { kind: 'terminated', actor, parent: NO_PARENT, ...end })
    }
  }

  #fire(actor: number, slot: number, reason: TerminationReason, error: unknown): void {
    const ref = new ActorRef(this, actor, slot, 1)
    const event: Terminated =
      error === undefined ? { actor: ref, reason } : { actor: ref, reason, error: asError(error) }
    this.#watches.fire(actor, event, slot)
  }

  // ── dead letters ──────────────────────────────────────────────────────────────────────────────

  #bury(
    actor: number,
    slot: number,
    name: string | undefined,
    message: unknown,
    reason: DeadLetterReason,
    error: unknown,
  ): void {
    this.deadLetters.count++
    if (this.deadLetters.observed) {
      const ref = new ActorRef(this, actor, slot, 1)
      const cause = error === undefined ? undefined : asError(error)
      this.deadLetters.tell({ message, actor: ref, actorName: name, reason, error: cause })
    } else if (this.reportsDeadLetters && this.#lettersThisTurn < LETTERS_PER_TURN) {
      this.#lettersThisTurn++
      this.deadLetters.count--
      const wire = error === undefined ? undefined : toWireError(error)
      const preview = sendableOr(message)
      this.#mail(0, { kind: 'dead-letter', actor, name, message: preview, reason, error: wire })
    } else {
      this.deadLetters.unobserved++
    }
  }

  // ── lost threads ──────────────────────────────────────────────────────────────────────────────

  /** Slot `lost` has no thread any more: nobody there answers, gives credits or waits. */
  slotLost(lost: number, error: unknown, incarnation: number): void {
    this.#down.add(lost)
    this.#peers[lost] = undefined
    this.#sent[lost] = 0
    this.#received[lost] = 0
    for (const outlet of this.#outlets.values()) {
      if (outlet.slot === lost) outlet.pause()
    }
    this.#asks.rejectSlot(lost, error)
    for (const cell of [...this.#cells.values()]) {
      cell.disown(lost)
      cell.watchers?.delete(lost)
      // Its parent is gone with all it knew.
      if (cell.parentSlot === lost) cell.kill()
    }
    for (const actor of this.#watches.watchedIn(lost)) this.#fire(actor, lost, 'slot-lost', error)
    this.#held.expectFrom(lost, incarnation * IDS_PER_INCARNATION)
  }

  /** Slot `lost` has a new thread: supervision decides about the children there, and mail goes on. */
  slotBack(lost: number, error: unknown): void {
    this.#down.delete(lost)
    this.#superviseLost(this.roots, SYSTEM, lost, error)
    for (const cell of [...this.#cells.values()]) {
      if (cell.children !== undefined) this.#superviseLost(cell.children, cell.id, lost, error)
    }
    this.#mail(lost, { kind: 'recovered', nextId: this.#nextCounter })
    for (const outlet of [...this.#outlets.values()]) {
      if (outlet.slot === lost) outlet.resume()
    }
  }

  #superviseLost(children: Map<number, Child>, parent: number, lost: number, error: unknown): void {
    for (const [id, child] of [...children]) {
      if (child.slot !== lost) continue
      const isEnding = this.#cells.get(parent)?.state === 'ending'
      const decision = decide(
        child.spec.supervision,
        child.restarts,
        'SLOT_LOST',
        this.slot.clock.monotonicMs(),
        this.slot.random(),
      )
      if (isEnding || decision.action === 'stop') {
        this.#heardOfEnd(id, parent, 'slot-lost', error, lost)
      } else if (decision.action === 'escalate') {
        // There is nothing left that could wait for the parent's decision.
        children.delete(id)
        this.#heardOfEscalation(parent, id, error, lost)
      } else {
        // The state is gone: resuming means to start again.
        const isRestart = decision.action === 'restart'
        if (isRestart) child.restarts = decision.restarts
        const delayMs = isRestart ? decision.delayMs : 0
        this.#mail(lost, { ...spawnMail(id, parent, child), delayMs, again: true })
      }
    }
  }
}

function spawnMail(
  actor: number,
  parent: number,
  { spec, args }: ActorPlan,
): Extract<ActorMail, { kind: 'spawn' }> {
  return { kind: 'spawn', actor, parent, spec, args, correlation: 0, delayMs: 0, again: false }
}

function systemStopped(): MillraceError {
  return new MillraceError('SYSTEM_STOPPED', 'The actor system has stopped')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new MillraceError('ERROR', String(thrown))
}

function errorOf(wire: WireError | undefined): Error | undefined {
  return wire === undefined ? undefined : fromWireError(wire)
}

function sendableOr(message: unknown): unknown {
  try {
    checkSendable(message, () => '')
    return message
  } catch {
    return String(message)
  }
}
