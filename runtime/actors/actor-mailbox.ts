/**
 * The mailbox of one actor: an inbox per sending slot, taken from in turns so that none starves the others.
 *
 * Used by the actor's thread only. A base class and not a field of the actor's cell, because one object less per actor
 * counts where there are a hundred thousand.
 */
import { Envelope, Inbox } from './actor-inbox.ts'
import type { QueuePool } from './actor-inbox.ts'

/** The inbox of mail that no slot has sent: timers and calls. It owes no credits. */
export const OWN_MAIL = -1
/** The inbox of mail that waited when the snapshot was taken that the system resumes. Emptied before all others; owes no credits. */
export const RESTORED_MAIL = -2

/** What a mailbox needs from the actor system of its slot. */
export interface MailboxHost {
  readonly queues: QueuePool
  /** Mail that came, and mail that was dealt with: equal when the slot has nothing left to do. */
  accepted: number
  completed: number
  /** Gives credits for an actor back to a slot. */
  giveBack(actor: number, to: number, count: number): void
}

/** The mailbox of an actor. */
export class ActorMailbox {
  readonly id: number
  #inboxes: Inbox[] | undefined
  #turn = 0

  constructor(id: number) {
    this.id = id
  }

  /** Whether anything waits. */
  get hasMail(): boolean {
    const inboxes = this.#inboxes
    if (inboxes === undefined) return false
    for (const inbox of inboxes) {
      if (inbox.size > 0) return true
    }
    return false
  }

  /** All that waits, in an order that keeps that of each sender: a copy. */
  get waitingMail(): readonly unknown[] {
    return (this.#inboxes ?? []).flatMap((inbox) => inbox.items)
  }

  /** Whether somebody cannot go on before this actor has handled mail: an asker, or a sender without credit. */
  protected isAwaited(capacity: number): boolean {
    return this.#inboxes?.some((inbox) => inbox.isAwaited(capacity)) ?? false
  }

  /** Puts an item into the inbox of a slot. */
  protected store(host: MailboxHost, from: number, item: unknown): void {
    host.accepted++
    this.#inboxOf(from).push(item, host.queues)
  }

  /** The next inbox with mail, in turns; undefined when there is none. */
  protected nextInbox(): Inbox | undefined {
    const inboxes = this.#inboxes
    if (inboxes === undefined) return undefined
    const first = inboxes[0]
    if (first?.from === RESTORED_MAIL && first.size > 0) return first
    const count = inboxes.length
    for (let i = 0; i < count; i++) {
      const index = (this.#turn + i) % count
      const inbox = inboxes[index]
      if (inbox === undefined || inbox.size === 0) continue
      this.#turn = index + 1
      return inbox
    }
    return undefined
  }

  /** Takes the oldest item of an inbox, and gives credits back, a quarter of a window at a time. */
  protected takeFrom(inbox: Inbox, host: MailboxHost, capacity: number): unknown {
    const item = inbox.take()
    if (inbox.from < 0 || (item instanceof Envelope && !item.credited)) return item
    this.#owe(inbox, host, capacity)
    return item
  }

  /** Forgets inboxes that hold nothing and owe nothing, and arrays that hold nothing. */
  protected tidy(host: MailboxHost): void {
    const inboxes = this.#inboxes
    if (inboxes === undefined) return
    for (let i = inboxes.length - 1; i >= 0; i--) {
      const inbox = inboxes[i]
      if (inbox === undefined) continue
      inbox.trim(host.queues)
      if (inbox.disposable) inboxes.splice(i, 1)
    }
    if (inboxes.length === 0) this.#inboxes = undefined
  }

  /** A message came that is not taken: only its credit counts. */
  protected refuse(host: MailboxHost, from: number, capacity: number): void {
    this.#owe(this.#inboxOf(from), host, capacity)
  }

  /** Empties the mailbox; `visit` gets every item. */
  protected drain(host: MailboxHost, capacity: number, visit: (item: unknown) => void): void {
    for (let inbox = this.nextInbox(); inbox !== undefined; inbox = this.nextInbox()) {
      while (inbox.size > 0) {
        const item = this.takeFrom(inbox, host, capacity)
        host.completed++
        visit(item)
      }
    }
    this.tidy(host)
  }

  /** The slots that hold credits of this actor. */
  protected get senders(): number[] {
    return (this.#inboxes ?? []).map((inbox) => inbox.from).filter((from) => from >= 0)
  }

  /** The thread of slot `from` has died: what it sent is handled, but nobody waits for answers and credits. */
  disown(from: number): void {
    this.#inboxes?.find((inbox) => inbox.from === from)?.disown()
  }

  #inboxOf(from: number): Inbox {
    const inboxes = (this.#inboxes ??= [])
    for (const inbox of inboxes) {
      if (inbox.from === from) return inbox
    }
    const inbox = new Inbox(from)
    inboxes.push(inbox)
    return inbox
  }

  #owe(inbox: Inbox, host: MailboxHost, capacity: number): void {
    const owed = inbox.owed + 1
    if (owed < 1 || owed < capacity >> 2) {
      inbox.owed = owed
      return
    }
    inbox.owed = 0
    host.giveBack(this.id, inbox.from, owed)
  }
}
