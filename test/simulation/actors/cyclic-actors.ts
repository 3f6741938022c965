/**
 * Actors in cycles whose process dies and is resumed from the last snapshot, at another number of slots: in the end every place has seen
 * every token exactly as often as a walk on paper takes it there.
 */
import { ActorSystem } from '../../../runtime/index.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'
import type { Simulator } from '../../../runtime/simulator.ts'
import type { ShapeReport } from '../run-shape.ts'
import { whole } from '../shapes/input.ts'
import { untilOneLives } from './mortal-processes.ts'
import { nextPlace, Place, visit } from './walkers.ts'
import type { Token } from './walkers.ts'

/** The name on the command line. */
export const CYCLIC_ACTORS = 'cyclic-actors'

const TOKENS = 4
const HOPS = 25
const MOST_PROCESSES = 5
/** The longest life of a process that is killed, in steps. */
const LONGEST_LIFE = 400

interface Run {
  readonly random: () => number
  readonly places: number
  /** The last snapshot. */
  from: Uint8Array | undefined
  steps: number
  crashes: number
  snapshots: number
  restores: number
}

type Process = { readonly simulator: Simulator; readonly run: Run }

/** Runs seeds until something is found. */
export async function runCyclicActors(
  firstSeed: number,
  seeds: number,
  onSeed?: () => void,
): Promise<ShapeReport> {
  const sums = { steps: 0, crashes: 0, checkpoints: 0, restores: 0 }
  const findings: ShapeReport['findings'][number][] = []
  let seed = firstSeed
  while (seed < firstSeed + seeds && findings.length === 0) {
    const random = seededRandom(seed)
    const places = 2 + whole(random, 4)
    const run: Run = {
      random,
      places,
      from: undefined,
      steps: 0,
      crashes: 0,
      snapshots: 0,
      restores: 0,
    }
    const message = await runSeed(seed, run)
    sums.steps += run.steps
    sums.crashes += run.crashes
    sums.checkpoints += run.snapshots
    sums.restores += run.restores
    if (message !== undefined)
      findings.push({ seed, kind: 'wrong output', message, faults: [], actors: [] })
    seed++
    onSeed?.()
  }
  const injected = { process: sums.crashes }
  return {
    shape: CYCLIC_ACTORS,
    mode: 'aligned',
    seeds: seed - firstSeed,
    ...sums,
    injected,
    findings,
  }
}

/** What is wrong; undefined: nothing. */
async function runSeed(seed: number, run: Run): Promise<string | undefined> {
  const mortality = {
    seed,
    random: run.random,
    mostProcesses: MOST_PROCESSES,
    longestLife: LONGEST_LIFE,
    maxSteps: 100_000,
    onEnd: (steps: number, killed: boolean) => {
      run.steps += steps
      if (killed) run.crashes++
    },
  }
  const seen = await untilOneLives(mortality, (simulator) => live({ simulator, run }))
  return compare(expectedVisits(run.places), seen)
}

type Seen = readonly (readonly string[])[]

async function live({ simulator, run }: Process): Promise<Seen> {
  const { from } = run
  if (from !== undefined) run.restores++
  const system = await ActorSystem.start({
    host: simulator,
    ...(from === undefined ? {} : { from }),
  })
  if (from === undefined) await begin(system, run.places)
  const places = system.find(Place)
  const visits = TOKENS * (HOPS + 1)
  for (;;) {
    const { bytes, messages } = await system.snapshot()
    run.from = bytes
    run.snapshots++
    const seen = await Promise.all(places.map((place) => place.ask({ type: 'read' })))
    const count = seen.reduce((sum, { length }) => sum + length, 0)
    // Nothing is on its way: more does not come.
    if (count >= visits || messages === 0) {
      await system.stop()
      return seen
    }
  }
}

async function begin(system: ActorSystem, count: number): Promise<void> {
  const places = []
  for (let i = 0; i < count; i++) places.push(await system.spawn(Place))
  for (const place of places) await place.ask({ type: 'connect', places })
  for (const [at, { token, hops }] of firstVisits(count))
    void places[at]?.tell({ type: 'token', token, hops })
}

function firstVisits(places: number): [at: number, token: Token][] {
  return Array.from({ length: TOKENS }, (_, token) => {
    const first = { token, hops: HOPS }
    return [nextPlace(first, places), first]
  })
}

/** The walk of each token, on paper. */
function expectedVisits(places: number): Seen {
  const seen: string[][] = Array.from({ length: places }, () => [])
  for (let token = 0; token < TOKENS; token++) {
    for (let hops = HOPS; hops >= 0; hops--)
      seen[nextPlace({ token, hops }, places)]?.push(visit({ token, hops }))
  }
  return seen
}

function compare(expected: Seen, actual: Seen): string | undefined {
  for (const [place, visits] of expected.entries()) {
    const should = visits.toSorted().join(' ')
    const is = (actual[place] ?? []).toSorted().join(' ')
    if (should !== is) return `place ${place} has seen ${is}, and should have seen ${should}`
  }
  return undefined
}
