/** Actors for the tests. They are exported, so that other threads find them. */
import { Actor, defineActor } from '../../runtime/index.ts'
import type { ActorContext, ActorRef, Asks } from '../../runtime/index.ts'

export type Get = { readonly type: 'get' } & Asks<number>
export type Add = { readonly type: 'add'; readonly by: number }

/** Counts; its two kinds of messages have answers of different types. */
export class Counter extends Actor<Get | Add> {
  static readonly module = import.meta.url
  #count: number

  constructor(start: number) {
    super()
    this.#count = start
  }

  receive(message: Get | Add): number | undefined {
    if (message.type === 'get') return this.#count
    this.#count += message.by
    return undefined
  }
}

/** Answers with what it was sent. */
export const echo = defineActor(import.meta.url, 'echo', () => (message: unknown) => message)

/** Adds up. */
export const adder = defineActor(import.meta.url, 'adder', (_context, start: number) => {
  let sum = start
  return (message: { readonly add: number }) => (sum += message.add)
})

export class Recorder extends Actor {
  static readonly module = import.meta.url
  readonly #seen: unknown[] = []

  receive(message: unknown): unknown {
    if (message === 'seen') return this.#seen
    this.#seen.push(message)
    return undefined
  }
}
