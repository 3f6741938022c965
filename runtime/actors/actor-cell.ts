/**
 * One actor in its slot: its life. Its mail and turns stand in `actor-receiver.ts`, what user code can do with it in `actor-scope.ts`.
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
import type { ActorDefinition } from './actor-definition.ts'
import { NEVER } from './actor-host.ts'
import type { ActorPlan, CellHost, Child, RestoredState, StartListener } from './actor-host.ts'
import { Envelope } from './actor-inbox.ts'
import { OWN_MAIL } from './actor-mailbox.ts'
import { ActorReceiver, isThenable, NOTHING, stoppedError } from './actor-receiver.ts'
import type { ActorRef } from './actor-ref.ts'
import { codeOf, decide } from './supervision.ts'
import { textOf } from '../wire-error.ts'

interface Ending {
  readonly restartAfterMs: number | undefined
  readonly reason: TerminationReason
  readonly error: unknown
}

/** One actor. */
export class ActorCell extends ActorReceiver implements Child {
  readonly parent: number
  readonly parentSlot: number
  restarts: readonly number[] = NEVER
  /** Children by id; undefined: none. */
  children: Map<number, Child> | undefined
  /** Slots that want to hear of the end. */
  watchers: Set<number> | undefined
  startListener: StartListener | undefined
  /** How it ends; of an actor that has escalated: that it cannot go on. */
  #ending: Ending | undefined
  /** Children that wait for the decision about this actor. */
  #waitingChildren: number[] | undefined

  constructor(host: CellHost, id: number, parent: number, parentSlot: number, plan: ActorPlan) {
    super(host, id, plan)
    this.parent = parent
    this.parentSlot = parentSlot
  }

  /** Begins, or begins again, after `delayMs`. */
  start(delayMs: number): void {
    if (delayMs > 0) {
      this.lifeState = 'suspended'
      const step = ++this.step
      const { clock } = this.host.slot
      const dueMs = clock.monotonicMs() + delayMs
      const cancel = clock.schedule(delayMs, () => {
        if (step === this.step) this.start(0)
      })
      this.keep({ kind: 'restart', dueMs, cancel })
      return
    }
    const { key } = this.spec
    const known = findDefinition(key)
    if (known !== undefined) {
      this.#create(known)
      return
    }
    this.lifeState = 'loading'
    this.step++
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
    this.accepting = false
    switch (this.lifeState) {
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
    this.accepting = false
    this.buryAll('stopped')
    this.requestStop()
  }

  /** The system ends: nothing of this actor may happen any more. */
  dispose(): void {
    this.step++
    this.lifeState = 'stopped'
    this.accepting = false
    this.cancelAll()
    this.buryAll('stopped')
  }

  /** Goes on after an escalation, and lets the children go on that had caused it. */
  resume(): void {
    if (this.lifeState !== 'escalated') return
    this.#resumeChildren()
    if (this.#ending === undefined) this.run()
    else this.#giveUp(this.#ending.error)
  }

  /** A child is gone. */
  childTerminated(id: number): void {
    const { children } = this
    if (children === undefined || !children.delete(id)) return
    if (this.lifeState === 'ending' && children.size === 0) this.#leave()
  }

  /** A child failed and waits: this actor fails with the same error. */
  childEscalated(id: number, error: unknown): void {
    const instance = this.behavior
    const call = (): void => {
      // Another failure of this actor has stopped the child meanwhile: a new instance has nothing to do with it.
      if (this.behavior !== instance && this.children?.has(id) !== true) return
      this.#waitingChildren = [...(this.#waitingChildren ?? []), id]
      throw error
    }
    this.deliver(new Envelope('call', call, 0, OWN_MAIL))
  }

  #create(definition: ActorDefinition): void {
    this.lifeState = 'starting'
    this.step++
    let starting: unknown
    try {
      const restored = this.host.restoredState(this.id)
      this.behavior = definition.create(this.args, this)
      starting = restored === undefined ? this.behavior.started?.(this) : this.#takeBack(restored)
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

  #takeBack({ hasState, state }: RestoredState): unknown {
    if (!hasState) return undefined
    if (typeof this.behavior?.restore === 'function') return this.behavior.restore(state, this)
    throw new MillraceError(
      'RESTORE_FAILED',
      `Expected ${this.label} to have restore(), because the snapshot holds a state of it; got none`,
    )
  }

  #started(): void {
    const listener = this.startListener
    this.startListener = undefined
    this.run()
    listener?.started()
  }

  #startFailed(error: unknown): void {
    const listener = this.startListener
    if (listener === undefined) {
      this.fail(error, NOTHING)
      return
    }
    // Whoever spawned it hears of the error at once; there is no supervision of what never ran.
    this.startListener = undefined
    this.accepting = false
    this.#end({ restartAfterMs: undefined, reason: 'failed', error })
    listener.failed(error)
  }

