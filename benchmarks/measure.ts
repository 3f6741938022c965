/**
 * How the benchmarks measure, so that all of them do it the same way.
 *
 * - `alternate`: whole runs of competitors in one process, taking turns, so that what the machine
 *   does meanwhile hits all of them alike; compare them by `ratios`, round by round.
 * - `opsPerSecond`: single functions, measured by tinybench.
 */
import { Bench } from 'tinybench'
import { untilQuiet } from './quiet.ts'

/** A competitor: one call is one whole run; returns the figure of that run (such as records/s). */
export type Competitor = () => number | Promise<number>

/** How often competitors run. */
export interface AlternateOptions {
  /** Rounds that count; every competitor runs once in each. Default: 5. */
  readonly rounds?: number
  /**
   * Rounds before those, which do not count. `steady`: everybody by himself, one run behind the other, until eight in a row were not a twentieth better
   * than the best before them, 40 runs or 15 seconds at the most, three runs at the least; only where more is better. What is compiled in the
   * background is not there after one round: V8 takes some 20 runs of a tenth of a second where two threads work on two cores. Default: 1.
   */
  readonly warmups?: number | 'steady'
  /** Awaited before each turn. Default: until the machine is quiet. */
  readonly between?: () => unknown
}

const STEADY = { atLeast: 3, atMost: 40, atMostMs: 15_000, gain: 1.05, calmRuns: 8 }

/**
 * Runs competitors in turns and returns the figures of each, in the order of the rounds. Every second
 * round goes backwards, so that none always runs after the same other one. Before each turn the garbage
 * collector runs where it is exposed (`--expose-gc`), and what others still have to do is waited for.
 * Throws `RangeError` for fewer than one round or a negative number of warm-ups.
 *
 * @example
 *   const runs = await alternate({ ours: () => recordsPerSecond(…), theirs: () => … })
 *   figure('exchange', 'ours / theirs', ratios(runs.ours, runs.theirs), { reach: 2.5, aim: 3 })
 */
export async function alternate<Name extends string>(
  competitors: Readonly<Record<Name, Competitor>>,
  { rounds = 5, warmups = 1, between = untilQuiet }: AlternateOptions = {},
): Promise<Record<Name, number[]>> {
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`alternate: expected at least 1 round, got ${rounds}`)
  }
  if (warmups !== 'steady' && (!Number.isInteger(warmups) || warmups < 0)) {
    throw new RangeError(`alternate: expected 0 or more warm-ups, got ${warmups}`)
  }
  const names = Object.keys(competitors) as Name[]
  const runs = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Name,
    number[]
  >
  let started = 0
  const oneRound = async (): Promise<number[]> => {
    const order = started++ % 2 === 0 ? [...names].reverse() : names
    const measured = new Map<Name, number>()
    for (const name of order) {
      globalThis.gc?.()
      await between()
      measured.set(name, await competitors[name]())
    }
    return names.map((name) => measured.get(name) as number)
  }
  if (warmups === 'steady') for (const name of names) await untilSteady(competitors[name])
  else for (let round = 0; round < warmups; round++) await oneRound()
  for (let round = 0; round < rounds; round++) {
    const measured = await oneRound()
    names.forEach((name, at) => runs[name].push(measured[at] as number))
  }
  return runs
}

async function untilSteady(competitor: Competitor): Promise<void> {
  const start = performance.now()
  let best = 0
  let calm = 0
  for (let run = 1; run <= STEADY.atMost; run++) {
    const figure = await competitor()
    calm = figure > STEADY.gain * best ? 0 : calm + 1
    best = Math.max(figure, best)
    if (calm >= STEADY.calmRuns) return
    if (run >= STEADY.atLeast && performance.now() - start >= STEADY.atMostMs) return
  }
}

/**
 * `ours[i] / theirs[i]` for every round. Throws `RangeError` when the lists differ in length.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new RangeError(`ratios: expected as many runs, got ${ours.length} and ${theirs.length}`)
  }
  return ours.map((our, round) => our / (theirs[round] ?? Number.NaN))
}

/** The geometric mean of ratios. Throws `RangeError` for none, and for one that is not above 0. */
export function geometricMean(numbers: readonly number[]): number {
  let logarithms = 0
  for (const number of numbers) {
    if (!(number > 0))
      throw new RangeError(`geometricMean: expected numbers above 0, got ${number}`)
    logarithms += Math.log(number)
  }
  if (numbers.length === 0) throw new RangeError('geometricMean: expected at least one number')
  return Math.exp(logarithms / numbers.length)
}

/** Calls `work` once and returns how many of `count` things it did per second. */
export async function perSecond(count: number, work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return (count * 1000) / (performance.now() - start)
}

/** How long tinybench measures. */
export interface OpsOptions {
  /** Milliseconds that each function is measured for. Default: 500. */
  readonly timeMs?: number
  /** Milliseconds that each function is warmed up for. Default: 250. */
  readonly warmupMs?: number
}

/**
 * Calls per second of single functions by tinybench: the median over its samples, by name. For small
 * differences let `alternate` repeat this. Rejects with the error of a function that throws.
 */
export async function opsPerSecond<Name extends string>(
  functions: Readonly<Record<Name, () => unknown>>,
  { timeMs = 500, warmupMs = 250 }: OpsOptions = {},
): Promise<Record<Name, number>> {
  const bench = new Bench({ time: timeMs, warmupTime: warmupMs, throws: true })
  const names = Object.keys(functions) as Name[]
  for (const name of names) bench.add(name, functions[name])
  await bench.run()
  const measured = names.map((name) => [name, medianOf(bench, name)])
  return Object.fromEntries(measured) as Record<Name, number>
}

function medianOf(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.result
  if (result?.state !== 'completed') {
    throw new Error(`opsPerSecond: ${name} did not complete, its state is ${result?.state}`)
  }
  return result.throughput.p50
}
