/**
 * Actors that tell, ask, wait, spawn, watch, stop, fail, restart and escalate while snapshots are taken, whose process dies and is resumed from
 * the last one, on another number of slots: in the end the log has everything exactly once that tokens do on paper.
 */
import { ActorSystem } from '../../../runtime/index.ts'
import type { ActorRef } from '../../../runtime/index.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'
import type { Simulator } from '../../../runtime/simulator.ts'
import { whole } from '../shapes/input.ts'
import { Echo, entriesOf, Fragile, Log, nextWorker, Worker } from './busy-workers.ts'
import { untilOneLives } from './mortal-processes.ts'

const TOKENS = 5
const HOPS = 25
const MOST_PROCESSES = 4
/** The longest life of a process that is killed, in steps. */
const LONGEST_LIFE = 900
/** Looks at the log before something counts as lost. */
const MOST_LOOKS = 1_000
/** Long enough, on the virtual clock, for whatever would come twice. */
const AFTERWARDS_MS = 2_000

/** What many seeds have come to. */
export interface BusyReport {
  readonly findings: readonly string[]
  readonly crashes: number
  readonly snapshots: number
  /** Messages in the snapshots. */
  readonly messages: number
}

interface Run {
  readonly random: () => number
  readonly workers: number
  /** The last snapshot. */
  from: Uint8Array | undefined
  crashes: number
  snapshots: number
  messages: number
}

type Entries = readonly string[]

/** Runs seeds until something is found. */
export async function runBusyActors(firstSeed: number, seeds: number): Promise<BusyReport> {
  const sums = { crashes: 0, snapshots: 0, messages: 0 }
  const findings: string[] = []
  for (let seed = firstSeed; seed < firstSeed + seeds && findings.length === 0; seed++) {
    const random = seededRandom(seed)
    const workers = 2 + whole(random, 4)
    const run: Run = { random, workers, from: undefined, crashes: 0, snapshots: 0, messages: 0 }
    const found = await runSeed(seed, run)
    sums.crashes += run.crashes
    sums.snapshots += run.snapshots
    sums.messages += run.messages
    if (found !== undefined) findings.push(`seed ${seed}: ${found}`)
  }
  return { findings, ...sums }
}

/** What is wrong; undefined: nothing. */
async function runSeed(seed: number, run: Run): Promise<string | undefined> {
  const mortality = {
    seed,
    random: run.random,
    mostProcesses: MOST_PROCESSES,
    longestLife: LONGEST_LIFE,
    maxSteps: 400_000,
    onEnd: (_steps: number, killed: boolean) => {
      if (killed) run.crashes++
    },
  }
  return compare(await untilOneLives(mortality, (simulator) => live(simulator, run)))
}

async function live(simulator: Simulator, run: Run): Promise<Entries> {
  const { from } = run
  const system = await ActorSystem.start({
    host: simulator,
    ...(from === undefined ? {} : { from }),
  })
  if (from === undefined) await begin(system, run)
  const [log] = system.find(Log)
  if (log === undefined) throw new Error('the log is gone')
  const pass = (spanMs: number): Promise<void> =>
    new Promise((resolve) => {
      simulator.clock.schedule(spanMs, resolve)
    })
  const { length } = expected()
  for (let look = 0; look < MOST_LOOKS; look++) {
    if (look % 3 === 0) {
      // One, or two at the same time; not always waited for.
      const taken = Array.from({ length: 1 + (look % 2) }, () => take(system, run))
      if (run.random() < 0.7) await Promise.all(taken)
    }
    if ((await entriesIn(log)).length >= length) break
    await pass(run.random() * 10)
  }
  await pass(AFTERWARDS_MS)
  const entries = await entriesIn(log)
  await system.stop()
  return entries
}

async function take(system: ActorSystem, run: Run): Promise<void> {
  const { bytes, messages } = await system.snapshot({ timeoutMs: 60_000 })
  run.from = bytes
  run.snapshots++
  run.messages += messages
}

async function entriesIn(log: ActorRef<{ readonly type: 'read' }>): Promise<Entries> {
  return (await log.ask({ type: 'read' }, { timeoutMs: Number.POSITIVE_INFINITY })) as Entries
}

async function begin(system: ActorSystem, { random, workers: count }: Run): Promise<void> {
  const log = await system.spawn(Log, { mailboxCapacity: 1 + whole(random, 6) })
  const echo = await system.spawn(Echo, { mailboxCapacity: 1 + whole(random, 3) })
  const fragile = await system.spawn(Fragile, {
    args: [log],
    supervision: { maxRestarts: Number.POSITIVE_INFINITY, backoff: { maxMs: 20 } },
  })
  const workers = []
  for (let i = 0; i < count; i++) {
    const mailboxCapacity = 1 + whole(random, 4)
    const supervision = { onFailure: 'resume' } as const
    workers.push(await system.spawn(Worker, { mailboxCapacity, supervision }))
  }
  for (const worker of workers)
    await worker.ask({ type: 'connect', workers, log, echo, fragile }, { timeoutMs: 60_000 })
  for (let token = 0; token < TOKENS; token++) {
    const first = { token, hops: HOPS }
    void workers[nextWorker(first, count)]?.tell({ type: 'token', ...first })
  }
}

/** On paper. */
function expected(): Entries {
  const tokens = Array.from({ length: TOKENS }, (_, token) => token)
  const hops = Array.from({ length: HOPS + 1 }, (_, left) => left)
  return tokens.flatMap((token) => hops.flatMap((left) => entriesOf({ token, hops: left })))
}

function compare(actual: Entries): string | undefined {
  const rest = [...actual]
  const missing: string[] = []
  for (const entry of expected()) {
    const at = rest.indexOf(entry)
    if (at < 0) missing.push(entry)
    else rest.splice(at, 1)
  }
  if (missing.length === 0 && rest.length === 0) return undefined
  return `missing: ${missing.join(', ')}; too many: ${rest.join(', ')}`
}
