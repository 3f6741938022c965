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

/** The context of an actor. */
export abstract class ActorScope extends ActorMailbox implements ActorContext, ActorPlan {
  readonly spec: ActorSpec
  readonly args: readonly unknown[]
  protected readonly host: CellHost
  #self: ActorRef<unknown> | undefined
  #cancels: Set<Cancel> | undefined

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

  watch(actor: ActorRef<never>, notify: unknown): Cancel {
    const cancel = this.host.watch(actor, (terminated, from) => {
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
    return this.keep(cancel)
  }

  after(delayMs: number, message: unknown): Cancel {
    checkDelay('after', delayMs, delayMs >= 0)
    const cancel = this.host.slot.clock.schedule(delayMs, () => {
      this.#cancels?.delete(cancel)
      this.deliver(new Envelope('timer', message, 0, OWN_MAIL))
    })
    return this.keep(cancel)
  }

  every(intervalMs: number, message: unknown): Cancel {
    checkDelay('every', intervalMs, intervalMs > 0)
    const { clock } = this.host.slot
    const envelope = new Envelope('timer', message, 0, OWN_MAIL)
    envelope.queued = false
    let cancelBeat: Cancel
    const beat = (): void => {
      cancelBeat = clock.schedule(intervalMs, beat)
      if (!envelope.queued) this.deliver(envelope)
    }
    cancelBeat = clock.schedule(intervalMs, beat)
    return this.keep(() => {
      cancelBeat()
    })
  }

  stop(): void {
    this.requestStop()
  }

  /** Asks the actor to handle the mail it has and then stop. */
  abstract requestStop(): void

  /** Puts something that no slot sent into the mailbox, or, to keep order, behind the mail of slot `from`. */
  abstract deliver(envelope: Envelope, from?: number): void

  protected abstract spawnChild(actor: unknown, options: unknown): ActorRef<never>

  /** Notes what is to be cancelled when the actor stops or restarts. */
  protected keep(cancel: Cancel): Cancel {
    this.#cancels ??= new Set()
    this.#cancels.add(cancel)
    return () => {
      this.#cancels?.delete(cancel)
      cancel()
    }
  }

  protected cancelAll(): void {
    const cancels = this.#cancels
    this.#cancels = undefined
    for (const cancel of cancels ?? []) cancel()
  }
}

function checkDelay(method: string, ms: number, inRange: boolean): void {
  if (inRange && Number.isFinite(ms)) return
  throw new MillraceError(
    'INVALID_DELAY',
    `context.${method}: expected a finite number of milliseconds ${method === 'every' ? 'above' : 'from'} 0, got ${ms}`,
  )
}
