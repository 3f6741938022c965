/**
 * Actors written as functions.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ActorContext } from './actor.ts'
import { refuseUnknownOptions } from '../known-options.ts'

/** Makes what handles the messages of one actor. */
export type ActorSetup = (
  context: never,
  ...args: never[]
) => ((message: never) => unknown) | StatefulFunction<never, unknown, never>

/** What a setup returns instead of a function where the actor can be part of a snapshot: see `Stateful`. */
export interface StatefulFunction<in Message, out Reply, in out State> {
  receive(message: Message): Reply
  /** The state as plain data, packed at once. Called between two messages. */
  snapshot(): State
  /** Takes the state back, after the setup has run again. */
  restore(state: State): unknown
}

/** How a function is an actor. */
export interface ActorFunctionOptions {
  /** Whether it keeps nothing between two messages, so that a snapshot needs nothing of it. Default: false. */
  readonly stateless?: boolean
}

declare const messageType: unique symbol
declare const argsType: unique symbol
declare const replyType: unique symbol

/** An actor written as a function, made by `defineActor`. Types of its messages, arguments and answers included. */
export class ActorFunction<in Message, Args extends readonly unknown[], out Reply> {
  /** URL of the module that exports this. */
  readonly module: string
  /** The name under which the module exports it. */
  readonly name: string
  readonly setup: ActorSetup
  /** Whether it keeps nothing between two messages. */
  readonly stateless: boolean
  /** Exist in types only, and under names that no completion shows. */
  declare readonly [messageType]: (message: Message) => void
  declare readonly [argsType]: Args
  declare readonly [replyType]: Reply

  constructor(module: string, name: string, setup: ActorSetup, stateless = false) {
    this.module = module
    this.name = name
    this.setup = setup
    this.stateless = stateless
  }
}

/**
 * Defines an actor as a function: `setup` runs once per actor (and again after each restart) with the arguments of `spawn` and
 * returns the function that handles the messages. What that returns is the answer, as with `Actor.receive`. An actor that keeps state and is to be
 * part of snapshots returns an object with `receive`, `snapshot` and `restore`.
 *
 * @param module the URL of the module that exports the result: `import.meta.url`
 * @param name the name under which it exports it
 * @throws {MillraceError} `INVALID_ACTOR` for an argument of the wrong type
 *
 * @example
 *   export const counter = defineActor(import.meta.url, 'counter', (_, start: number) => {
 *     let count = start
 *     return (message: { add: number }) => (count += message.add)
 *   })
 */
export function defineActor<
  Message,
  Args extends readonly unknown[],
  Result,
  Context extends ActorContext<never> = ActorContext,
>(
  module: string,
  name: string,
  setup: (context: Context, ...args: Args) => (message: Message) => Result,
  options?: ActorFunctionOptions,
): ActorFunction<Message, Args, Awaited<Result>>
export function defineActor<
  Message,
  Args extends readonly unknown[],
  Result,
  State,
  Context extends ActorContext<never> = ActorContext,
>(
  module: string,
  name: string,
  setup: (context: Context, ...args: Args) => StatefulFunction<Message, Result, State>,
): ActorFunction<Message, Args, Awaited<Result>>
export function defineActor(
  module: string,
  name: string,
  setup: unknown,
  options: ActorFunctionOptions = {},
): ActorFunction<never, readonly unknown[], unknown> {
  if (typeof module !== 'string' || !URL.canParse(module)) {
    throw invalid('import.meta.url as the first argument', module)
  }
  if (typeof name !== 'string' || name === '') {
    throw invalid('the name of the export as the second argument', name)
  }
  if (typeof setup !== 'function') throw invalid('a function as the third argument', setup)
  refuseUnknownOptions(options, ['stateless'], 'defineActor')
  return new ActorFunction(module, name, setup as ActorSetup, options.stateless === true)
}

function invalid(expected: string, got: unknown): MillraceError {
  return new MillraceError('INVALID_ACTOR', `defineActor: expected ${expected}, got ${String(got)}`)
}
