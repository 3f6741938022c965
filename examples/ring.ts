/**
 * Money moves around a ring of accounts, in threads of their own. Snapshots are taken meanwhile, and each of them is resumed: whatever was
 * on its way, not a cent is lost or doubled.
 */
import { Actor, ActorSystem } from '../runtime/index.ts'
import type { ActorContext, ActorRef, Asks, Stateful } from '../runtime/index.ts'

export type AccountMessage =
  | { readonly type: 'open'; readonly next: ActorRef<AccountMessage> }
  | { readonly type: 'transfer'; readonly amount: number; readonly hops: number }
  | ({ readonly type: 'read' } & Asks<AccountState>)

export interface AccountState {
  readonly balance: number
  /** Transfers that went no further. */
  readonly ended: number
  readonly next: ActorRef<AccountMessage> | undefined
}

/** Takes what it is sent and sends some of what it has to the next, as often as the transfer has hops. */
export class Account extends Actor<AccountMessage> implements Stateful<AccountState> {
  static readonly module = import.meta.url
  #balance: number
  #ended = 0
  #next: ActorRef<AccountMessage> | undefined

  constructor(balance: number) {
    super()
    this.#balance = balance
  }

  receive(message: AccountMessage, context: ActorContext<AccountMessage>): AccountState | void {
    if (message.type === 'read') return this.snapshot()
    if (message.type === 'open') this.#next = message.next
    else this.#pass(message.amount, message.hops, context.random())
  }

  snapshot(): AccountState {
    return { balance: this.#balance, ended: this.#ended, next: this.#next }
  }

  restore({ balance, ended, next }: AccountState): void {
    this.#balance = balance
    this.#ended = ended
    this.#next = next
  }

  #pass(received: number, hops: number, share: number): void {
    this.#balance += received
    if (hops === 0) {
      this.#ended++
      return
    }
    const amount = Math.floor(this.#balance * share)
    this.#balance -= amount
    void this.#next?.tell({ type: 'transfer', amount, hops: hops - 1 })
  }
}

/** Opens `count` accounts of 1,000 each and starts one transfer from each. */
export async function openRing(system: ActorSystem, count: number, hops: number): Promise<void> {
  const accounts: ActorRef<AccountMessage>[] = []
  for (let i = 0; i < count; i++) accounts.push(await system.spawn(Account, { args: [1_000] }))
  for (const [i, account] of accounts.entries()) {
    const next = accounts[(i + 1) % count]
    // An ask: a tell could be overtaken by the first transfer from another slot.
    if (next !== undefined) await account.ask({ type: 'open', next })
  }
  for (const account of accounts) await account.tell({ type: 'transfer', amount: 0, hops })
}

/** Waits until all transfers have ended and returns the sum of all balances. */
export async function finalSum(system: ActorSystem): Promise<number> {
  const accounts = system.find(Account)
  const readAll = (): Promise<AccountState[]> =>
    Promise.all(accounts.map((account) => account.ask({ type: 'read' })))
  let ended = 0
  while (ended < accounts.length) {
    ended = (await readAll()).reduce((sum, state) => sum + state.ended, 0)
  }
  // Once more: while money moved, those balances were not of one moment. Only a snapshot's are.
  return (await readAll()).reduce((sum, { balance }) => sum + balance, 0)
}

/** Runs the ring with `snapshots` snapshots of it; returns the sum of the run itself and those of the runs resumed from each. */
export async function main(count = 6, hops = 20_000, snapshots = 3): Promise<number[]> {
  const system = await ActorSystem.start({ slots: 2 })
  await openRing(system, count, hops)
  const taken = []
  for (let i = 0; i < snapshots; i++) taken.push(await system.snapshot())
  const sums = [await finalSum(system)]
  await system.stop()
  for (const from of taken) {
    const resumed = await ActorSystem.start({ from, slots: 3 })
    sums.push(await finalSum(resumed))
    await resumed.stop()
  }
  console.log(`${count} accounts, ${count * 1_000} in all; at the end: ${sums.join(', ')}`)
  return sums
}
