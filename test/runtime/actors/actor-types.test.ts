/** What the compiler must infer, and what it must refuse: this file holds by compiling. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Actor, defineActor } from '../../../runtime/index.ts'
import type { ActorContext, ActorRef, ActorSystem, Asks, Stateful } from '../../../runtime/index.ts'
import { throwsCode } from '../../runner/expect.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(equal: Equal<A, B>): boolean => equal

interface Get extends Asks<number> {
  readonly type: 'get'
}
type List = { readonly type: 'list' } & Asks<readonly string[]>
type Add = { readonly type: 'add'; readonly by: number }

class Marked extends Actor<Get | List | Add> {
  receive(message: Get | List | Add): number | readonly string[] | undefined {
    if (message.type === 'get') return 1
    return message.type === 'list' ? ['a'] : undefined
  }
}

class Unmarked extends Actor {
  readonly name: string
  readonly size: number

  constructor(name: string, size = 1) {
    super()
    this.name = name
    this.size = size
  }

  async receive(message: { readonly text: string }): Promise<number> {
    return Promise.resolve(message.text.length)
  }
}

class Plain extends Actor {
  receive(message: string, context: ActorContext<string>): boolean {
    return context.self.tryTell(message)
  }
}

const typed = defineActor(
  import.meta.url,
  'typed',
  (context: ActorContext<string>, start: number, names: readonly string[]) => (message: string) => {
    context.after(1, message)
    // @ts-expect-error its messages are strings
    context.after(1, 5)
    return names.length + start
  },
)
const bare = defineActor(import.meta.url, 'bare', () => (message: { n: number }) => `${message.n}`)

// Never called: only its types count.
export async function infers(system: ActorSystem, context: ActorContext): Promise<void> {
  const marked = await system.spawn(Marked)
  const count = await marked.ask({ type: 'get' })
  const names = await marked.ask({ type: 'list' })
  const nothing = await marked.ask({ type: 'add', by: 1 })
  same<typeof count, number>(true)
  same<typeof names, readonly string[]>(true)
  same<typeof nothing, number | readonly string[] | undefined>(true)
  // @ts-expect-error no such message
  await marked.tell({ type: 'remove' })
  // @ts-expect-error `by` is missing
  await marked.ask({ type: 'add' })

  const unmarked = await system.spawn(Unmarked, { args: ['a'] })
  same<typeof unmarked, ActorRef<{ readonly text: string }, number>>(true)
  const length = await unmarked.ask({ text: 'abc' })
  same<typeof length, number>(true)
  await system.spawn(Unmarked, { args: ['a', 5], slot: 1 })
  // @ts-expect-error the arguments are missing
  await system.spawn(Unmarked)
  // @ts-expect-error a string comes first
  await system.spawn(Unmarked, { args: [5] })

  const child = context.spawn(Plain, { name: 'child' })
  same<typeof child, ActorRef<string, boolean>>(true)
  const fromFunction = context.spawn(typed, { args: [1, ['a']] })
  same<typeof fromFunction, ActorRef<string, number>>(true)
  const fromBare = await system.spawn(bare)
  same<typeof fromBare, ActorRef<{ n: number }, string>>(true)
  // @ts-expect-error two arguments are missing
  context.spawn(typed)

  // A reference to an actor that takes more passes for one that takes less, never the other way.
  const narrow: ActorRef<Add> = marked
  const any: ActorRef<never> = narrow
  // @ts-expect-error the actor may not take strings
  const wide: ActorRef<Add | string> = narrow
  context.watch(any, ({ reason }) => {
    same<typeof reason, 'stopped' | 'failed' | 'slot-lost'>(true)
  })
  void wide

  // What exists in types only has no name that could be used by mistake.
  same<Extract<keyof ActorRef<Add, number>, 'messageType' | 'replyType'>, never>(true)
  same<Extract<keyof typeof typed, 'messageType' | 'argsType' | 'replyType'>, never>(true)
}

test('answers that a message is not marked with are refused', () => {
  class Wrong extends Actor<Get> {
    // @ts-expect-error a Get is answered with a number
    receive(): string {
      return 'no number'
    }
  }
  assert.type(Wrong, 'function')
})

test('functions with state keep their types, and state and restore must agree', () => {
  const stateful = defineActor(import.meta.url, 'stateful', (_context, start: number) => {
    let sum = start
    return {
      receive: (message: { readonly add: number }) => `${(sum += message.add)}`,
      snapshot: () => sum,
      restore(state: number) {
        sum = state
      },
    }
  })
  const infer = async (system: ActorSystem): Promise<void> => {
    const spawned = await system.spawn(stateful, { args: [1] })
    const [found] = system.find(stateful)
    const answer = await found?.ask({ add: 1 })
    same<typeof answer, string | undefined>(true)
    same<typeof spawned, ActorRef<{ readonly add: number }, string>>(true)
  }
  assert.type(infer, 'function')
  class Wrong extends Actor implements Stateful<{ sum: number }> {
    receive(): void {}
    snapshot(): { sum: number } {
      return { sum: 1 }
    }
    // @ts-expect-error the state is an object
    restore(_state: string): void {}
  }
  assert.type(Wrong, 'function')
})

test('defineActor checks what the compiler cannot', () => {
  throwsCode(() => defineActor('no url', 'a', () => () => 1), 'INVALID_ACTOR')
  throwsCode(() => defineActor(import.meta.url, '', () => () => 1), 'INVALID_ACTOR')
  throwsCode(() => defineActor(import.meta.url, 'a', 5 as never), 'INVALID_ACTOR')
  const wrong = { statless: true } as never
  throwsCode(() => defineActor(import.meta.url, 'a', () => () => 1, wrong), 'INVALID_ARGUMENT')
})

test.run()
