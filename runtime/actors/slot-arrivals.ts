/**
 * What arrives at the actor system of one slot: messages, asks, answers and the mail of other slots, each taken to
 * whom it is for.
 *
 * Used by the slot's thread only. Order: as the sending slot handed it in; only credits overtake.
 */
import type { MessageFrame } from '../../mailbox/frame.ts'
import type { ActorCell } from './actor-cell.ts'
import { Envelope } from './actor-inbox.ts'
import { MAIL, STOP, SYSTEM } from './actor-mail.ts'
import type { ActorMail, CreditMail } from './actor-mail.ts'
import { stoppedError } from './actor-receiver.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { HeldMail } from './held-mail.ts'
import type { PendingAsks } from './pending-asks.ts'
import type { ActorMailHandler } from '../router.ts'
import type { SlotFamily } from './slot-family.ts'
import type { SlotLinks } from './slot-links.ts'
import type { SlotOutlets } from './slot-outlets.ts'
import type { SlotSnapshots } from './snapshot/slot-snapshots.ts'
import type { SlotWatches } from './slot-watches.ts'
import { fromWireError } from '../wire-error.ts'
import type { WireError } from '../wire-error.ts'

/** Where what arrives goes. */
export interface ArrivalParts {
  readonly index: number
  readonly links: SlotLinks
  readonly outlets: SlotOutlets
  readonly asks: PendingAsks
  readonly watches: SlotWatches
  readonly held: HeldMail
  readonly family: SlotFamily
  readonly deadLetters: DeadLetters
  readonly snapshots: SlotSnapshots
  /** Answers an ask with an error. */
  refuse(to: number, correlation: number, error: unknown): void
}

/** Takes what arrives at one slot. */
export class SlotArrivals implements ActorMailHandler {
  /** Set at the end: mail for unknown actors is no longer held. */
  closed = false
  readonly #index: number
  readonly #links: SlotLinks
  readonly #outlets: SlotOutlets
  readonly #asks: PendingAsks
  readonly #watches: SlotWatches
  readonly #held: HeldMail
  readonly #family: SlotFamily
  readonly #cells: ReadonlyMap<number, ActorCell>
  readonly #deadLetters: DeadLetters
  readonly #snapshots: SlotSnapshots
  readonly #refuse: ArrivalParts['refuse']

  constructor(parts: ArrivalParts) {
    this.#index = parts.index
    this.#links = parts.links
    this.#outlets = parts.outlets
    this.#asks = parts.asks
    this.#watches = parts.watches
    this.#held = parts.held
    this.#family = parts.family
    this.#cells = parts.family.cells
    this.#deadLetters = parts.deadLetters
    this.#snapshots = parts.snapshots
    this.#refuse = (to, correlation, error) => {
      parts.refuse(to, correlation, error)
    }
  }

  messages(frame: MessageFrame, values: unknown[], from: number): void {
    const { targets, correlations, length } = frame
    this.#links.noteReceived(from, length)
    if (this.#snapshots.isRecording) {
      for (let i = 0; i < length; i++) {
        const target = targets[i] ?? SYSTEM
        const correlation = correlations[i] ?? 0
        this.#snapshots.record(from, target, correlation, values[i])
        this.take(target, correlation, values[i], from)
      }
      return
    }
    let lastTarget = SYSTEM
    let cell: ActorCell | undefined
    for (let i = 0; i < length; i++) {
      const target = targets[i] ?? SYSTEM
      const correlation = correlations[i] ?? 0
      if (correlation !== 0) {
        this.take(target, correlation, values[i], from)
        lastTarget = SYSTEM
        continue
      }
      // Messages to one actor mostly come in runs.
      if (target !== lastTarget) {
        lastTarget = target
        cell = this.#cells.get(target)
      }
      if (cell === undefined) this.take(target, 0, values[i], from)
      else cell.offer(from, values[i])
    }
  }

  control(mail: unknown, from: number): void {
    const [actor, count] = mail as CreditMail
    this.#outlets.grant(actor, from, count)
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
    this.#links.noteUnsent(to)
    if (target === SYSTEM) {
      if (correlation > 0) this.#refuse(to, correlation, error)
      return
    }
    if (correlation > 0) this.#asks.reject(correlation, error)
    this.#deadLetters.bury({
      actor: target,
      slot: to,
      capacity: this.#outlets.capacityOf(target),
      name: undefined,
      message: value,
      reason: 'unsendable',
      error,
    })
    this.#outlets.grant(target, to, 1)
  }

  /** Takes one mail of any kind. */
  take(target: number, correlation: number, value: unknown, from: number): void {
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
    if (!this.closed && this.#held.isExpected(target)) {
      const deliver = (): void => {
        this.take(target, correlation, value, from)
      }
      this.#held.hold(target, deliver, { correlation, value })
      return
    }
    if (correlation !== STOP) {
      if (correlation > 0) this.#refuse(from, correlation, stoppedError(`actor ${target}`))
      this.#deadLetters.bury({
        actor: target,
        slot: this.#index,
        capacity: 1,
        name: undefined,
        message: value,
        reason: 'stopped',
        error: undefined,
      })
    }
    this.sayGone(target, from)
  }

  /** Tells a slot that there is no such actor: what it sent became dead letters. */
  sayGone(actor: number, to: number): void {
    if (to !== this.#index) {
      this.#links.mail(to, { kind: 'gone', actor })
      return
    }
    this.#outlets.close(actor, 'stopped')
  }

  #handle(mail: ActorMail, from: number): void {
    switch (mail.kind) {
      case 'spawn':
        this.#family.spawnFor(mail, from)
        if (mail.again) this.#held.release(mail.actor)
        else this.#held.spawned(mail.actor)
        return
      case 'failure':
        this.#asks.reject(mail.correlation, fromWireError(mail.error))
        return
      case 'watch':
        this.#watches.watchFor(mail.actor, from)
        return
      case 'unwatch':
        this.#cells.get(mail.actor)?.watchers?.delete(from)
        return
      case 'terminated':
        this.#family.heardOfEnd(mail.actor, mail.parent, mail.reason, errorOf(mail.error), from)
        return
      case 'report-dead-letters':
        this.#deadLetters.isReporting = mail.on
        return
      case 'gone':
        this.#outlets.close(mail.actor, 'stopped')
        return
      case 'escalated':
        this.#family.heardOfEscalation(mail.parent, mail.actor, fromWireError(mail.error), from)
        return
      case 'resume':
        this.#cells.get(mail.actor)?.resume()
        return
      case 'kill':
        this.#cells.get(mail.actor)?.kill()
        return
      case 'marker':
        this.#snapshots.marker(mail.snapshot, from)
        return
      case 'recovered':
        this.#held.expectFrom(from, mail.nextId)
        return
      case 'dead-letter': {
        const { actor, slot, capacity, name, message, reason } = mail
        const error = errorOf(mail.error)
        this.#deadLetters.bury({ actor, slot, capacity, name, message, reason, error })
      }
    }
  }
}

function errorOf(wire: WireError | undefined): Error | undefined {
  return wire === undefined ? undefined : fromWireError(wire)
}
