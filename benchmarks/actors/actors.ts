/** The actors that `../actors.ts` measures; exported, so that other threads find them. */
import { Actor, defineActor } from '../../runtime/index.ts'
import type { ActorContext, ActorRef } from '../../runtime/index.ts'

/** Counts messages `{n}`; answers 'wait' when as many have come as it was made for. */
export const tally = defineActor(import.meta.url, 'tally', () => {
  let count = 0
  return (message: { readonly n: number } | 'count'): number => {
    if (message !== 'count') count += message.n
    return count
  }
})

/** Tells `count` messages `{n: 1}` to an actor, held back by its mailbox, then asks it for its count. */
export const teller = defineActor(
  import.meta.url,
  'teller',
  () =>
    async (message: { readonly to: ActorRef<{ n: number } | 'count', number>; count: number }) => {
      const { to, count } = message
      for (let i = 0; i < count; i++) {
        if (!to.tryTell({ n: 1 })) await to.tell({ n: 1 })
      }
      return to.ask('count', { timeoutMs: 60_000 })
    },
)

/** Asks an actor `count` times, one after the other, and answers with the median round trip in microseconds. */
export const asker = defineActor(
  import.meta.url,
  'asker',
  () => async (message: { readonly to: ActorRef<unknown>; count: number }) => {
    const spans = new Float64Array(message.count)
    for (let i = 0; i < message.count; i++) {
      const start = performance.now()
      await message.to.ask(i)
      spans[i] = performance.now() - start
    }
    return (spans.sort()[message.count >> 1] ?? Number.NaN) * 1000
  },
)

/** Answers with what it was sent. */
export const echo = defineActor(import.meta.url, 'echo', () => (message: unknown) => message)

/** An actor with nothing to do. */
export class Idle extends Actor {
  static readonly module = import.meta.url
  readonly index: number

  constructor(index: number) {
    super()
    this.index = index
  }

  receive(): number {
    return this.index
  }
}

/** Spawns idle children in its own slot and answers with the bytes of heap that each of them takes. */
export class Crowd extends Actor {
  static readonly module = import.meta.url
  readonly #children: ActorRef<never>[] = []

  async receive(count: number, context: ActorContext): Promise<number> {
    const before = await settledHeap()
    for (let i = 0; i < count; i++) this.#children.push(context.spawn(Idle, { args: [i] }))
    return ((await settledHeap()) - before) / count
  }
}

/** Bytes of heap in use on this thread after a garbage collection, where Node was started with `--expose-gc`. */
async function settledHeap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}
