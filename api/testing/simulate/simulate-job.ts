/**
 * Runs a job through many simulated interleavings and faults, and compares what each run has put out with what an undisturbed one has.
 */
import { pathToFileURL } from 'node:url'
import { MillraceError } from '../../../mailbox/errors.ts'
import { shareCode } from '../../../operators/chain/own-code.ts'
import { describeValue } from '../../build-error.ts'
import { loadJobModule } from '../../execution/job-module.ts'
import { isJobDefinition } from '../../job.ts'
import type { JobDefinition } from '../../job.ts'
import type { FaultKind } from './fault-kinds.ts'
import type { SimulationFailure, SimulationReport } from './report.ts'
import { SeedRun } from './seed-run.ts'
import type { SeedParts, Undisturbed } from './seed-run.ts'
import { checkedOptions } from './simulate-options.ts'
import type { CheckedOptions, SimulateOptions } from './simulate-options.ts'

/**
 * Simulates a job: for every seed it runs on a simulated machine, where the seed chooses the interleaving, what goes wrong and when
 * (`FaultKind`), where checkpoints are made, the parallelism. What the run has put out in the end must be what an undisturbed one puts out. The
 * same seed, job and options replay the same run, step by step (`trace`).
 *
 * The job's functions and sources run as they are, on this thread. Its sinks do not: in the place of each stands one in two phases that keeps
 * what it is given, so a simulation writes nothing, and shows what sinks are told, not what they make of it; but with `readFiles` those that
 * write files do so, on a simulated disk. What cannot be simulated:
 * a job whose output depends on the time of day, on the order of records of different keys, or on what its module remembers from run to run: the
 * module stays in memory when a simulated process dies. Sources should answer at once: what they read from real files costs real
 * time, and a source that waits for the clock of the machine is not replayed exactly.
 *
 * @param job a job, or the URL or path of a module whose default export is one
 * @returns what was found; a failed seed is part of the report. Errors: `INVALID_ARGUMENT`, `INVALID_JOB`, `INVALID_SEED`,
 *   `INVALID_FAULTS`, `INVALID_CHECKPOINT_OPTIONS`, and `SIMULATION_FAILED` when the undisturbed run fails, stands still or does not end
 * @example
 * const report = await simulateJob(new URL('./job.js', import.meta.url), { seeds: 1000 })
 * if (report.failures.length > 0) console.error(report.failures[0])
 */
export async function simulateJob(
  job: JobDefinition | URL | string,
  options: SimulateOptions = {},
): Promise<SimulationReport> {
  const checked = checkedOptions(options)
  const definition = await loaded(job)
  const ownCode = shareCode()
  try {
    return await simulate(definition, checked)
  } finally {
    ownCode()
  }
}

async function simulate(
  definition: JobDefinition,
  checked: CheckedOptions,
): Promise<SimulationReport> {
  const startMs = performance.now()
  const undisturbed = await runUndisturbed(definition, checked)
  const totals = new Totals()
  const parts: SeedParts = { job: definition, options: checked, undisturbed }
  const failures: SimulationFailure[] = []
  let seeds = 0
  while (seeds < checked.seeds && failures.length < checked.maxFailures) {
    const result = await new SeedRun((checked.firstSeed + seeds++) % 2 ** 32, parts).run()
    totals.add(result)
    if (result.failure !== undefined) failures.push(result.failure)
    checked.onSeed?.(result)
  }
  return {
    jobName: definition.name,
    seeds,
    ...totals.counts(),
    durationMs: performance.now() - startMs,
    rows: Object.fromEntries([...undisturbed.rows].map(([output, { length }]) => [output, length])),
    failures,
  }
}

/** Sums over all seeds. */
class Totals {
  readonly #injected: Partial<Record<FaultKind, number>> = {}
  #steps = 0
  #restarts = 0
  #restores = 0
  #processes = 0
  #checkpoints = 0

  add({ injected, steps, restarts, restores, processes, checkpoints }: SeedCounts): void {
    for (const kind of injected) this.#injected[kind] = (this.#injected[kind] ?? 0) + 1
    this.#steps += steps
    this.#restarts += restarts
    this.#restores += restores
    this.#processes += processes
    this.#checkpoints += checkpoints
  }

  counts(): Pick<
    SimulationReport,
    'injected' | 'steps' | 'restarts' | 'restores' | 'processes' | 'checkpoints'
  > {
    return {
      injected: this.#injected,
      steps: this.#steps,
      restarts: this.#restarts,
      restores: this.#restores,
      processes: this.#processes,
      checkpoints: this.#checkpoints,
    }
  }
}

type SeedCounts = Awaited<ReturnType<SeedRun['run']>>

/** The same for every seed, so that one alone is compared with the same as among many. */
async function runUndisturbed(job: JobDefinition, options: CheckedOptions): Promise<Undisturbed> {
  const { trace: _trace, ...quiet } = options
  const run = new SeedRun(0, { job, options: quiet, undisturbed: undefined })
  const { failure } = await run.run()
  if (failure === undefined) return { rows: run.rows, length: run.length }
  throw new MillraceError(
    'SIMULATION_FAILED',
    `The job '${job.name}' must run to its end where nothing goes wrong: ${failure.kind}: ${failure.message}` +
      failure.actors.map((line) => `\n  ${line}`).join(''),
  )
}

async function loaded(job: unknown): Promise<JobDefinition> {
  if (isJobDefinition(job)) return job
  if (job instanceof URL) return loadJobModule(job.href)
  if (typeof job === 'string' && job !== '')
    return loadJobModule(job.startsWith('file:') ? job : pathToFileURL(job).href)
  throw new MillraceError(
    'INVALID_JOB',
    `simulateJob: expected the URL or path of a module, or a job made by defineJob, got ${describeValue(job)}`,
  )
}
