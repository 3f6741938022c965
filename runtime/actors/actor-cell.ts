/**
 * One actor in its slot: its mail, its turns and its life. What user code can do with it stands in `actor-scope.ts`.
 *
 * Used by the slot's thread only.
 *
 *     loading ─► starting ─► running ◄─► receiving
 *                   ▲           │ failure, or asked to stop and out of mail
 *                   │           ▼
 *               suspended ◄── ending ──► stopped          running ─► escalated ─► running | ending
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { TerminationReason } from './actor.ts'
import { findDefinition, importDefinition } from './actor-definition.ts'
import type { ActorDefinition, Behavior } from './actor-definition.ts'
import { NEVER } from './actor-host.ts'
import type { ActorPlan, CellHost, Child, StartListener } from './actor-host.ts'
import { Envelope } from './actor-inbox.ts'
import type { Inbox } from './actor-inbox.ts'
import { OWN_MAIL } from './actor-mailbox.ts'
import type { ActorRef } from './actor-ref.ts'
import { ActorScope } from './actor-scope.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import type { Progress } from '../load-meter.ts'
import type { SlotActor } from '../slot.ts'
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

interface Ending {
  readonly restartAfterMs: number | undefined
  readonly reason: TerminationReason
  readonly error: unknown
}

/** Messages that an actor handles in one turn at the most. */
const MESSAGES_PER_TURN = 256
/** Messages taken from one sender before the next has its turn. */
const MESSAGES_PER_INBOX = 64

/** One actor. */
export class ActorCell extends ActorScope implements SlotActor, Child {
  scheduled = false
  readonly parent: number
  readonly parentSlot: number
  restarts: readonly number[] = NEVER
  /** Children by id; undefined: none. */
  children: Map<number, Child> | undefined
  /** Slots that want to hear of the end. */
  watchers: Set<number> | undefined
  startListener: StartListener | undefined
  #state: CellState = 'suspended'
  /** Whether mail is accepted; false: asked to stop. */
  #accepting = true
  #behavior: Behavior | undefined
  /** Counts the steps of its life: what was begun in an earlier one must not touch a later one. */
  #step = 0
  #current: unknown
  #ending: Ending | undefined
  /** Children that wait for the decision about this actor. */
  #waitingChildren: number[] | undefined

  constructor(host: CellHost, id: number, parent: number, parentSlot: number, plan: ActorPlan) {
    super(host, id, plan)
    this.parent = parent
    this.parentSlot = parentSlot
  }

  get state(): CellState {
    return this.#state
  }

  get label(): string {
    return `actor '${this.name}' (id ${this.id}, slot ${this.slot})`
  }

  // ── mail ──────────────────────────────────────────────────────────────────────────────────────

