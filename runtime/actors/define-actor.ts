/**
 * Actors written as functions.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ActorContext } from './actor.ts'

/** Makes the function that handles the messages of one actor. */
export type ActorSetup = (context: never, ...args: never[]) => (message: never) => unknown

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
  /** Exist in types only, and under names that no completion shows. */
  declare readonly [messageType]: (message: Message) => void
  declare readonly [argsType]: Args
  declare readonly [replyType]: Reply

  constructor(module: string, name: string, setup: ActorSetup) {
    this.module = module
    this.name = name
    this.setup = setup
  }
}

/**
 * Defines an actor as a function: `setup` runs once per actor (and again after each restart) with the arguments of `spawn` and
 * returns the function that handles the messages. What that returns is the answer, as with `Actor.receive`.
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
): ActorFunction<Message, Args, Awaited<Result>> {
  if (typeof module !== 'string' || !URL.canParse(module)) {
    throw invalid('import.meta.url as the first argument', module)
  }
  if (typeof name !== 'string' || name === '') {
    throw invalid('the name of the export as the second argument', name)
  }
  if (typeof setup !== 'function') throw invalid('a function as the third argument', setup)
  return new ActorFunction(module, name, setup as unknown as ActorSetup)
}

function invalid(expected: string, got: unknown): MillraceError {
  return new MillraceError('INVALID_ACTOR', `defineActor: expected ${expected}, got ${String(got)}`)
}