  protected override fail(error: unknown, item: unknown): void {
    if (item !== NOTHING) this.bury(item, 'failed', error)
    const { clock, random } = this.host.slot
    const nowMs = clock.monotonicMs()
    const decision = decide(this.spec.supervision, this.restarts, codeOf(error), nowMs, random())
    switch (decision.action) {
      case 'resume':
        this.#resumeChildren()
        if (this.#isStarting) this.#giveUp(error)
        else this.run()
        return
      case 'restart':
        this.restarts = decision.restarts
        this.#end({ restartAfterMs: decision.delayMs, reason: 'failed', error })
        return
      case 'stop':
        this.#giveUp(error)
        return
      case 'escalate':
        if (!this.accepting) {
          // The parent may be waiting for this end already: it has nothing to decide.
          this.#giveUp(error)
          return
        }
        this.#ending = this.#isStarting
          ? { restartAfterMs: undefined, reason: 'failed', error }
          : undefined
        this.lifeState = 'escalated'
        this.step++
        this.host.escalate(this, error)
    }
  }

  /** What fails now has nothing to go on with. */
  get #isStarting(): boolean {
    return this.lifeState === 'starting' || this.lifeState === 'loading'
  }

  protected override outOfMail(): void {
    this.#end(STOPPED)
  }

  #giveUp(error: unknown): void {
    this.accepting = false
    this.buryAll('stopped')
    this.#end({ restartAfterMs: undefined, reason: 'failed', error })
  }

  #end(ending: Ending): void {
    this.lifeState = 'ending'
    this.step++
    // A failure of an actor that was asked to stop: no restart, it is on its way out.
    this.#ending = this.accepting ? ending : { ...ending, restartAfterMs: undefined }
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
    const behavior = this.behavior
    this.behavior = undefined
    this.step++
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
    const step = this.step
    this.host.accepted++
    this.host.slot.whenSettled(
      promise,
      (value) => {
        this.host.completed++
        if (step === this.step) onValue(value)
      },
      (error) => {
        this.host.completed++
        if (step === this.step) onError(error)
      },
    )
  }

  #left(): void {
    const { restartAfterMs, reason, error } = this.#ending ?? STOPPED
    this.#ending = undefined
    // What was begun while it ended would come to the next instance, or keep the thread alive for ever.
    this.cancelAll()
    if (restartAfterMs !== undefined) {
      this.start(restartAfterMs)
      return
    }
    this.lifeState = 'stopped'
    this.step++
    this.buryAll('stopped')
    this.host.terminated(this, reason, error, this.senders)
  }

  protected override spawnChild(actor: unknown, options: unknown): ActorRef<never> {
    if (this.lifeState === 'ending' || this.lifeState === 'stopped') throw stoppedError(this.label)
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
    process.emitWarning(`The 'stopped' of ${this.label} failed: ${textOf(error)}`)
  }
}

const STOPPED: Ending = { restartAfterMs: undefined, reason: 'stopped', error: undefined }
