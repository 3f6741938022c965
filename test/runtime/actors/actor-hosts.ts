/** The hosts that every promise of the actor system is tested on. */
import { ActorSystem } from '../../../runtime/index.ts'
import type { ActorRef, Terminated } from '../../../runtime/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'

/** One host. */
export interface TestHost {
  readonly name: string
  start(slots?: number): Promise<ActorSystem>
}

export const HOSTS: readonly TestHost[] = [
  { name: 'threads', start: (slots = 2) => ActorSystem.start({ slots }) },
  { name: 'inline', start: (slots = 2) => ActorSystem.start({ slots, host: 'inline' }) },
  {
    name: 'simulator',
    start: (slots = 2) => ActorSystem.start({ host: new Simulator({ seed: 42, slots }) }),
  },
]

/** Runs `use` with a system, which is stopped in any case. */
export async function withSystem(
  host: TestHost,
  use: (system: ActorSystem) => Promise<void>,
  slots?: number,
): Promise<void> {
  const system = await host.start(slots)
  try {
    await use(system)
  } finally {
    await system.stop({ timeoutMs: 1_000 })
  }
}

/** Resolves when the actor has ended. */
export function ended(actor: ActorRef<never>): Promise<Terminated> {
  return new Promise((resolve) => {
    actor.watch(resolve)
  })
}
