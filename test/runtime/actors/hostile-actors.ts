/** Actors that do what no actor should. They are exported, so that other threads find them. */
import { Actor, defineActor } from '../../../runtime/index.ts'
import type { ActorContext, ActorRef } from '../../../runtime/index.ts'
import { Stillborn } from './actor-fixtures.ts'

/** What refuses to become a text. */
function unprintable(): object {
  return Object.create(null) as object
}

function trapped(): Error {
  const get = (): never => {
    throw new Error('a getter that throws')
  }
  return Object.defineProperties(new Error('trapped'), {
    code: { enumerable: true, get },
    detail: { enumerable: true, get },
  })
}

type Misdeed = 'throw-unprintable' | 'throw-trapped' | 'begin-later' | 'ping'
type LastDeed = 'none' | 'throw' | 'reject' | 'begin' | 'exit'

/** Fails in ways that are hard to report, does its last deed in `stopped`, and goes on after its end. */
export class Vandal extends Actor {
  static readonly module = import.meta.url
  readonly #lastDeed: LastDeed

  constructor(lastDeed: LastDeed) {
    super()
    this.#lastDeed = lastDeed
  }

  receive(message: Misdeed, context: ActorContext<Misdeed>): unknown {
    switch (message) {
      case 'throw-unprintable':
        throw unprintable()
      case 'throw-trapped':
        throw trapped()
      case 'begin-later':
        setTimeout(() => {
          begin(context)
        }, 1)
        return 'soon'
      case 'ping':
        return 'pong'
    }
  }

  override stopped(context: ActorContext<Misdeed>): unknown {
    switch (this.#lastDeed) {
      case 'none':
        return undefined
      case 'throw':
        throw unprintable()
      case 'reject':
        return Promise.reject(unprintable())
      case 'begin':
        begin(context)
        return undefined
      case 'exit':
        process.exit(3)
    }
  }
}

function begin(context: ActorContext<Misdeed>): void {
  context.every(60_000, 'ping')
  context.after(3_600_000, 'ping')
}

/** Is inside `receive` for ever: with 'wait' its slot goes on, with 'spin' its thread does not. */
export const stuck = defineActor(
  import.meta.url,
  'stuck',
  () =>
    (message: 'wait' | 'spin'): Promise<never> => {
      while (message === 'spin');
      return new Promise<never>(() => {})
    },
)

/** Throws what it is sent. */
const failing = defineActor(import.meta.url, 'failing', () => (message: string) => {
  throw new Error(message)
})

/** Has a child in another slot whose start fails; goes on whatever becomes of it. Answers with the child. */
export const careless = defineActor(
  import.meta.url,
  'careless',
  (context) =>
    (slot: number): ActorRef<unknown> =>
      context.spawn(Stillborn, { slot, args: ['no'], supervision: { onFailure: 'escalate' } }),
)

/** Has two children that fail at once and escalate; tells `log` how often it starts. */
export const unlucky = defineActor(
  import.meta.url,
  'unlucky',
  (context, log: ActorRef<unknown>) => {
    const supervision = { onFailure: 'escalate' } as const
    const children = [1, 2].map(() => context.spawn(failing, { supervision }))
    void log.tell('started')
    return (message: 'fail' | 'ping'): string => {
      for (const child of children) if (message === 'fail') void child.tell('on purpose')
      return 'pong'
    }
  },
)
