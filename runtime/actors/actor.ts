/**
 * What a user writes to have an actor, and what an actor can do: types and the base class.
 *
 * An actor lives in one slot and is run by that slot's thread only. It handles one message at a time, in the order in
 * which each sender sent them.
 */
import type { ActorRef } from './actor-ref.ts'
import type { Cancel } from '../clock.ts'
import type { ActorFunction } from './define-actor.ts'
import type { Supervision } from './supervision.ts'

declare const reply: unique symbol

/**
 * Marks a message type with the type of its answer, so that `ask` knows it per message of a union. Exists in types only.
 *
 * @example
 *   type Get = { readonly type: 'get' } & Asks<number>
 *   type Add = { readonly type: 'add'; readonly by: number }
 *   class Counter extends Actor<Get | Add> {
 *     #count = 0
 *     receive(message: Get | Add) {
 *       if (message.type === 'get') return this.#count
 *       this.#count += message.by
 *       return undefined
 *     }
 *   }
 *   const counter = await system.spawn(Counter)
 *   const total: number = await counter.ask({ type: 'get' })
 */
export interface Asks<Reply> {
  readonly [reply]?: readonly [Reply]
}

/** The answers that the message types of a union are marked with; `never` when none is. */
export type MarkedReplies<Message> = Message extends unknown
  ? typeof reply extends keyof Message
    ? Exclude<Message[typeof reply], undefined> extends readonly [infer Reply]
      ? Reply
      : never
    : never
  : never

/** What `receive` may return: anything, or, where messages are marked with `Asks`, one of their answers or nothing. */
export type Answer<Message> = [MarkedReplies<Message>] extends [never]
  ? unknown
  : MarkedReplies<Message> | void | Promise<MarkedReplies<Message> | void>

/** The type of the answer to a message of type `Sent`, where unmarked messages are answered with `Otherwise`. */
export type ReplyTo<Message, Sent, Otherwise> = [MarkedReplies<Message>] extends [never]
  ? Otherwise
  : MatchingReply<Message, Sent, Otherwise>

type MatchingReply<Message, Sent, Otherwise> = Sent extends unknown
  ? Message extends unknown
    ? Sent extends Message
      ? typeof reply extends keyof Message
        ? MarkedReplies<Message>
        : Otherwise
      : never
    : never
  : never

/**
 * Base of actor classes. A class needs no type argument: the type of its messages is read off `receive`.
 *
 * To be spawned in another thread, it says which module exports it under the class's own name.
 *
 * @example
 *   export class Counter extends Actor {
 *     static readonly module = import.meta.url
 *     #count: number
 *     constructor(start: number) { super(); this.#count = start }
 *     receive(message: { add: number }) { return (this.#count += message.add) }
 *   }
 */
export abstract class Actor<Message = unknown> {
  /**
   * Handles one message; what it returns is the answer to an `ask`. With a promise the actor takes no further mail
   * until it has settled, while the slot goes on with other actors. Throwing, or rejecting, is a failure: the actor's
   * supervision decides.
   */
  abstract receive(message: Message, context: ActorContext<Message>): Answer<Message>

  /** Runs before the first message, and again after each restart. */
  started?(context: ActorContext<Message>): unknown

  /** Runs when the actor is stopped, and before each restart, on the instance that goes. Not when its thread died. */
  stopped?(context: ActorContext<Message>): unknown
}

/**
 * What an actor has that keeps state and can be part of a snapshot (`ActorSystem.snapshot`). A class without state says
 * `static readonly stateless = true` instead.
 *
 * @example
 *   export class Account extends Actor implements Stateful<{ balance: number }> {
 *     static readonly module = import.meta.url
 *     #balance = 100
 *     receive(message: { deposit: number }) { return (this.#balance += message.deposit) }
 *     snapshot() { return { balance: this.#balance } }
 *     restore(state: { balance: number }) { this.#balance = state.balance }
 *   }
 */
export interface Stateful<State> {
  /** The state as plain data. Called between two messages; it is packed at once, so it may be the state itself and no copy. */
  snapshot(): State
  /**
   * Takes the state back, on a new instance made from the arguments of `spawn`, in place of `started`: timers, watches and children that
   * `started` or a message had begun come back by themselves. The first message waits for a promise that it returns.
   */
  restore(state: State, context: ActorContext<never>): unknown
}

/** Why an actor is gone. `slot-lost`: its thread died; its supervision may have brought it back since, without its state. */
export type TerminationReason = 'stopped' | 'failed' | 'slot-lost'

