/**
 * What a benchmark says: figures.
 *
 * A benchmark is a module `benchmarks/NAME.ts` that exports `run` (see `Benchmark`); the harness
 * (`main.ts`) finds it by its file name, prints its figures and writes them as JSON.
 */

/** One measured figure with the bounds it is held against. */
export interface Figure {
  /** The benchmark: the name of its file without ending, such as `codec`. */
  readonly name: string
  /** What was measured, its unit included where it has one, such as `encode, columns / msgpack`. */
  readonly metric: string
  /** The figure itself; for repeated runs their median. */
  readonly value: number
  /** The bound that must hold; null: the figure only informs. */
  readonly reach: number | null
  /** The bound worth working for. Where it is below `reach`, smaller figures are better. */
  readonly aim: number | null
  /** The figure of every single run, in the order of the runs; at least one. */
  readonly runs: readonly number[]
  /** (largest run - smallest run) / median; 0 for a single run. */
  readonly spread: number
}

/** What the harness tells every benchmark. */
export interface BenchmarkOptions {
  /** Says what goes on, one line at a time; goes to stderr, so that stdout keeps the figures only. */
  readonly log: (line: string) => void
  /** Names of the queries that are asked for, by benchmarks that have queries; undefined: all. */
  readonly queries?: readonly string[] | undefined
  /** How many events a run has, in benchmarks over events; undefined: so many that the benchmark takes a minute or two. */
  readonly events?: number | undefined
  /** How many rounds count, in benchmarks whose competitors take turns; undefined: as the benchmark likes. */
  readonly rounds?: number | undefined
  /** Milliseconds between two checkpoints, in benchmarks about them; undefined: as the benchmark likes. */
  readonly checkpointMs?: number | undefined
}

/** Why a benchmark does not run, or what it found, where the message says all that is to be known: it is shown without a stack. */
export class Refusal extends Error {
  /** `usage`: the command line asks for something that there is not. */
  readonly kind: 'usage' | 'failure'

  constructor(kind: Refusal['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** The shape of a benchmark module. */
export interface Benchmark {
  /** Measures and returns one figure per row of the table. A rejection fails the whole harness run. */
  readonly run: (options: BenchmarkOptions) => Promise<readonly Figure[]>
}

/** The bounds a figure is held against; leave both out where a figure only informs. */
export interface Bounds {
  readonly reach?: number
  readonly aim?: number
}

/**
 * Makes a figure out of its runs: the value is their median, the spread is taken over all of them.
 * Throws `RangeError` for no runs at all, and for a run that is not a finite number.
 */
export function figure(
  name: string,
  metric: string,
  runs: readonly number[],
  bounds: Bounds = {},
): Figure {
  const value = median(runs)
  const [smallest, largest] = [Math.min(...runs), Math.max(...runs)]
  return {
    name,
    metric,
    value,
    reach: bounds.reach ?? null,
    aim: bounds.aim ?? null,
    runs: [...runs],
    spread: value === 0 ? 0 : (largest - smallest) / Math.abs(value),
  }
}

/**
 * The middle of the numbers in order, or the mean of the two in the middle.
 * Throws `RangeError` for an empty list, and for a number that is not finite.
 */
export function median(numbers: readonly number[]): number {
  for (const number of numbers) {
    if (!Number.isFinite(number))
      throw new RangeError(`median: expected finite numbers, got ${number}`)
  }
  const ordered = [...numbers].sort((a, b) => a - b)
  const middle = ordered.length >> 1
  const upper = ordered[middle]
  if (upper === undefined) throw new RangeError('median: expected at least one number, got none')
  if (ordered.length % 2 === 1) return upper
  return ((ordered[middle - 1] ?? upper) + upper) / 2
}

/**
 * Whether a figure is as good as a bound: at least it where larger is better, at most it where smaller
 * is (the aim is below the reach). Undefined where there is no such bound.
 */
export function holds(measured: Figure, bound: 'reach' | 'aim'): boolean | undefined {
  const limit = measured[bound]
  if (limit === null) return undefined
  return smallerIsBetter(measured) ? measured.value <= limit : measured.value >= limit
}

/** Whether smaller figures are the better ones: the aim is below the reach. */
export function smallerIsBetter({ reach, aim }: Figure): boolean {
  return reach !== null && aim !== null && aim < reach
}
