/**
 * The address of an actor: what others hold of it.
 *
 * A reference belongs to the slot that made or received it, and is used on that slot's thread. It may travel inside
 * messages and arguments; it then belongs to the receiving slot. It outlives restarts of the actor.
 */
import { registerCodecExtension } from '../../mailbox/codec-extensions.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { ReplyTo, Terminated } from './actor.ts'
import type { Outlet } from './actor-outlet.ts'
import type { Cancel } from '../clock.ts'
import { runningSlot } from '../slot.ts'
import type { Slot } from '../slot.ts'

/** How long `ask` waits. */
export interface AskOptions {
  /** In milliseconds, above 0; `Infinity` waits for ever. Default: 5,000. */
  readonly timeoutMs?: number
}

/** What a reference needs from the actor system of its slot. */
export interface RefHost {
  /** The sending end from this slot to the actor. */
  outletFor(actor: ActorRef<never>): Outlet
  ask(actor: ActorRef<never>, message: unknown, timeoutMs: number): Promise<unknown>
  stop(actor: ActorRef<never>): Promise<void>
  watch(actor: ActorRef<never>, listener: (terminated: Terminated) => void): Cancel
}

declare const messageType: unique symbol
declare const replyType: unique symbol

const DEFAULT_TIMEOUT_MS = 5_000
const hosts = new WeakMap<Slot, RefHost>()

/** Makes `host` the owner of the references that arrive at `slot`. */
export function setRefHost(slot: Slot, host: RefHost): void {
  hosts.set(slot, host)
}

/** The type of the messages that a reference takes. */
export type MessageOf<Ref> = Ref extends ActorRef<infer Message, unknown> ? Message : never

/** The type of the answer that `ask` gets for a message of type `Sent`. */
export type AnswerOf<Ref, Sent> =
  Ref extends ActorRef<infer Message, infer Reply> ? ReplyTo<Message, Sent, Reply> : never

/** A reference to an actor that takes messages of type `Message` and answers unmarked ones with a `Reply`. */
export class ActorRef<in Message = never, out Reply = unknown> {
  /** Unique within the system: two references with the same id mean the same actor. */
  readonly id: number
  /** The slot that the actor lives in. */
  readonly slot: number
  /** Messages from one slot that may wait in the actor's mailbox. */
  readonly mailboxCapacity: number
  /** Exist in types only, and under names that no completion shows. */
  declare readonly [messageType]: (message: Message) => void
  declare readonly [replyType]: Reply
  readonly #host: RefHost
  #outlet: Outlet | undefined

  /** Made by the system only. */
  constructor(host: RefHost, id: number, slot: number, mailboxCapacity: number) {
    this.#host = host
    this.id = id
    this.slot = slot
    this.mailboxCapacity = mailboxCapacity
  }

  /**
   * Sends a message. Resolves when the actor's mailbox has accepted it, at once while there is room: whoever
   * awaits is held back to the speed of the actor. Also resolves when the actor has stopped; the message is then a dead letter.
   * The message is handed over: do not change it afterwards.
   *
   * Throws (and does not reject) `UNSENDABLE_VALUE` for a message that cannot cross to the actor's slot.
   */
  tell(message: Message): Promise<void> {
    return this.#sendingEnd().tell(message)
  }

  /** Sends a message if the mailbox has room at once; false: it has not been sent. Throws as `tell` does. */
  tryTell(message: Message): boolean {
    return this.#sendingEnd().tryTell(message)
  }

  /**
   * Sends a message and waits for the answer: what the actor's `receive` returned for it.
   *
   * Rejects with the actor's own error when it failed, and with `ASK_TIMEOUT`, `ACTOR_STOPPED`, `SLOT_LOST`,
   * `UNSENDABLE_VALUE` (message or answer), `INVALID_TIMEOUT`, `SYSTEM_STOPPED`.
   */
  ask<Self extends ActorRef<never>, const Sent extends MessageOf<Self>>(
    // Read off the reference, so that a reference to an actor that takes more passes for one that takes less.
    this: Self,
    message: Sent,
    options?: AskOptions,
  ): Promise<AnswerOf<Self, Sent>> {
    const timeoutMs = options?.timeoutMs ?? DEFAULT_TIMEOUT_MS
    if (!(timeoutMs > 0)) {
      const got = String(timeoutMs)
      return Promise.reject(
        new MillraceError('INVALID_TIMEOUT', `ask: expected timeoutMs above 0, got ${got}`),
      )
    }
    return this.#host.ask(this, message, timeoutMs) as Promise<AnswerOf<Self, Sent>>
  }

  /**
   * Asks the actor to stop after the mail it has accepted, including what was told through this slot before. Resolves when
   * it has stopped, with its children; at once when it had.
   */
  stop(): Promise<void> {
    return this.#host.stop(this)
  }

  /** Calls the listener once when the actor has stopped or was lost with its thread. Returns a function that ends the watch. */
  watch(listener: (terminated: Terminated) => void): Cancel {
    if (typeof listener !== 'function') {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `watch: expected a function, got ${typeof listener}`,
      )
    }
    return this.#host.watch(this, listener)
  }

  /** Whether the other reference means the same actor. */
  equals(other: ActorRef<never>): boolean {
    return this.id === other.id
  }

  toString(): string {
    return `ActorRef(id ${this.id}, slot ${this.slot})`
  }

  #sendingEnd(): Outlet {
    const outlet = this.#outlet
    if (outlet !== undefined && !outlet.closed) return outlet
    return (this.#outlet = this.#host.outletFor(this))
  }
}

/** msgpack extension type of references. */
const REF_EXTENSION = 1

registerCodecExtension<ActorRef>({
  type: REF_EXTENSION,
  Class: ActorRef,
  write: (actor) => [actor.id, actor.slot, actor.mailboxCapacity],
  read: readRef,
})

/** For whom references are read that come out of a snapshot, and where their actors live now. */
export interface RestoredAddresses {
  readonly host: RefHost
  slotOf(actor: number): number
}

let restored: RestoredAddresses | undefined

/** Runs `read`, which unpacks values out of a snapshot: references in them belong to a slot of the system that resumes it. */
export function withAddresses<Result>(addresses: RestoredAddresses, read: () => Result): Result {
  restored = addresses
  try {
    return read()
  } finally {
    restored = undefined
  }
}

function readRef(data: unknown): ActorRef {
  if (restored !== undefined) {
    const [id, , capacity] = data as [number, number, number]
    return new ActorRef(restored.host, id, restored.slotOf(id), capacity)
  }
  const slot = runningSlot()
  const host = slot === undefined ? undefined : hosts.get(slot)
  if (host === undefined) {
    throw new MillraceError(
      'NO_ACTOR_SYSTEM',
      'Expected an actor reference inside an actor system only',
    )
  }
  const [id, slotIndex, capacity] = data as [number, number, number]
  return new ActorRef(host, id, slotIndex, capacity)
}
