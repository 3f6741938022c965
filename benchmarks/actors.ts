/**
 * What an actor costs: a message from slot to slot, a question and its answer, and an actor that does nothing.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ActorSystem } from '../runtime/index.ts'
import { asker, Crowd, echo, tally, teller } from './actors/actors.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { figure } from './figure.ts'

const TELLS = 5_000_000
const ASKS = 5_000
const IDLE_ACTORS = 100_000
const WARM_UPS = 2
const ROUNDS = 5

/** Measures the figures of the actor system on two threads. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  // Before the threads start, so that they have it too.
  setFlagsFromString('--expose-gc')
  globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction
  const tells: number[] = []
  const asks: number[] = []
  const mainAsks: number[] = []
  const bytes: number[] = []
  const system = await ActorSystem.start({ slots: 2 })
  try {
    for (let round = -WARM_UPS; round < ROUNDS; round++) {
      log(`tell and ask, round ${round + 1}`)
      const perSecond = await tellsPerSecond(system)
      const askUs = await askMedianUs(system)
      const mainUs = await askFromMainUs(system)
      if (round < 0) continue
      tells.push(perSecond / 1e6)
      asks.push(askUs)
      mainAsks.push(mainUs)
    }
    log(`${IDLE_ACTORS} idle actors`)
    for (let round = 0; round < 3; round++) bytes.push(await bytesPerActor(system))
  } finally {
    await system.stop()
  }
  return [
    figure('actors', 'tell slot to slot, million messages/s', tells, { reach: 1, aim: 5 }),
    figure('actors', 'ask slot to slot, median round trip, µs', asks, { reach: 200, aim: 100 }),
    figure('actors', 'ask from the main thread, median round trip, µs', mainAsks),
    figure('actors', 'idle actor, bytes', bytes, { reach: 1_500, aim: 500 }),
  ]
}

async function tellsPerSecond(system: ActorSystem): Promise<number> {
  const to = await system.spawn(tally, { slot: 2 })
  const from = await system.spawn(teller, { slot: 1 })
  const start = performance.now()
  const count = await from.ask({ to, count: TELLS }, { timeoutMs: 60_000 })
  const seconds = (performance.now() - start) / 1000
  if (count !== TELLS) throw new Error(`Expected ${TELLS} messages, got ${count}`)
  await Promise.all([to.stop(), from.stop()])
  return TELLS / seconds
}

async function askMedianUs(system: ActorSystem): Promise<number> {
  const to = await system.spawn(echo, { slot: 2 })
  const from = await system.spawn(asker, { slot: 1 })
  const us = await from.ask({ to, count: ASKS }, { timeoutMs: 60_000 })
  await Promise.all([to.stop(), from.stop()])
  return us
}

async function askFromMainUs(system: ActorSystem): Promise<number> {
  const to = await system.spawn(echo, { slot: 1 })
  const spans: number[] = []
  for (let i = 0; i < ASKS; i++) {
    const start = performance.now()
    await to.ask(i)
    spans.push(performance.now() - start)
  }
  await to.stop()
  spans.sort((a, b) => a - b)
  return (spans[ASKS >> 1] ?? Number.NaN) * 1000
}

async function bytesPerActor(system: ActorSystem): Promise<number> {
  const crowd = await system.spawn(Crowd, { slot: 1 })
  const bytes = await crowd.ask(IDLE_ACTORS, { timeoutMs: 60_000 })
  await crowd.stop()
  return bytes
}