/** What a watcher hears. */
export interface Terminated {
  readonly actor: ActorRef<never>
  readonly reason: TerminationReason
  /** The error that led to it, unless the actor was simply stopped. */
  readonly error?: Error
}

/** Where and how an actor is spawned. */
export interface SpawnOptions {
  /** Shown in errors and dead letters. Default: the name of the export. */
  readonly name?: string
  /**
   * 0 is the thread that started the system, 1 to N are the others. Default: for `context.spawn` the slot of the parent, for
   * `system.spawn` the slot from 1 to N with the fewest actors that `system.spawn` put there; their children do not count.
   */
  readonly slot?: number
  readonly supervision?: Supervision
  /** Messages from each sending slot that may wait in the mailbox: 1 to 1,000,000. Default: 4,096. */
  readonly mailboxCapacity?: number
}

/** The options with the arguments of the constructor (or of the function), where it has any. */
export type SpawnParameters<Args extends readonly unknown[]> = [] extends Args
  ? [options?: SpawnOptions & { readonly args?: Args }]
  : [options: SpawnOptions & { readonly args: Args }]

/** Options for an actor that is known by its module only. */
export interface SpawnFromModuleOptions extends SpawnOptions {
  /** Name of the export. Default: `default`. */
  readonly export?: string
  readonly args?: readonly unknown[]
}

/** A class that can be spawned: see `Actor`. */
export interface ActorClass {
  new (...args: never[]): { receive(message: never, context: never): unknown }
  /** URL of the module that exports the class. Only actors on the calling thread do without. */
  readonly module?: string
  readonly name: string
}

/** The type of the references to the actors of a class. */
export type RefOf<Class extends ActorClass> = InstanceType<Class>['receive'] extends (
  message: infer Message,
  ...rest: never[]
) => infer Result
  ? ActorRef<Message, Awaited<Result>>
  : never

/** What an actor can do, besides answering. Valid on the actor's own thread, until it has stopped. */
export interface ActorContext<in Message = unknown> {
  /** The reference of the actor itself. */
  readonly self: ActorRef<Message>
  /** The slot that the actor lives in. */
  readonly slot: number
  /** The name it was spawned under, or the name of its export. */
  readonly name: string
  /** Wall-clock time of the host in milliseconds since 1970. */
  now(): number
  /**
   * Whether this instance takes over from a snapshot. Timers, watches and children are then there already: a setup function that
   * begins them does so only when this is false. True in the setup and in `restore` only.
   */
  readonly resumed: boolean
  /** A number in [0, 1) from the host's generator. */
  random(): number

  /**
   * Spawns a child, which stops with this actor. The reference can be used at once. In the same slot the child
   * exists when this returns, if its module is loaded; what its constructor throws is then thrown here. Otherwise a
   * constructor that throws is a failure like any other: the child's supervision decides.
   *
   * Throws `INVALID_ACTOR`, `INVALID_ARGUMENT` (an unknown option), `INVALID_SPAWN`, `INVALID_SUPERVISION`, `UNSENDABLE_VALUE`,
   * `MODULE_MISSING`, `ACTOR_STOPPED`.
   */
  spawn<Class extends ActorClass>(
    actor: Class,
    ...options: SpawnParameters<ConstructorParameters<Class>>
  ): RefOf<Class>
  spawn<ChildMessage, Args extends readonly unknown[], Reply>(
    actor: ActorFunction<ChildMessage, Args, Reply>,
    ...options: SpawnParameters<Args>
  ): ActorRef<ChildMessage, Reply>
  spawn(module: URL, options?: SpawnFromModuleOptions): ActorRef<unknown>

  /**
   * Hears once when another actor has stopped or was lost with its thread: a message goes into the own mailbox, a
   * function is called in a turn of this actor. After what the other actor sent before it stopped.
   */
  watch(actor: ActorRef<never>, listener: (terminated: Terminated) => void): Cancel
  watch(actor: ActorRef<never>, message: Message): Cancel

  /** Puts a message into the own mailbox once, after `delayMs` milliseconds. Cancelled when the actor stops or restarts. */
  after(delayMs: number, message: Message): Cancel

  /** The same again and again. Skips a beat while the message before still waits. `intervalMs` is above 0. */
  every(intervalMs: number, message: Message): Cancel

  /** Stops the actor itself, as `self.stop()` does, but without a promise. */
  stop(): void
}
