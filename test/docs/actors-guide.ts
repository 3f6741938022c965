/** The examples of docs/actors.md, between `#region` marks; `actors.test.ts` runs them and compares the text. */
// #region counter
import { Actor } from '../../runtime/index.ts'

export class Counter extends Actor {
  static readonly module = import.meta.url
  #count: number

  constructor(start: number) {
    super()
    this.#count = start
  }

  receive(message: { add: number }): number {
    this.#count += message.add
    return this.#count
  }
}
// #endregion

// #region start
import { ActorSystem } from '../../runtime/index.ts'

export async function first(): Promise<number> {
  const system = await ActorSystem.start({ slots: 2 })
  const counter = await system.spawn(Counter, { args: [10] })
  await counter.tell({ add: 5 })
  const count = await counter.ask({ add: 1 }) // 16, a number
  await system.stop()
  return count
}
// #endregion

// #region function
import { defineActor } from '../../runtime/index.ts'

export const greeter = defineActor(import.meta.url, 'greeter', (_context, greeting: string) => {
  let greeted = 0
  return (name: string) => `${greeting}, ${name}! You are number ${++greeted}.`
})
// #endregion

// #region replies
import type { Asks } from '../../runtime/index.ts'

type Get = { readonly type: 'get'; readonly key: string } & Asks<string | undefined>
type Size = { readonly type: 'size' } & Asks<number>
type Put = { readonly type: 'put'; readonly key: string; readonly value: string }

export class Store extends Actor<Get | Size | Put> {
  static readonly module = import.meta.url
  readonly #entries = new Map<string, string>()

  receive(message: Get | Size | Put): string | number | undefined {
    switch (message.type) {
      case 'get':
        return this.#entries.get(message.key)
      case 'size':
        return this.#entries.size
      case 'put':
        this.#entries.set(message.key, message.value)
        return undefined
    }
  }
}
// #endregion

// #region backpressure
import type { ActorRef } from '../../runtime/index.ts'

export async function feed(to: ActorRef<{ add: number }>, count: number): Promise<number> {
  let heldBack = 0
  for (let i = 0; i < count; i++) {
    if (to.tryTell({ add: 1 })) continue
    heldBack++
    await to.tell({ add: 1 })
  }
  return heldBack
}
// #endregion

// #region children
import type { ActorContext } from '../../runtime/index.ts'

type Work = { readonly type: 'work'; readonly text: string }
type Gone = { readonly type: 'gone' }

export class Foreman extends Actor<Work | Gone> {
  static readonly module = import.meta.url
  #worker: ActorRef<string, string> | undefined
  #lost = 0

  receive(message: Work | Gone, context: ActorContext<Work | Gone>): unknown {
    if (message.type === 'gone') {
      this.#worker = undefined
      return ++this.#lost
    }
    if (this.#worker === undefined) {
      this.#worker = context.spawn(greeter, {
        args: ['Hello'],
        supervision: { onFailure: 'stop' },
      })
      context.watch(this.#worker, { type: 'gone' })
    }
    return this.#worker.ask(message.text)
  }
}
// #endregion

// #region supervision
export const careful = {
  onFailure: 'restart',
  byCode: { BAD_INPUT: 'resume', DISK_FULL: 'escalate' },
  maxRestarts: 5,
  withinMs: 60_000,
  whenExceeded: 'stop',
  backoff: { firstMs: 10, factor: 2, maxMs: 10_000, jitter: 0.2 },
} as const
// #endregion

// #region stateful
import type { Stateful } from '../../runtime/index.ts'

export class Till extends Actor implements Stateful<{ cents: number }> {
  static readonly module = import.meta.url
  #cents = 0

  receive(message: { pay: number }): number {
    return (this.#cents += message.pay)
  }

  snapshot(): { cents: number } {
    return { cents: this.#cents }
  }

  restore(state: { cents: number }): void {
    this.#cents = state.cents
  }
}

export const doubler = defineActor(
  import.meta.url,
  'doubler',
  (_context, till: ActorRef<{ pay: number }>) => (cents: number) => {
    void till.tell({ pay: 2 * cents })
  },
  { stateless: true },
)
// #endregion

// #region resume
import { readFile, writeFile } from 'node:fs/promises'

export async function keep(file: string): Promise<void> {
  const system = await ActorSystem.start({ slots: 2 })
  const till = await system.spawn(Till)
  const double = await system.spawn(doubler, { args: [till] })
  for (let i = 0; i < 100; i++) await double.tell(1)
  const { bytes } = await system.snapshot() // wherever the hundred payments are now
  await writeFile(file, bytes)
  await system.stop()
}

export async function goOn(file: string): Promise<number> {
  const system = await ActorSystem.start({ from: await readFile(file), slots: 3 })
  const [till] = system.find(Till)
  let cents = 0
  while (cents < 200) cents = (await till?.ask({ pay: 0 })) ?? 200
  await system.stop()
  return cents
}
// #endregion

// #region simulator
import { Simulator } from '../../runtime/simulator.ts'

export async function simulate(seed: number): Promise<number> {
  const system = await ActorSystem.start({ host: new Simulator({ seed, slots: 2 }) })
  const counter = await system.spawn(Counter, { args: [0] })
  await feed(counter, 100)
  const count = await counter.ask({ add: 0 })
  await system.stop()
  return count
}
// #endregion
