/** Actors for the tests of snapshots. They are exported, so that other threads find them. */
import { Actor, defineActor } from '../../../../runtime/index.ts'
import type { ActorContext, ActorRef, Stateful } from '../../../../runtime/index.ts'

/** Keeps what it is sent; answers 'seen' with all of it. */
export class Diary extends Actor implements Stateful<readonly unknown[]> {
  static readonly module = import.meta.url
  #seen: unknown[] = []

  receive(message: unknown): unknown {
    if (message === 'seen') return this.#seen
    this.#seen.push(message)
    return undefined
  }

  snapshot(): readonly unknown[] {
    return this.#seen
  }

  restore(seen: readonly unknown[]): void {
    this.#seen = [...seen]
  }
}

/** The same as a function; its setup writes whether it runs for an instance that takes over from a snapshot. */
export const notes = defineActor(import.meta.url, 'notes', (context, title: string) => {
  let lines: string[] = [`${title}, ${context.resumed ? 'resumed' : 'new'}`]
  return {
    receive: (line: string): readonly string[] => {
      if (line !== '') lines.push(line)
      return lines
    },
    snapshot: () => lines,
    restore(state: string[]) {
      lines = [...state, 'restored']
    },
  }
})

/** Sends the numbers below `count` to an actor as fast as it can. */
export const pourer = defineActor(
  import.meta.url,
  'pourer',
  (_context, name: string) => (message: { to: ActorRef<unknown>; count: number }) => {
    for (let i = 0; i < message.count; i++) void message.to.tell(`${name} ${i}`)
  },
  { stateless: true },
)

/** Has state and does not say how to store it. */
export class Forgetful extends Actor {
  static readonly module = import.meta.url
  #count = 0

  receive(by: number): number {
    return (this.#count += by)
  }
}

/** Not exported under its name anywhere: other processes cannot find it. */
export const Homeless = class Homeless extends Actor {
  static readonly stateless = true
  receive(): void {}
}

export type KeeperMessage =
  | { readonly type: 'child'; readonly slot: number }
  | { readonly type: 'watch'; readonly actor: ActorRef<never>; readonly note: string }
  | { readonly type: 'watch by function'; readonly actor: ActorRef<never> }
  | { readonly type: 'after'; readonly delayMs: number; readonly note: string }
  | { readonly type: 'every'; readonly intervalMs: number; readonly note: string }
  | { readonly type: 'note'; readonly note: string }
  | { readonly type: 'children' }

interface KeeperState {
  readonly diary: ActorRef<unknown>
  readonly children: readonly ActorRef<unknown>[]
}

/** Spawns, watches and sets timers as it is told; tells its diary what it hears. */
export class Keeper extends Actor<KeeperMessage> implements Stateful<KeeperState> {
  static readonly module = import.meta.url
  #diary: ActorRef<unknown>
  #children: ActorRef<unknown>[] = []

  constructor(diary: ActorRef<unknown>) {
    super()
    this.#diary = diary
  }

  override started(): void {
    void this.#diary.tell('started')
  }

  receive(message: KeeperMessage, context: ActorContext<KeeperMessage>): unknown {
    switch (message.type) {
      case 'child':
        this.#children.push(context.spawn(Diary, { slot: message.slot }))
        return this.#children.at(-1)
      case 'watch':
        context.watch(message.actor, { type: 'note', note: message.note })
        return undefined
      case 'watch by function':
        context.watch(message.actor, () => {})
        return undefined
      case 'after':
        context.after(message.delayMs, { type: 'note', note: message.note })
        return undefined
      case 'every':
        context.every(message.intervalMs, { type: 'note', note: message.note })
        return undefined
      case 'note':
        void this.#diary.tell(message.note)
        return undefined
      case 'children':
        return this.#children
    }
  }

  snapshot(): KeeperState {
    return { diary: this.#diary, children: this.#children }
  }

  restore({ diary, children }: KeeperState): void {
    this.#diary = diary
    this.#children = [...children]
  }
}

/** Asks an actor on the way and writes down the answer, which takes its time. */
export const asking = defineActor(import.meta.url, 'asking', () => {
  let answers: unknown[] = []
  return {
    async receive(message: { ask: ActorRef<string>; text: string } | 'answers') {
      if (message === 'answers') return answers
      answers.push(await message.ask.ask(message.text))
      return undefined
    },
    snapshot: () => answers,
    restore(state: unknown[]) {
      answers = state
    },
  }
})

/** Sends the numbers below `count`, each when the mailbox has taken the one before. */
export const patient = defineActor(
  import.meta.url,
  'patient',
  () => async (message: { to: ActorRef<unknown>; count: number }) => {
    for (let i = 0; i < message.count; i++) await message.to.tell(i)
  },
  { stateless: true },
)

/** Fails in its snapshot, in its restore, never settles, or crashes: as it is told. */
export class Troubled extends Actor implements Stateful<string> {
  static readonly module = import.meta.url
  #trouble = 'none'

  receive(trouble: string): unknown {
    this.#trouble = trouble
    if (trouble === 'exit') process.exit(3)
    if (trouble === 'throw') throw new Error('thrown on purpose')
    if (trouble === 'never') return new Promise(() => {})
    return undefined
  }

  snapshot(): string {
    if (this.#trouble === 'snapshot') throw new Error('no snapshot on purpose')
    return this.#trouble
  }

  restore(trouble: string): void {
    if (trouble === 'restore') throw new Error('no restore on purpose')
    this.#trouble = trouble
  }
}
