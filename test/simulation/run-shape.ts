/**
 * Runs seeds of one shape in one mode of checkpoints, through everything that `simulateJob` can let go wrong.
 */
import type { CheckpointOptions } from '../../api/index.ts'
import { simulateJob } from '../../api/testing/index.ts'
import type { FaultKind, SimulationFailure } from '../../api/testing/index.ts'
import { seededRandom } from '../../runtime/seeded-random.ts'
import { MODES } from './modes.ts'
import type { Mode } from './modes.ts'
import { atLeastOnce, exactlyOnce } from './oracle.ts'
import type { Shape } from './shapes/shape.ts'

/** So many seeds share an input. */
const SEEDS_PER_INPUT = 40

/** Which runs, and who hears of them. */
export interface ShapeRunOptions {
  readonly mode: Mode
  readonly firstSeed: number
  readonly seeds: number
  /** What is said of checkpoints besides their mode. Default: the seed decides. */
  readonly checkpoints?: CheckpointOptions
  /** Default: everything may go wrong. */
  readonly faults?: readonly FaultKind[]
  /** Ends with this number of findings. Default: 1. */
  readonly maxFindings?: number
  readonly trace?: (line: string) => void
  readonly onSeed?: () => void
}

/** What was found, and how much was tried. */
export interface ShapeReport {
  readonly shape: string
  readonly mode: Mode
  readonly seeds: number
  readonly steps: number
  /** Faults that ended something: user code, operations, threads, processes. */
  readonly crashes: number
  /** Faults of every kind. */
  readonly injected: Readonly<Partial<Record<FaultKind, number>>>
  readonly checkpoints: number
  /** Attempts that began with a checkpoint. */
  readonly restores: number
  readonly findings: readonly SimulationFailure[]
}

const CRASHES: readonly FaultKind[] = ['actor', 'operation', 'slot', 'process', 'power']

/** Runs them. */
export async function runShape(shape: Shape, options: ShapeRunOptions): Promise<ShapeReport> {
  const { mode, firstSeed, seeds, maxFindings = 1 } = options
  const totals = new Totals()
  let seed = firstSeed
  while (seed < firstSeed + seeds && totals.findings.length < maxFindings) {
    const input = Math.floor(seed / SEEDS_PER_INPUT)
    const end = Math.min(firstSeed + seeds, (input + 1) * SEEDS_PER_INPUT)
    await runInput(shape, input, { ...options, firstSeed: seed, seeds: end - seed }, totals)
    seed = end
  }
  return { shape: shape.name, mode, ...totals.counts() }
}

async function runInput(
  shape: Shape,
  input: number,
  options: ShapeRunOptions,
  totals: Totals,
): Promise<void> {
  const { mode, firstSeed, seeds, faults, maxFindings = 1, trace, onSeed } = options
  const made = shape.make(seededRandom(input))
  const oracle = mode === 'at-least-once' ? atLeastOnce(made) : exactlyOnce(made)
  const report = await simulateJob(made.job, {
    firstSeed,
    seeds,
    checkpoints: { ...MODES[mode], ...options.checkpoints },
    check: oracle,
    maxFailures: maxFindings,
    ...(made.parallelism === undefined ? {} : { parallelism: made.parallelism }),
    ...(made.readFiles === undefined ? {} : { readFiles: made.readFiles }),
    ...(faults === undefined ? {} : { faults }),
    ...(trace === undefined ? {} : { trace }),
    ...(onSeed === undefined ? {} : { onSeed }),
  })
  totals.add(report)
}

/** The command that runs one seed again. */
export function replayCommand(shape: string, mode: Mode, seed: number): string {
  return `npm run simulate -- --shape ${shape} --mode ${mode} --seed ${seed} --trace`
}

/** A finding as lines of text. */
export function describeFinding(shape: string, mode: Mode, finding: SimulationFailure): string {
  const { seed, kind, message, faults, actors } = finding
  return [
    `${shape}, ${mode}, seed ${seed}: ${kind}: ${message}`,
    ...[...faults, ...actors].map((line) => `  ${line}`),
    `  replay it with: ${replayCommand(shape, mode, seed)}`,
  ].join('\n')
}

type SimulationReport = Awaited<ReturnType<typeof simulateJob>>

class Totals {
  readonly findings: SimulationFailure[] = []
  readonly #injected: Partial<Record<FaultKind, number>> = {}
  #seeds = 0
  #steps = 0
  #checkpoints = 0
  #restores = 0

  add({ seeds, steps, checkpoints, restores, injected, failures }: SimulationReport): void {
    this.#seeds += seeds
    this.#steps += steps
    this.#checkpoints += checkpoints
    this.#restores += restores
    this.findings.push(...failures)
    for (const [kind, times] of Object.entries(injected) as [FaultKind, number][])
      this.#injected[kind] = (this.#injected[kind] ?? 0) + times
  }

  counts(): Omit<ShapeReport, 'shape' | 'mode'> {
    return {
      seeds: this.#seeds,
      steps: this.#steps,
      checkpoints: this.#checkpoints,
      restores: this.#restores,
      injected: this.#injected,
      crashes: CRASHES.reduce((sum, kind) => sum + (this.#injected[kind] ?? 0), 0),
      findings: this.findings,
    }
  }
}
