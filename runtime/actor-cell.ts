/**
 * One actor in its slot: its life, its turns, and what it can do (the cell is the context that user code gets).
 *
 * Used by the slot's thread only.
 *
 *     loading ─► starting ─► running ◄─► receiving
 *                   ▲           │ failure, or asked to stop and out of mail
 *                   │           ▼
 *               suspended ◄── ending ──► stopped          running ─► escalated ─► running | ending
 */
import { MillraceError } from '../mailbox/errors.ts'
import type { ActorContext, TerminationReason, Terminated } from './actor.ts'
import { findDefinition, importDefinition } from './actor-definition.ts'
import type { ActorDefinition, Behavior } from './actor-definition.ts'
import { Envelope } from './actor-inbox.ts'
import type { Inbox } from './actor-inbox.ts'
import { ActorMailbox, OWN_MAIL } from './actor-mailbox.ts'
import type { MailboxHost } from './actor-mailbox.ts'
import type { ActorSpec } from './actor-mail.ts'
import type { ActorRef } from './actor-ref.ts'
import type { Cancel } from './clock.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import type { Progress } from './load-meter.ts'
import type { Slot, SlotActor } from './slot.ts'
import { codeOf, decide } from './supervision.ts'

/**
 * - `loading`: its module is on the way; mail waits.
 * - `starting`: its `started` has not settled; mail waits.
 * - `running`: it takes mail in its turns.
 * - `receiving`: a promise of its `receive` has not settled; mail waits.
 * - `suspended`: it failed and waits for its restart; mail waits.
 * - `escalated`: it failed and waits for its parent's decision; mail waits.
 * - `ending`: its children stop first, then its `stopped` runs; then it restarts or is gone.
 * - `stopped`: it is gone.
 */
export type CellState =
  | 'loading'
  | 'starting'
  | 'running'
  | 'receiving'
  | 'suspended'
  | 'escalated'
  | 'ending'
  | 'stopped'

/** A child of an actor, or of the system, wherever it lives; in the same slot it is its cell. */
export interface Child {
  readonly slot: number
  readonly spec: ActorSpec
  readonly args: readonly unknown[]
  /** When it was brought back after its slot was lost: as `Decision.restarts`. */
  restarts: readonly number[]
}

/** What a cell needs from the actor system of its slot. */
export interface CellHost extends MailboxHost {
  readonly slot: Slot
  /** Answers an ask. */
  answer(to: number, correlation: number, value: unknown, cell: ActorCell): void
  /** Answers an ask with an error. */
  refuse(to: number, correlation: number, error: unknown): void
  deadLetter(cell: ActorCell, message: unknown, reason: DeadLetterReason, error?: unknown): void
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
  refTo(cell: ActorCell): ActorRef<unknown>
  spawnFrom(parent: ActorCell, actor: unknown, options: unknown): ActorRef<never>
  watch(actor: ActorRef<never>, listener: (terminated: Terminated, from: number) => void): Cancel
}

/** Hears once how the first start went. */
export interface StartListener {
  started(): void
  failed(error: unknown): void
}

interface Ending {
  readonly restartAfterMs: number | undefined
  readonly reason: TerminationReason
  readonly error: unknown
}

/** No restarts so far. */
export const NEVER: readonly number[] = []

/** Messages that an actor handles in one turn at the most. */
const MESSAGES_PER_TURN = 256
/** Messages taken from one sender before the next has its turn. */
const MESSAGES_PER_INBOX = 64

/** One actor. */
export class ActorCell extends ActorMailbox implements SlotActor, ActorContext, Child {
  scheduled = false
  readonly parent: number
  readonly parentSlot: number
  readonly spec: ActorSpec
  readonly args: readonly unknown[]
  restarts: readonly number[] = NEVER
  /** Children by id; undefined: none. */
  children: Map<number, Child> | undefined
  /** Slots that want to hear of the end. */
  watchers: Set<number> | undefined
  startListener: StartListener | undefined
  readonly #host: CellHost
  #state: CellState = 'suspended'
  /** Whether mail is accepted; false: asked to stop. */
  #accepting = true
  #behavior: Behavior | undefined
  /** Counts the steps of its life: what was begun in an earlier one must not touch a later one. */
  #step = 0
  #self: ActorRef<unknown> | undefined
  #current: unknown
  #ending: Ending | undefined
  #cancels: Set<Cancel> | undefined
  /** Children that wait for the decision about this actor. */
  #waitingChildren: number[] | undefined

  constructor(
    host: CellHost,
    id: number,
    parent: number,
    parentSlot: number,
    { spec, args }: Pick<Child, 'spec' | 'args'>,
  ) {
    super(id)
    this.#host = host
    this.parent = parent
    this.parentSlot = parentSlot
    this.spec = spec
    this.args = args
  }

  get state(): CellState {
    return this.#state
  }