  /** Takes a message from slot `from`; the sender spent a credit. */
  offer(from: number, message: unknown): void {
    if (!this.#accepting) {
      this.refuse(this.host, from, this.spec.capacity)
      this.#bury(message, 'stopped')
      return
    }
    this.store(this.host, from, message)
    if (this.#state === 'running') this.host.slot.ready(this)
  }

  override deliver(envelope: Envelope, from: number = OWN_MAIL): void {
    if (!this.#accepting) return
    envelope.queued = true
    this.store(this.host, from, envelope)
    if (this.#state === 'running') this.host.slot.ready(this)
  }

  turn(): Progress {
    let left = MESSAGES_PER_TURN
    while (this.#state === 'running') {
      const inbox = this.nextInbox()
      if (inbox === undefined) break
      if (left <= 0) return 'more'
      left -= this.#handleSome(inbox, Math.min(left, MESSAGES_PER_INBOX))
    }
    this.tidy(this.host)
    if (this.#state === 'running' && !this.#accepting) this.#end(STOPPED)
    return 'idle'
  }

  turnFailed(error: unknown): void {
    const item = this.#current
    this.#current = undefined
    this.host.completed++
    this.#fail(error, item)
  }

  /** Handles up to `limit` messages of one inbox; fewer when one of them answers later. Returns how many. */
  #handleSome(inbox: Inbox, limit: number): number {
    const behavior = this.#behavior as Behavior
    const count = Math.min(limit, inbox.size)
    for (let i = 0; i < count; i++) {
      const item = this.takeFrom(inbox, this.host, this.spec.capacity)
      this.#current = item
      if (item instanceof Envelope) {
        this.#openEnvelope(item, behavior)
      } else {
        const result = behavior.receive(item, this)
        if (isThenable(result)) this.#await(result, item)
        else this.host.completed++
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
      this.host.completed++
      return
    }
    const result = behavior.receive(envelope.value, this)
    if (isThenable(result)) {
      this.#await(result, envelope)
      return
    }
    this.host.completed++
    if (envelope.correlation > 0) {
      this.host.answer(envelope.from, envelope.correlation, result, this)
    }
  }

  #await(promise: PromiseLike<unknown>, item: unknown): void {
    this.#state = 'receiving'
    const step = ++this.#step
    this.host.slot.whenSettled(
      promise,
      (value) => {
        this.host.completed++
        if (step !== this.#step) return
        if (item instanceof Envelope && item.correlation > 0) {
          this.host.answer(item.from, item.correlation, value, this)
        }
        this.#run()
      },
      (error) => {
        this.host.completed++
        if (step === this.#step) this.#fail(error, item)
      },
    )
  }

  /** Takes mail from now on. */
  #run(): void {
    this.#state = 'running'
    if (this.hasMail || !this.#accepting) this.host.slot.ready(this)
  }

  /** A message that will not be handled. */
  #bury(item: unknown, reason: DeadLetterReason, error?: unknown): void {
    if (!(item instanceof Envelope)) {
      this.host.deadLetter(this, item, reason, error)
      return
    }
    if (item.kind === 'call') return
    if (item.correlation > 0) {
      const answer = reason === 'failed' ? error : stoppedError(this.label)
      this.host.refuse(item.from, item.correlation, answer)
    }
    this.host.deadLetter(this, item.value, reason, error)
  }

  // ── life ──────────────────────────────────────────────────────────────────────────────────────

  /** Begins, or begins again, after `delayMs`. */
  start(delayMs: number): void {
    if (delayMs > 0) {
      this.#state = 'suspended'
      const step = ++this.#step
      this.keep(
        this.host.slot.clock.schedule(delayMs, () => {
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

  override requestStop(): void {
    this.#accepting = false
    switch (this.#state) {
      case 'running':
        this.host.slot.ready(this)
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
    this.cancelAll()
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
    const { children } = this
    if (children === undefined || !children.delete(id)) return
    if (this.#state === 'ending' && children.size === 0) this.#leave()
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
    const { clock, random } = this.host.slot
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
        this.host.escalate(this, error)
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
    this.cancelAll()
    if (this.children === undefined || this.children.size === 0) {
      this.#leave()
      return
    }
    for (const [id, child] of this.children) this.host.stopChild(id, child)
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
    this.host.accepted++
    this.host.slot.whenSettled(
      promise,
      (value) => {
        this.host.completed++
        if (step === this.#step) onValue(value)
      },
      (error) => {
        this.host.completed++
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
    this.host.terminated(this, reason, error, this.senders)
  }

  #buryAll(reason: DeadLetterReason): void {
    this.drain(this.host, this.spec.capacity, (item) => {
      this.#bury(item, reason)
    })
  }

  protected override spawnChild(actor: unknown, options: unknown): ActorRef<never> {
    if (this.#state === 'ending' || this.#state === 'stopped') throw stoppedError(this.label)
    return this.host.spawnFrom(this, actor, options)
  }

  #resumeChildren(): void {
    const ids = this.#waitingChildren ?? []
    this.#waitingChildren = undefined
    for (const id of ids) {
      const child = this.children?.get(id)
      if (child !== undefined) this.host.resumeChild(id, child)
    }
  }

  #warn(error: unknown): void {
    process.emitWarning(`The 'stopped' of ${this.label} failed: ${String(error)}`)
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
