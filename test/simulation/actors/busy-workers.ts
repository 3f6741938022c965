/**
 * Actors that do all that actors can, one thing per hop of a token: what each hop does follows from the token, so that paper says what the log
 * must have in the end.
 */
import { Actor } from '../../../runtime/index.ts'
import type { ActorContext, ActorRef, Asks, Stateful } from '../../../runtime/index.ts'

/** A token that arrives. */
export interface Token {
  readonly token: number
  readonly hops: number
}

/** Writes down what it is told. */
export class Log
  extends Actor<string | ({ readonly type: 'read' } & Asks<readonly string[]>)>
  implements Stateful<readonly string[]>
{
  static readonly module = import.meta.url
  #entries: string[] = []

  receive(message: string | { readonly type: 'read' }): readonly string[] | void {
    if (typeof message !== 'string') return this.#entries
    this.#entries.push(message)
  }

  snapshot(): readonly string[] {
    return [...this.#entries]
  }

  restore(entries: readonly string[]): void {
    this.#entries = [...entries]
  }
}

/** Answers, later. */
export class Echo extends Actor<number> {
  static readonly module = import.meta.url
  static readonly stateless = true

  async receive(message: number): Promise<number> {
    await Promise.resolve()
    return message
  }
}

type LogRef = ActorRef<string, unknown>
type TokenRef = ActorRef<Token & { readonly type: 'token' }, unknown>

/** Hands a token on and fails. Starts again, without anything. */
export class Fragile extends Actor<{ readonly token: Token; readonly next: TokenRef }> {
  static readonly module = import.meta.url
  static readonly stateless = true
  readonly #log: LogRef

  constructor(log: LogRef) {
    super()
    this.#log = log
  }

  receive({ token, next }: { readonly token: Token; readonly next: TokenRef }): unknown {
    void this.#log.tell(entry('fragile', token))
    hand(next, token)
    if (token.hops % 2 === 0) throw new Error('fragile')
    return Promise.reject(new Error('fragile, later'))
  }
}

/** Hands one token on, and stops or escalates. */
export class Messenger extends Actor<Token> {
  static readonly module = import.meta.url
  static readonly stateless = true
  readonly #log: LogRef
  readonly #next: TokenRef
  readonly #how: 'stop' | 'escalate' | 'stay'

  constructor(log: LogRef, next: TokenRef, how: 'stop' | 'escalate' | 'stay') {
    super()
    this.#log = log
    this.#next = next
    this.#how = how
  }

  receive(token: Token, context: ActorContext<Token>): void {
    void this.#log.tell(entry('messenger', token))
    hand(this.#next, token)
    if (this.#how !== 'stay') context.stop()
    if (this.#how === 'escalate') throw Object.assign(new Error('up'), { code: 'UP' })
  }
}

type WorkerMessage =
  | {
      readonly type: 'connect'
      readonly workers: readonly TokenRef[]
      readonly log: LogRef
      readonly echo: ActorRef<number, number>
      readonly fragile: ActorRef<{ readonly token: Token; readonly next: TokenRef }>
    }
  | ({ readonly type: 'token' } & Token)
  | ({ readonly type: 'later' } & Token)
  | ({ readonly type: 'gone' } & Token)

type Connections = Extract<WorkerMessage, { type: 'connect' }>

interface WorkerState {
  readonly connections: Connections | undefined
  readonly handled: number
}

const DEEDS = [
  'tell',
  'echo',
  'later',
  'messenger',
  'fragile',
  'stopped messenger',
  'fail',
  'fail later',
  'escalating messenger',
  'start',
] as const

type Deed = (typeof DEEDS)[number]

/** What is done with a token. */
function deedOf({ token, hops }: Token): Deed {
  const mixed = (Math.imul(token * 31 + hops * 7 + 11, 2_654_435_761) >>> 7) % DEEDS.length
  return DEEDS[mixed] ?? 'tell'
}

/** The worker to which a token with so many hops left goes. */
export function nextWorker({ token, hops }: Token, workers: number): number {
  return (token * 7 + hops * 5 + Math.floor((token * hops) / 3)) % workers
}

/** What the log has of one hop. */
export function entriesOf(token: Token): readonly string[] {
  const deed = deedOf(token)
  const done = entry(deed, token)
  switch (deed) {
    case 'messenger':
    case 'escalating messenger':
      return [done, entry('messenger', token), entry('gone', token)]
    case 'stopped messenger':
      return [done, entry('messenger', token)]
    case 'fragile':
      return [done, entry('fragile', token)]
    case 'tell':
    case 'echo':
    case 'later':
    case 'fail':
    case 'fail later':
    case 'start':
      return [done]
  }
}

function entry(what: string, { token, hops }: Token): string {
  return `${what} ${token}/${hops}`
}

function hand(next: TokenRef, { token, hops }: Token): void {
  if (hops > 0) void next.tell({ type: 'token', token, hops: hops - 1 })
}

/** Does with each token what is its turn. */
export class Worker extends Actor<WorkerMessage> implements Stateful<WorkerState> {
  static readonly module = import.meta.url
  #connections: Connections | undefined
  #handled = 0

  receive(message: WorkerMessage, context: ActorContext<WorkerMessage>): unknown {
    if (message.type === 'connect') {
      this.#connections = message
      return undefined
    }
    const { log } = this.#connected
    if (message.type === 'gone') {
      void log.tell(entry('gone', message))
      return undefined
    }
    if (message.type === 'later') {
      this.#pass(message)
      return undefined
    }
    this.#handled++
    const deed = deedOf(message)
    void log.tell(entry(deed, message))
    return this.#do(deed, message, context)
  }

  #do(deed: Deed, message: Token, context: ActorContext<WorkerMessage>): unknown {
    const { fragile } = this.#connected
    const { token, hops } = message
    switch (deed) {
      case 'tell':
        this.#pass(message)
        return undefined
      case 'echo':
        return this.#echo(message)
      case 'later':
        context.after((token * 13 + hops) % 40, { type: 'later', token, hops })
        return undefined
      case 'fragile':
        void fragile.tell({ token: { token, hops }, next: this.#next(message) })
        return undefined
      case 'start':
        this.#pass(message)
        context.after(0, this.#connected)
        return undefined
      case 'fail':
        this.#pass(message)
        throw new Error('as planned')
      case 'fail later':
        this.#pass(message)
        return Promise.reject(new Error('as planned, later'))
      case 'messenger':
        void this.#send(message, 'stop', context)
        return undefined
      case 'escalating messenger':
        void this.#send(message, 'escalate', context)
        return undefined
      case 'stopped messenger':
        return this.#send(message, 'stay', context)
    }
  }

  async #echo(message: Token): Promise<void> {
    await this.#connected.echo.ask(message.hops, { timeoutMs: Number.POSITIVE_INFINITY })
    this.#pass(message)
  }

  #send(
    { token, hops }: Token,
    how: 'stop' | 'escalate' | 'stay',
    context: ActorContext<WorkerMessage>,
  ): Promise<void> | undefined {
    const { log } = this.#connected
    const messenger = context.spawn(Messenger, {
      args: [log, this.#next({ token, hops }), how],
      slot: [context.slot, 0, 1][(token + hops) % 3] ?? 0,
      supervision: { onFailure: how === 'escalate' ? 'escalate' : 'stop' },
    })
    if (how !== 'stay') context.watch(messenger, { type: 'gone', token, hops })
    void messenger.tell({ token, hops })
    return how === 'stay' ? messenger.stop() : undefined
  }

  #pass(message: Token): void {
    hand(this.#next(message), message)
  }

  #next({ token, hops }: Token): TokenRef {
    const { workers } = this.#connected
    return workers[nextWorker({ token, hops: hops - 1 }, workers.length)] as TokenRef
  }

  get #connected(): Connections {
    if (this.#connections === undefined) throw new Error('not connected')
    return this.#connections
  }

  snapshot(): WorkerState {
    return { connections: this.#connections, handled: this.#handled }
  }

  restore({ connections, handled }: WorkerState): void {
    this.#connections = connections
    this.#handled = handled
  }
}
