/** Actors for the tests. They are exported, so that other threads find them. */
import { Actor, defineActor, MillraceError } from '../../../runtime/index.ts'
import type { ActorContext, ActorRef, Asks, Supervision } from '../../../runtime/index.ts'

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

/** Keeps what it is sent; answers 'seen' with all of it. */
export class Recorder extends Actor {
  static readonly module = import.meta.url
  readonly #seen: unknown[] = []

  receive(message: unknown): unknown {
    if (message === 'seen') return this.#seen
    this.#seen.push(message)
    return undefined
  }
}

/** What waits on this thread, by name: set by `blocker`, ended by `releaser` of the same slot. */
const waiting = new Map<string, () => void>()

/** Keeps what it is sent, but the message 'block' keeps it busy until it is released by its name. */
export const blocker = defineActor(import.meta.url, 'blocker', (_context, name: string) => {
  const seen: unknown[] = []
  return (message: unknown): unknown => {
    if (message === 'seen') return seen
    seen.push(message)
    if (message !== 'block') return undefined
    return new Promise<string>((resolve) => {
      waiting.set(name, () => {
        resolve('released')
      })
    })
  }
})

/** Releases the blocker with the name that it is sent. True: it was blocked. */
export const releaser = defineActor(import.meta.url, 'releaser', () => (name: string) => {
  const release = waiting.get(name)
  waiting.delete(name)
  release?.()
  return release !== undefined
})

/** Sends the numbers below `count` to an actor as fast as it can, without waiting. */
export const sender = defineActor(
  import.meta.url,
  'sender',
  (_context, name: string) => (message: { to: ActorRef<unknown>; count: number }) => {
    for (let i = 0; i < message.count; i++) void message.to.tell({ from: name, i })
  },
)

/** Sends a message on to the reference inside the message, and answers with that actor's answer. */
export const forwarder = defineActor(
  import.meta.url,
  'forwarder',
  () => (message: { to: ActorRef<never>; message: unknown }) =>
    (message.to as ActorRef<unknown>).ask(message.message),
)

export class OddError extends Error {
  override readonly name = 'OddError'
  readonly code = 'ODD'
  readonly detail = 7
}

type Fault =
  | 'throw'
  | 'reject'
  | 'throw-odd'
  | 'answer-function'
  | 'exit'
  | 'out-of-memory'
  | 'uncaught'
  | 'unhandled-rejection'

/** Fails as it is told; counts the messages that this instance handled; knows how often it was made. */
export class Faulty extends Actor {
  static readonly module = import.meta.url
  #handled = 0

  receive(message: Fault | 'handled'): unknown {
    if (message === 'handled') return this.#handled
    this.#handled++
    switch (message) {
      case 'throw':
        throw new Error('thrown on purpose', { cause: new OddError('the cause') })
      case 'reject':
        return Promise.reject(new Error('rejected on purpose'))
      case 'throw-odd':
        throw new OddError('odd on purpose')
      case 'answer-function':
        return { deep: [() => 1] }
      case 'exit':
        process.exit(3)
      case 'out-of-memory':
        return fillMemory()
      case 'uncaught':
        setImmediate(() => {
          throw new Error('uncaught on purpose')
        })
        return 'soon'
      case 'unhandled-rejection':
        void Promise.reject(new Error('unhandled on purpose'))
        return 'soon'
    }
  }
}

/** Small objects: at the limit of large ones Node 22 and later end the whole process, whoever made the worker. */
function fillMemory(): never {
  let hoard: unknown
  for (;;) hoard = { hoard }
}

/** Throws while it is made. */
export class Stillborn extends Actor {
  static readonly module = import.meta.url

  constructor(message: string) {
    super()
    throw new MillraceError('STILLBORN', message)
  }

  receive(): void {}
}

export type ParentMessage =
  | { spawn: string; slot?: number; supervision?: Supervision }
  | { tell: ParentMessage; to: number }
  | { ask: ParentMessage; to: number }
  | 'log'
  | 'throw'

/** Has `Reporter` children, tells `log` what happens to it and to them. */
export class Parent extends Actor {
  static readonly module = import.meta.url
  readonly #log: ActorRef<unknown>
  readonly #name: string
  readonly #children: ActorRef<ParentMessage>[] = []

  constructor(log: ActorRef<unknown>, name: string) {
    super()
    this.#log = log
    this.#name = name
  }

  // Both end after the log has the line, so that it tells the order on several threads. The log may be gone at the end.
  override started(): Promise<unknown> {
    return this.#log.ask(`${this.#name} started`)
  }

  override stopped(): Promise<unknown> {
    return this.#log.ask(`${this.#name} stopped`).catch(() => {})
  }

  receive(message: ParentMessage, context: ActorContext): unknown {
    if (message === 'throw') throw new Error(`${this.#name} failed`)
    if (message === 'log') return this.#log.ask('seen')
    if ('spawn' in message) {
      const { spawn, ...options } = message
      const args: [ActorRef<unknown>, string] = [this.#log, spawn]
      this.#children.push(context.spawn(Parent, { args, ...options }))
      return this.#children.at(-1)
    }
    const child = this.#children[message.to]
    if ('ask' in message) return child?.ask(message.ask)
    void child?.tell(message.tell)
    return undefined
  }
}

/** Watches what it is sent and keeps what it hears, by message and by function. */
export const watcher = defineActor(import.meta.url, 'watcher', (context) => {
  const heard: unknown[] = []
  return (message: { watch: ActorRef<never> } | 'heard' | { gone: string } | { note: unknown }) => {
    if (message === 'heard') return heard
    if ('watch' in message) {
      context.watch(message.watch, { gone: 'by message' })
      context.watch(message.watch, ({ reason, actor }) => {
        heard.push(`by function: ${reason} ${actor.equals(message.watch)}`)
      })
      return undefined
    }
    heard.push('gone' in message ? message.gone : message.note)
    return undefined
  }
})

/** Tells a watcher ten notes and stops. */
export const farewell = defineActor(
  import.meta.url,
  'farewell',
  (context: ActorContext<'go'>, to: ActorRef<{ note: unknown }>) => (_message: 'go') => {
    for (let i = 0; i < 10; i++) void to.tell({ note: `note ${i}` })
    context.stop()
  },
)

/** Sets timers as it is told and tells `log` when they fire. */
export const alarm = defineActor(import.meta.url, 'alarm', (context, log: ActorRef<unknown>) => {
  let cancelTick = (): void => {}
  let ticks = 0
  return (message: 'once' | 'tick' | 'rang' | { every: number; until: number }) => {
    if (message === 'once') {
      context.after(1, 'rang')
      context.after(2, 'rang')()
    } else if (message === 'rang') {
      void log.tell('rang')
    } else if (message === 'tick') {
      ticks++
      void log.tell(`tick ${ticks}`)
    } else {
      cancelTick()
      cancelTick = context.every(message.every, 'tick')
    }
  }
})
