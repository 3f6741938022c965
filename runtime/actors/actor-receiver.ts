/**
 * The part of an actor's cell that has to do with mail: taking it in, handling it in turns, answering, and what becomes
 * of messages that nobody handles. Its life, from start to end, stands in `actor-cell.ts`.
 *
 * Used by the slot's thread only. A layer of the cell and not an object of its own: see `actor-mailbox.ts`.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Behavior } from './actor-definition.ts'
import { Envelope } from './actor-inbox.ts'
import type { Inbox } from './actor-inbox.ts'
import { OWN_MAIL, RESTORED_MAIL } from './actor-mailbox.ts'
import { ActorScope } from './actor-scope.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import type { Progress } from '../load-meter.ts'
import type { SlotActor } from '../slot.ts'

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

/** Messages that an actor handles in one turn at the most. */
const MESSAGES_PER_TURN = 256
/** Messages taken from one sender before the next has its turn. */
const MESSAGES_PER_INBOX = 64

/** What takes and handles the mail of one actor. */
export abstract class ActorReceiver extends ActorScope implements SlotActor {
  scheduled = false
  protected lifeState: CellState = 'suspended'
  /** Whether mail is accepted; false: asked to stop. */
  protected accepting = true
  protected behavior: Behavior | undefined
  /** Counts the steps of its life: what was begun in an earlier one must not touch a later one. */
  protected step = 0
  #current: unknown

  get state(): CellState {
    return this.lifeState
  }

  protected override get isGone(): boolean {
    return this.lifeState === 'stopped'
  }

  get label(): string {
    return `actor '${this.name}' (id ${this.id}, slot ${this.slot})`
  }

  /** Takes a message from slot `from`; the sender spent a credit. */
  offer(from: number, message: unknown): void {
    if (!this.accepting) {
      this.refuse(this.host, from, this.spec.capacity)
      this.bury(message, 'stopped')
      return
    }
    this.store(this.host, from, message)
    if (this.lifeState === 'running') this.host.slot.ready(this)
  }

  override deliver(envelope: Envelope, from: number = OWN_MAIL): void {
    if (!this.accepting) return
    envelope.queued = true
    this.store(this.host, from, envelope)
    if (this.lifeState === 'running') this.host.slot.ready(this)
  }

  turn(): Progress {
    let left = MESSAGES_PER_TURN
    while (this.lifeState === 'running') {
      const { hold } = this.host
      if (hold !== 'none' && (hold === 'all' || !this.isPressed)) return 'idle'
      const inbox = this.nextInbox()
      if (inbox === undefined) break
      if (left <= 0) return 'more'
      left -= this.#handleSome(inbox, Math.min(left, MESSAGES_PER_INBOX))
    }
    this.tidy(this.host)
    if (this.lifeState === 'running' && !this.accepting) this.outOfMail()
    return 'idle'
  }

  /** The slot holds its actors no longer. */
  released(): void {
    if (this.lifeState === 'running') this.run()
  }

  /** What keeps it from being part of a snapshot now: something under way that cannot be stored. Undefined: nothing. */
  get unsettled(): string | undefined {
    switch (this.lifeState) {
      case 'receiving':
        return 'whose receive has not settled'
      case 'starting':
        return 'whose start has not settled'
      case 'escalated':
        return 'which waits for the decision of its parent'
      case 'ending':
        return 'which is about to stop or restart'
      case 'loading':
      case 'suspended':
      case 'stopped':
        return undefined
      case 'running': {
        const hasCall = this.waitingMail.some(
          (item) => item instanceof Envelope && item.kind === 'call',
        )
        return hasCall ? 'which is about to hear of a failure' : undefined
      }
    }
  }

  /** Whether it handles mail although the slot holds its actors, until that is done. */
  get isPressed(): boolean {
    return this.lifeState === 'running' && (!this.accepting || this.isAwaited(this.spec.capacity))
  }

  /** Whether it was asked to stop. */
  get isAskedToStop(): boolean {
    return !this.accepting
  }

  /** What `snapshot()` of its instance returns. Undefined: it has none. Throws what that throws. */
  takeState(): { readonly state: unknown } | undefined {
    const { behavior } = this
    if (typeof behavior?.snapshot !== 'function' || typeof behavior.restore !== 'function') {
      return undefined
    }
    return { state: behavior.snapshot() }
  }

  /** Takes over what waited when the snapshot was taken; `STOP_MAIL` asks it to stop. Before any other mail comes. */
  restoreMail(items: readonly unknown[]): void {
    for (const item of items) {
      if (item === STOP_MAIL) this.accepting = false
      else if (this.accepting) this.store(this.host, RESTORED_MAIL, item)
      else this.bury(item, 'stopped')
    }
  }

  turnFailed(error: unknown): void {
    const item = this.#current
    this.#current = undefined
    this.host.completed++
    this.fail(error, item)
  }

  /** Handles up to `limit` messages of one inbox; fewer when one of them answers later. Returns how many. */
  #handleSome(inbox: Inbox, limit: number): number {
    const behavior = this.behavior as Behavior
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
      if (this.lifeState !== 'running') return i + 1
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
    this.lifeState = 'receiving'
    const step = ++this.step
    this.host.slot.whenSettled(
      promise,
      (value) => {
        this.host.completed++
        if (step !== this.step) return
        if (item instanceof Envelope && item.correlation > 0) {
          this.host.answer(item.from, item.correlation, value, this)
        }
        this.run()
      },
      (error) => {
        this.host.completed++
        if (step === this.step) this.fail(error, item)
      },
    )
  }

  /** Takes mail from now on. */
  protected run(): void {
    this.lifeState = 'running'
    if (this.hasMail || !this.accepting) this.host.slot.ready(this)
  }

  /** A message that will not be handled. */
  protected bury(item: unknown, reason: DeadLetterReason, error?: unknown): void {
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

  /** All that waits will not be handled. */
  protected buryAll(reason: DeadLetterReason): void {
    this.drain(this.host, this.spec.capacity, (item) => {
      this.bury(item, reason)
    })
  }

  /** Handling `item` has failed (`NOTHING`: a step of its life has): supervision decides. */
  protected abstract fail(error: unknown, item: unknown): void

  /** It was asked to stop and has handled what it had accepted. */
  protected abstract outOfMail(): void
}

/** Among restored mail: a request to stop after the mail before it. */
export const STOP_MAIL = Symbol('stop')

/** In place of a message, which may be anything, undefined included. */
export const NOTHING = Symbol('nothing')

/** The error of asks that an actor will not answer, because it has stopped. */
export function stoppedError(what: string): MillraceError {
  return new MillraceError(
    'ACTOR_STOPPED',
    `Expected ${what} to be running, got one that has stopped`,
  )
}

/** Whether it is a promise, or may pass for one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as { then?: unknown }).then === 'function'
}
