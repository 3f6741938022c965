import { Actor, ActorSystem } from '../runtime/index.ts'

export class Account extends Actor {
  static readonly module = import.meta.url
  #balance = 0
  receive(message: { readonly deposit: number }): number {
    return (this.#balance += message.deposit)
  }
}

export async function main(): Promise<void> {
  const system = await ActorSystem.start({ slots: 2 })
  const account = await system.spawn(Account)
  await account.tell({ deposit: 100 })
  console.log(await account.ask({ deposit: 20 })) // 120
  await system.stop()
}
