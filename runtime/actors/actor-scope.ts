/**
 * What user code may do inside an actor: the context that it gets. The base of the actor's cell, so that no object more is
 * needed per actor.
 *
 * Used by the slot's thread only. What is begun here (timers, watches) ends when the actor stops or restarts.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ActorContext, Terminated } from './actor.ts'
import type { ActorPlan, CellHost } from './actor-host.ts'
import { Envelope } from './actor-inbox.ts'
import { ActorMailbox, OWN_MAIL } from './actor-mailbox.ts'
import type { ActorSpec } from './actor-mail.ts'
import { ActorRef } from './actor-ref.ts'
import type { Cancel } from '../clock.ts'

/** What an actor has begun and what ends with it. */
export type Begun =
  | {
      readonly kind: 'timer'
      readonly message: unknown
      /** On the monotonic clock. */
      dueMs: number
      /** 0: it fires once. */
      readonly intervalMs: number
      /** What a repeating timer delivers. */
      readonly envelope?: Envelope
      cancel: Cancel
    }
  /** `notify`: a message, or a function. */
  | {
      readonly kind: 'watch'
      readonly target: number
      readonly notify: unknown
      cancel: Cancel
    }
  /** The wait before a restart. */
  | { readonly kind: 'restart'; readonly dueMs: number; cancel: Cancel }

/** The context of an actor. */
export abstract class ActorScope extends ActorMailbox implements ActorContext, ActorPlan {
  readonly spec: ActorSpec
  readonly args: readonly unknown[]
  protected readonly host: CellHost
  #self: ActorRef<unknown> | undefined
  #begun: Set<Begun> | undefined

  constructor(host: CellHost, id: number, { spec, args }: ActorPlan) {
    super(id)
    this.host = host
    this.spec = spec
    this.args = args
  }

  get slot(): number {
    return this.host.slot.index
  }

  get name(): string {
    return this.spec.name ?? this.spec.key.name
  }

  get self(): ActorRef<unknown> {
    return (this.#self ??= new ActorRef<unknown>(this.host, this.id, this.slot, this.spec.capacity))
  }

  now(): number {
    return this.host.slot.clock.now()
  }

  random(): number {
    return this.host.slot.random()
  }

  spawn(actor: unknown, options?: unknown): never {
    return this.spawnChild(actor, options) as never
  }

  get resumed(): boolean {
    return this.host.restoredState(this.id) !== undefined
  }

  watch(actor: ActorRef<never>, notify: unknown): Cancel {
    const begun: Begun = { kind: 'watch', target: actor.id, notify, cancel: () => {} }
    begun.cancel = this.host.watch(actor, (terminated, from) => {
      this.#begun?.delete(begun)
      if (typeof notify === 'function') {
        const call = (): void => {
          ;(notify as (event: Terminated) => void)(terminated)
        }
        this.deliver(new Envelope('call', call, 0, OWN_MAIL), from)
      } else {
        this.deliver(new Envelope('timer', notify, 0, OWN_MAIL), from)
      }
    })
    return this.keep(begun)
  }

  after(delayMs: number, message: unknown): Cancel {
    checkDelay('after', delayMs, delayMs >= 0)
    const { clock } = this.host.slot
    const dueMs = clock.monotonicMs() + delayMs
    const begun: Begun = { kind: 'timer', message, dueMs, intervalMs: 0, cancel: () => {} }
    begun.cancel = clock.schedule(delayMs, () => {
      this.#begun?.delete(begun)
      this.deliver(new Envelope('timer', message, 0, OWN_MAIL))
    })
    return this.keep(begun)
  }

  every(intervalMs: number, message: unknown): Cancel {
    checkDelay('every', intervalMs, intervalMs > 0)
    const beat = new Envelope('timer', message, 0, OWN_MAIL)
    beat.queued = false
    return this.beatEvery(intervalMs, beat, intervalMs)
  }

  /** Delivers the envelope again and again, unless it still waits; the first time after `firstMs`. */
  beatEvery(intervalMs: number, envelope: Envelope, firstMs: number): Cancel {
    const { clock } = this.host.slot
    const dueMs = clock.monotonicMs() + firstMs
    const { value: message } = envelope
    const begun: Begun = { kind: 'timer', message, dueMs, intervalMs, envelope, cancel: () => {} }
    const beat = (): void => {
      begun.dueMs = clock.monotonicMs() + intervalMs
      begun.cancel = clock.schedule(intervalMs, beat)
      if (!envelope.queued) this.deliver(envelope)
    }
    begun.cancel = clock.schedule(firstMs, beat)
    return this.keep(begun)
  }

  /** The timers that run and the watches that wait. */
  get begunWork(): readonly Begun[] {
    return [...(this.#begun ?? [])]
  }

  stop(): void {
    this.requestStop()
  }

  /** Asks the actor to handle the mail it has and then stop. */
  abstract requestStop(): void

  /** Puts something that no slot sent into the mailbox, or, to keep order, behind the mail of slot `from`. */
  abstract deliver(envelope: Envelope, from?: number): void

  protected abstract spawnChild(actor: unknown, options: unknown): ActorRef<never>

  /** Whether it has stopped for good. */
  protected abstract get isGone(): boolean

  /** Notes what is to be cancelled when the actor stops or restarts. */
  protected keep(begun: Begun): Cancel {
    if (this.isGone) {
      // Code of the actor that goes on behind its end: nobody would ever cancel this.
      begun.cancel()
      return begun.cancel
    }
    this.#begun ??= new Set()
    this.#begun.add(begun)
    return () => {
      this.#begun?.delete(begun)
      begun.cancel()
    }
  }

  protected cancelAll(): void {
    const all = this.#begun
    this.#begun = undefined
    for (const begun of all ?? []) begun.cancel()
  }
}

function checkDelay(method: string, ms: number, inRange: boolean): void {
  if (inRange && Number.isFinite(ms)) return
  throw new MillraceError(
    'INVALID_DELAY',
    `context.${method}: expected a finite number of milliseconds ${method === 'every' ? 'above' : 'from'} 0, got ${ms}`,
  )
}