  get slot(): number {
    return this.#host.slot.index
  }

  get name(): string {
    return this.spec.name ?? this.spec.key.name
  }

  get label(): string {
    return `actor '${this.name}' (id ${this.id}, slot ${this.slot})`
  }

  get self(): ActorRef<unknown> {
    return (this.#self ??= this.#host.refTo(this))
  }

  // ── mail ──────────────────────────────────────────────────────────────────────────────────────

  /** Takes a message from slot `from`; the sender spent a credit. */
  offer(from: number, message: unknown): void {
    if (!this.#accepting) {
      this.refuse(this.#host, from, this.spec.capacity)
      this.#bury(message, 'stopped')
      return
    }
    this.store(this.#host, from, message)
    if (this.#state === 'running') this.#host.slot.ready(this)
  }

  /** Puts something that no slot sent into the mailbox, or, to keep order, behind the mail of slot `from`. */
  deliver(envelope: Envelope, from: number = OWN_MAIL): void {
    if (!this.#accepting) return
    envelope.queued = true
    this.store(this.#host, from, envelope)
    if (this.#state === 'running') this.#host.slot.ready(this)
  }

  turn(): Progress {
    let left = MESSAGES_PER_TURN
    while (this.#state === 'running') {
      const inbox = this.nextInbox()
      if (inbox === undefined) break
      if (left <= 0) return 'more'
      left -= this.#handleSome(inbox, Math.min(left, MESSAGES_PER_INBOX))
    }
    this.tidy(this.#host)
    if (this.#state === 'running' && !this.#accepting) this.#end(STOPPED)
    return 'idle'
  }

  turnFailed(error: unknown): void {
    const item = this.#current
    this.#current = undefined
    this.#host.completed++
    this.#fail(error, item)
  }

  /** Handles up to `limit` messages of one inbox; fewer when one of them answers later. Returns how many. */
  #handleSome(inbox: Inbox, limit: number): number {
    const behavior = this.#behavior as Behavior
    const count = Math.min(limit, inbox.size)
    for (let i = 0; i < count; i++) {
      const item = this.takeFrom(inbox, this.#host, this.spec.capacity)
      this.#current = item
      if (item instanceof Envelope) {
        this.#openEnvelope(item, behavior)
      } else {
        const result = behavior.receive(item, this)
        if (isThenable(result)) this.#await(result, item)
        else this.#host.completed++
      }
      if (this.#state !== 'running') return i + 1
    }
    this.#current = undefined
    return count
  }

  #openEnvelope(envelope: Envelope, behavior: Behavior): void {
    envelope.queued = false
    if (envelope.kind === 'call') {
      ;(envelope.value as () => void)()
      this.#host.completed++
      return
    }
    const result = behavior.receive(envelope.value, this)
    if (isThenable(result)) {
      this.#await(result, envelope)
      return
    }
    this.#host.completed++
    if (envelope.correlation > 0) {
      this.#host.answer(envelope.from, envelope.correlation, result, this)
    }
  }

  #await(promise: PromiseLike<unknown>, item: unknown): void {
    this.#state = 'receiving'
    const step = ++this.#step
    this.#host.slot.whenSettled(
      promise,
      (value) => {
        this.#host.completed++
        if (step !== this.#step) return
        if (item instanceof Envelope && item.correlation > 0) {
          this.#host.answer(item.from, item.correlation, value, this)
        }
        this.#run()
      },
      (error) => {
        this.#host.completed++
        if (step === this.#step) this.#fail(error, item)
      },
    )
  }

  /** Takes mail from now on. */
  #run(): void {
    this.#state = 'running'
    if (this.hasMail || !this.#accepting) this.#host.slot.ready(this)
  }

  /** A message that will not be handled. */
  #bury(item: unknown, reason: DeadLetterReason, error?: unknown): void {
    if (!(item instanceof Envelope)) {
      this.#host.deadLetter(this, item, reason, error)
      return
    }
    if (item.kind === 'call') return
    if (item.correlation > 0) {
      const answer = reason === 'failed' ? error : stoppedError(this.label)
      this.#host.refuse(item.from, item.correlation, answer)
    }
    this.#host.deadLetter(this, item.value, reason, error)
  }

  // ── life ──────────────────────────────────────────────────────────────────────────────────────

  /** Begins, or begins again, after `delayMs`. */
  start(delayMs: number): void {
    if (delayMs > 0) {
      this.#state = 'suspended'
      const step = ++this.#step
      this.#keep(
        this.#host.slot.clock.schedule(delayMs, () => {
          if (step === this.#step) this.start(0)
        }),
      )
      return
    }
    const { key } = this.spec
    const known = findDefinition(key)
    if (known !== undefined) {
      this.#create(known)
      return
    }
    this.#state = 'loading'
    this.#step++
    this.#whenSettled(
      importDefinition(key),
      (definition) => {
        this.#create(definition)
      },
      (error) => {
        this.#startFailed(error)
      },
    )
  }

  /** Asks the actor to handle the mail it has and then stop. */
  requestStop(): void {
    this.#accepting = false
    switch (this.#state) {
      case 'running':
        this.#host.slot.ready(this)
        return
      case 'suspended':
      case 'escalated':
        this.#end(STOPPED)
        return
      case 'ending':
        if (this.#ending?.restartAfterMs !== undefined) this.#ending = STOPPED
        return
      case 'loading':
      case 'starting':
      case 'receiving':
      case 'stopped':
    }
  }

  /** Asks the actor to stop after the message it is at. */
  kill(): void {
    this.#accepting = false
    this.#buryAll('stopped')
    this.requestStop()
  }

  /** The system ends: nothing of this actor may happen any more. */
  dispose(): void {
    this.#step++
    this.#state = 'stopped'
    this.#accepting = false
    this.#cancelTimers()
    this.#buryAll('stopped')
  }

  /** Goes on after an escalation, and lets the children go on that had caused it. */
  resume(): void {
    if (this.#state !== 'escalated') return
    this.#resumeChildren()
    this.#run()
  }

  /** A child is gone. */
  childTerminated(id: number): void {
    this.children?.delete(id)
    if (this.#state === 'ending' && this.children?.size === 0) this.#leave()
  }

  /** A child failed and waits: this actor fails with the same error. */
  childEscalated(id: number, error: unknown): void {
    const call = (): void => {
      this.#waitingChildren = [...(this.#waitingChildren ?? []), id]
      throw error
    }
    this.deliver(new Envelope('call', call, 0, OWN_MAIL))
  }

  #create(definition: ActorDefinition): void {
    this.#state = 'starting'
    this.#step++
    let starting: unknown
    try {
      this.#behavior = definition.create(this.args, this)
      starting = this.#behavior.started?.(this)
    } catch (error) {
      this.#startFailed(error)
      return
    }
    if (!isThenable(starting)) {
      this.#started()
      return
    }
    this.#whenSettled(
      starting,
      () => {
        this.#started()
      },
      (error) => {
        this.#startFailed(error)
      },
    )
  }

  #started(): void {
    const listener = this.startListener
    this.startListener = undefined
    this.#run()
    listener?.started()
  }

  #startFailed(error: unknown): void {
    const listener = this.startListener
    if (listener === undefined) {
      this.#fail(error, NOTHING)
      return
    }
    // Whoever spawned it hears of the error at once; there is no supervision of what never ran.
    this.startListener = undefined
    this.#accepting = false
    this.#end({ restartAfterMs: undefined, reason: 'failed', error })
    listener.failed(error)
  }

  #fail(error: unknown, item: unknown): void {
    if (item !== NOTHING) this.#bury(item, 'failed', error)
    const { clock, random } = this.#host.slot
    const nowMs = clock.monotonicMs()
    const decision = decide(this.spec.supervision, this.restarts, codeOf(error), nowMs, random())
    switch (decision.action) {
      case 'resume':
        this.#resumeChildren()
        // What failed while it started has nothing to go on with.
        if (this.#state === 'starting' || this.#state === 'loading') this.#giveUp(error)
        else this.#run()
        return
      case 'restart':
        this.restarts = decision.restarts
        this.#end({ restartAfterMs: decision.delayMs, reason: 'failed', error })
        return
      case 'stop':
        this.#giveUp(error)
        return
      case 'escalate':
        if (!this.#accepting) {
          // The parent may be waiting for this end already: it has nothing to decide.
          this.#giveUp(error)
          return
        }
        this.#state = 'escalated'
        this.#step++
        this.#host.escalate(this, error)
    }
  }

  #giveUp(error: unknown): void {
    this.#accepting = false
    this.#buryAll('stopped')
    this.#end({ restartAfterMs: undefined, reason: 'failed', error })
  }

  #end(ending: Ending): void {
    this.#state = 'ending'
    this.#step++
    // A failure of an actor that was asked to stop: no restart, it is on its way out.
    this.#ending = this.#accepting ? ending : { ...ending, restartAfterMs: undefined }
    this.#waitingChildren = undefined
    this.#cancelTimers()
    if (this.children === undefined || this.children.size === 0) {
      this.#leave()
      return
    }
    for (const [id, child] of [...this.children]) this.#host.stopChild(id, child)
  }

  /** All children are gone: says goodbye to the instance. */
  #leave(): void {
    const behavior = this.#behavior
    this.#behavior = undefined
    this.#step++
    let leaving: unknown
    try {
      leaving = behavior?.stopped?.(this)
    } catch (error) {
      this.#warn(error)
    }
    if (!isThenable(leaving)) {
      this.#left()
      return
    }
    const left = (): void => {
      this.#left()
    }
    this.#whenSettled(leaving, left, (error) => {
      this.#warn(error)
      left()
    })
  }

  /** Goes on when the promise has settled, unless its life has taken another step meanwhile. Counts as work. */
  #whenSettled<T>(
    promise: PromiseLike<T>,
    onValue: (value: T) => void,
    onError: (error: unknown) => void,
  ): void {
    const step = this.#step
    this.#host.accepted++
    this.#host.slot.whenSettled(
      promise,
      (value) => {
        this.#host.completed++
        if (step === this.#step) onValue(value)
      },
      (error) => {
        this.#host.completed++
        if (step === this.#step) onError(error)
      },
    )
  }

  #left(): void {
    const { restartAfterMs, reason, error } = this.#ending ?? STOPPED
    this.#ending = undefined
    if (restartAfterMs !== undefined) {
      this.start(restartAfterMs)
      return
    }
    this.#state = 'stopped'
    this.#step++
    this.#buryAll('stopped')
    this.#host.terminated(this, reason, error, this.senders)
  }

  #buryAll(reason: DeadLetterReason): void {
    this.drain(this.#host, this.spec.capacity, (item) => {
      this.#bury(item, reason)
    })
  }

  #resumeChildren(): void {
    const ids = this.#waitingChildren ?? []
    this.#waitingChildren = undefined
    for (const id of ids) {
      const child = this.children?.get(id)
      if (child !== undefined) this.#host.resumeChild(id, child)
    }
  }

  #warn(error: unknown): void {
    process.emitWarning(`The 'stopped' of ${this.label} failed: ${String(error)}`)
  }

  // ── what user code may do ─────────────────────────────────────────────────────────────────────

  now(): number {
    return this.#host.slot.clock.now()
  }

  random(): number {
    return this.#host.slot.random()
  }

  spawn(actor: unknown, options?: unknown): never {
    if (this.#state === 'ending' || this.#state === 'stopped') throw stoppedError(this.label)
    return this.#host.spawnFrom(this, actor, options) as never
  }

  watch(actor: ActorRef<never>, notify: unknown): Cancel {
    const cancel = this.#host.watch(actor, (terminated, from) => {
      this.#cancels?.delete(cancel)
      if (typeof notify === 'function') {
        const call = (): void => {
          ;(notify as (event: Terminated) => void)(terminated)
        }
        this.deliver(new Envelope('call', call, 0, OWN_MAIL), from)
      } else {
        this.deliver(new Envelope('timer', notify, 0, OWN_MAIL), from)
      }
    })
    return this.#keep(cancel)
  }

  after(delayMs: number, message: unknown): Cancel {
    checkDelay('after', delayMs, delayMs >= 0)
    const cancel = this.#host.slot.clock.schedule(delayMs, () => {
      this.#cancels?.delete(cancel)
      this.deliver(new Envelope('timer', message, 0, OWN_MAIL))
    })
    return this.#keep(cancel)
  }

  every(intervalMs: number, message: unknown): Cancel {
    checkDelay('every', intervalMs, intervalMs > 0)
    const { clock } = this.#host.slot
    const envelope = new Envelope('timer', message, 0, OWN_MAIL)
    envelope.queued = false
    let cancelBeat: Cancel
    const beat = (): void => {
      cancelBeat = clock.schedule(intervalMs, beat)
      if (!envelope.queued) this.deliver(envelope)
    }
    cancelBeat = clock.schedule(intervalMs, beat)
    return this.#keep(() => {
      cancelBeat()
    })
  }

  stop(): void {
    this.requestStop()
  }

  /** Notes what is to be cancelled when the actor stops or restarts. */
  #keep(cancel: Cancel): Cancel {
    this.#cancels ??= new Set()
    this.#cancels.add(cancel)
    return () => {
      this.#cancels?.delete(cancel)
      cancel()
    }
  }

  #cancelTimers(): void {
    const cancels = this.#cancels
    this.#cancels = undefined
    for (const cancel of cancels ?? []) cancel()
  }
}

const STOPPED: Ending = { restartAfterMs: undefined, reason: 'stopped', error: undefined }
/** In place of a message, which may be anything, undefined included. */
const NOTHING = Symbol('nothing')

/** The error of asks that an actor will not answer, because it has stopped. */
export function stoppedError(what: string): MillraceError {
  return new MillraceError(
    'ACTOR_STOPPED',
    `Expected ${what} to be running, got one that has stopped`,
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

function checkDelay(method: string, ms: number, inRange: boolean): void {
  if (inRange && Number.isFinite(ms)) return
  throw new MillraceError(
    'INVALID_DELAY',
    `context.${method}: expected a finite number of milliseconds ${method === 'every' ? 'above' : 'from'} 0, got ${ms}`,
  )
}
