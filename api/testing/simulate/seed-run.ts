/**
 * The run of one seed: one process after the other, until the job has ended; then its output is looked at.
 */
import { fixedDelay } from '../../../checkpoint/recovery/restart-strategy.ts'
import type { CheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import type { RunOptions } from '../../execution/run-options.ts'
import type { Surroundings } from '../../execution/surroundings.ts'
import type { JobDefinition } from '../../job.ts'
import { compareOutputs } from './compare-outputs.ts'
import type { OutputRows } from './compare-outputs.ts'
import type { FaultKind } from './fault-kinds.ts'
import { FaultPlan } from './fault-plan.ts'
import type { RunLength } from './fault-plan.ts'
import { CHECKPOINTS_FOLDER, OutsideWorld } from './outside-world.ts'
import type { OutputRow } from './outside-world.ts'
import type { SeedResult, SimulationFailure } from './report.ts'
import type { CheckedOptions, Outputs, SimulatedCheckpoints } from './simulate-options.ts'
import { runProcess } from './simulated-process.ts'
import type { ProcessEnd } from './simulated-process.ts'

/** 2020-01-01T00:00:00Z */
const START_MS = 1_577_836_800_000
/** A process that fails because of its disk is started again this often. */
const MOST_PROCESSES = 20
/** A minute or so: a job that takes longer has no end, or is too long to be run for many seeds. */
const MOST_UNDISTURBED_STEPS = 2_000_000
const RESTART = fixedDelay({ attempts: 100, delayMs: 5 })
/** Seeds of the choices that are not about interleaving. */
const CHOICES = 0x5bd1e995
const PROCESSES = 0x9e3779b1

/** What all seeds are compared with. */
export interface Undisturbed {
  readonly rows: OutputRows
  readonly length: RunLength
}

/** What is the same for all seeds. */
export interface SeedParts {
  readonly job: JobDefinition
  readonly options: CheckedOptions
  /** Undefined: this is the undisturbed run. */
  readonly undisturbed: Undisturbed | undefined
}

/** See the head of this file. */
export class SeedRun {
  readonly seed: number
  readonly #parts: SeedParts
  readonly #plan: FaultPlan
  readonly #world: OutsideWorld
  readonly #choices: RunChoices
  readonly #faults: string[] = []
  readonly #injected: FaultKind[] = []
  #rows: OutputRows = new Map()
  #steps = 0
  #controls = 0
  #restarts = 0
  #restores = 0
  #checkpoints = 0
  #nowMs = START_MS
  /** What the process runs on. */
  #simulator: Simulator | undefined
  /** In this process. */
  #diskFailed = false
  /** Faults of the processes before this one. */
  #faultsBefore = 0

  constructor(seed: number, parts: SeedParts) {
    this.seed = seed
    this.#parts = parts
    const { options, undisturbed } = parts
    const random = seededRandom((seed ^ CHOICES) >>> 0)
    const length = undisturbed?.length ?? { steps: 0, controls: 0 }
    this.#plan = new FaultPlan(undisturbed === undefined ? [] : options.faults, length, random)
    this.#plan.onDiskFault = (kind, call) => {
      this.#diskFailed = true
      this.#note(kind, `it meets ${call}`)
    }
    this.#choices = choose(options, random)
    const { order = {}, readFiles } = options
    this.#world = new OutsideWorld({ random, plan: this.#plan, order, readFiles })
  }

  /** Steps and messages of the control plane so far. */
  get length(): RunLength {
    return { steps: this.#steps, controls: this.#controls }
  }

  /** What the job has put out in the end. */
  get rows(): OutputRows {
    return this.#rows
  }

  /** Runs the seed. Never rejects because of the job. */
  async run(): Promise<SeedResult> {
    let collected: ProcessEnd & { kind: 'finished' }
    for (;;) {
      const simulator = this.#newSimulator()
      const end = await this.#runProcess(simulator)
      this.#steps += simulator.steps
      this.#controls += simulator.controls
      this.#nowMs = simulator.clock.now()
      if (end.kind === 'finished') {
        collected = end
        break
      }
      const failure = this.#failureOf(end, simulator)
      if (failure !== undefined) return this.#result(failure)
      this.#world.processDied(this.#plan.powerFails)
      this.#plan.nextProcess()
      const { wrong } = await this.#readFiles()
      if (wrong !== undefined) return this.#result(wrong)
    }
    if (this.#plan.mayLosePower) this.#world.powerFailsAtEnd()
    const { wrong, files } = await this.#readFiles()
    if (wrong !== undefined) return this.#result(wrong)
    this.#rows = new Map([...this.#world.visible(), ...files])
    this.#restarts += collected.result.restarts
    this.#checkpoints = collected.result.checkpoints.completed
    return this.#result(this.#check(collected.collected))
  }

  async #readFiles(): Promise<{
    readonly files: OutputRows
    readonly wrong?: SimulationFailure
  }> {
    try {
      return { files: await this.#world.files() }
    } catch (error) {
      const where = `the files behind process ${this.#world.processes}`
      const message = `${where}: ${error instanceof Error ? error.message : String(error)}`
      return { files: new Map(), wrong: this.#failure('wrong output', message) }
    }
  }

  #newSimulator(): Simulator {
    const { options, undisturbed } = this.#parts
    const { trace } = options
    const simulator = new Simulator({
      seed: (this.seed + Math.imul(this.#world.processes, PROCESSES)) >>> 0,
      slots: this.#choices.slots,
      startMs: this.#nowMs,
      maxSteps: Math.max(1, this.#maxSteps(undisturbed) - this.#steps),
      faults: this.#plan,
      ...(trace === undefined ? {} : { trace }),
    })
    this.#simulator = simulator
    simulator.onFault = (fault, text) => {
      const isPower = fault.kind === 'process' && this.#plan.powerFails
      this.#note(isPower ? 'power' : fault.kind, text)
    }
    return simulator
  }

  #maxSteps(undisturbed: Undisturbed | undefined): number {
    const { maxSteps } = this.#parts.options
    if (maxSteps !== undefined) return maxSteps
    return undisturbed === undefined
      ? MOST_UNDISTURBED_STEPS
      : 20 * undisturbed.length.steps + 20_000
  }

  #runProcess(simulator: Simulator): Promise<ProcessEnd> {
    const { job, options, undisturbed } = this.#parts
    const endsProcess = this.#plan.endsProcess
    const onDisk = endsProcess || undisturbed === undefined
    const number = this.#world.processes
    const surroundings: Surroundings = {
      ...this.#world.newProcess(simulator, onDisk),
      onCheckpoint: ({ id, state, bytes, reason }) => {
        const text =
          state === 'completed' ? `${bytes ?? 0} bytes` : `because of ${reason ?? 'an error'}`
        simulator.note('main', `${state} checkpoint ${id ?? 'without a number'}, ${text}`)
      },
    }
    this.#diskFailed = false
    this.#faultsBefore = this.#faults.length
    const parallelism = this.#choices.parallelism(number)
    if (options.trace !== undefined)
      options.trace(`process ${number + 1} begins, parallelism ${parallelism}`)
    const checkpoints: CheckpointOptions = {
      ...this.#choices.checkpoints,
      ...(onDisk ? { directory: CHECKPOINTS_FOLDER } : {}),
    }
    const { args, maxParallelism } = options
    const runOptions: RunOptions = {
      parallelism,
      codec: this.#choices.codec,
      checkpoints,
      resume: onDisk,
      restart: RESTART,
      onRestart: ({ error }) => {
        simulator.note('main', `the job starts again: ${String(error)}`)
      },
      onRestore: ({ checkpointId, damaged, incomplete }) => {
        if (checkpointId !== undefined) this.#restores++
        const passed = damaged.length + incomplete.length
        const others = passed === 0 ? '' : `; ${passed} newer ones are damaged or incomplete`
        simulator.note('main', `begins with checkpoint ${checkpointId ?? 'none'}${others}`)
      },
      ...(args === undefined ? {} : { args }),
      ...(maxParallelism === undefined ? {} : { maxParallelism }),
    }
    return runProcess({ job, simulator, surroundings, options: runOptions })
  }

  /** What is wrong with the end of a process; undefined: it is to be expected, another process follows. */
  #failureOf(end: ProcessEnd, simulator: Simulator): SimulationFailure | undefined {
    switch (end.kind) {
      case 'finished':
      case 'killed':
        return undefined
      case 'failed':
        // What fails before the first record is not tried again by the job, but by whoever has started it.
        if (this.#mayFail(end.deployed) && this.#world.processes < MOST_PROCESSES) return undefined
        return this.#failure('job failed', errorText(end.error))
      case 'no progress':
        return this.#failure('no progress', end.message, simulator.describe())
    }
  }

  #mayFail(deployed: boolean): boolean {
    return this.#diskFailed || (!deployed && this.#faults.length > this.#faultsBefore)
  }

  #check(collected: ReadonlyMap<string, readonly unknown[]>): SimulationFailure | undefined {
    const { options, undisturbed } = this.#parts
    if (undisturbed === undefined) return undefined
    const rows = new Map(this.#rows)
    for (const [output, values] of collected) {
      const added = values.map((value) => this.#world.row(output, value))
      if (added.length > 0) rows.set(output, [...(rows.get(output) ?? []), ...added])
    }
    const wrong =
      options.check?.(outputsOf(rows), outputsOf(undisturbed.rows)) ??
      (options.check === undefined && options.checkpoints?.mode !== 'at-least-once'
        ? compareOutputs(undisturbed.rows, rows)
        : undefined)
    return wrong === undefined ? undefined : this.#failure('wrong output', wrong)
  }

  #note(kind: FaultKind, text: string): void {
    const steps = this.#simulator?.steps ?? 0
    this.#injected.push(kind)
    this.#faults.push(`process ${this.#world.processes}, step ${steps}: ${kind}: ${text}`)
  }

  #failure(
    kind: SimulationFailure['kind'],
    message: string,
    actors: readonly string[] = [],
  ): SimulationFailure {
    return { seed: this.seed, kind, message, faults: this.#faults, actors }
  }

  #result(failure: SimulationFailure | undefined): SeedResult {
    return {
      seed: this.seed,
      steps: this.#steps,
      injected: this.#injected,
      restarts: this.#restarts,
      restores: this.#restores,
      processes: this.#world.processes,
      checkpoints: this.#checkpoints,
      failure,
    }
  }
}

/** What a seed decides besides interleaving and faults. */
interface RunChoices {
  readonly slots: number
  readonly codec: 'columns' | 'msgpack'
  readonly checkpoints: CheckpointOptions
  /** By the number of the process, from 0. */
  readonly parallelism: (process: number) => number
}

function choose(options: CheckedOptions, random: () => number): RunChoices {
  const slots = options.slots ?? 1 + Math.floor(random() * 3)
  const anyParallelism = 1 + Math.floor(random() * 3)
  const codec = options.codec ?? (random() < 0.5 ? 'columns' : 'msgpack')
  const intervalMs = 5 * 20 ** random()
  const keep = 1 + Math.floor(random() * 3)
  const tolerableFailures = random() < 0.5 ? 0 : Number.POSITIVE_INFINITY
  const given = options.parallelism ?? anyParallelism
  const list = typeof given === 'number' ? [given] : given
  const alignment = alignmentFor(random())
  const checkpoints = {
    incremental: random() < 0.5,
    intervalMs,
    keep,
    tolerableFailures,
    ...(decidesAlignment(options.checkpoints) ? {} : alignment),
    ...options.checkpoints,
  }
  return {
    slots,
    codec,
    checkpoints,
    parallelism: (process) => list[Math.min(process, list.length - 1)] ?? anyParallelism,
  }
}

function decidesAlignment(checkpoints: SimulatedCheckpoints = {}): boolean {
  return checkpoints.mode !== undefined || checkpoints.unaligned !== undefined
}

/** Barriers that wait, that overtake at once, that overtake after a while. */
function alignmentFor(choice: number): SimulatedCheckpoints {
  if (choice < 1 / 3) return {}
  return choice < 2 / 3
    ? { unaligned: true }
    : { unaligned: true, alignedTimeoutMs: Math.round(choice * 30) }
}

/** Rows as texts, by output. */
export function outputsOf(rows: OutputRows): Outputs {
  const texts = (of: readonly OutputRow[]): string[] => of.map(({ text }) => text)
  return Object.fromEntries([...rows].map(([output, of]) => [output, texts(of)]))
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
