/**
 * What a simulation has found.
 */
import type { FaultKind } from './fault-kinds.ts'

/** What is wrong with the run of one seed. */
export interface SimulationFailure {
  readonly seed: number
  /**
   * `wrong output`: it differs from that of the undisturbed run. `job failed`: the job gave up where it should have gone on. `no progress`: the
   * run stood still, or did not end within the steps that it was given.
   */
  readonly kind: 'wrong output' | 'job failed' | 'no progress'
  /** What exactly. */
  readonly message: string
  /** What had gone wrong before, in order, with the steps. */
  readonly faults: readonly string[]
  /** The state of every actor, where there was no progress. */
  readonly actors: readonly string[]
}

/** What the run of one seed came to. */
export interface SeedResult {
  readonly seed: number
  readonly steps: number
  /** What went wrong on purpose. */
  readonly injected: readonly FaultKind[]
  /** How often the job was started again within its process. */
  readonly restarts: number
  /** How often it went on from a checkpoint, in all of its processes. */
  readonly restores: number
  /** Processes that were needed, from 1. */
  readonly processes: number
  /** Checkpoints that were completed in the last process. */
  readonly checkpoints: number
  /** Undefined: the output is that of the undisturbed run. */
  readonly failure: SimulationFailure | undefined
}

/** What `simulateJob` came to. */
export interface SimulationReport {
  readonly jobName: string
  /** Seeds that were run. */
  readonly seeds: number
  readonly steps: number
  /** How often each kind of fault was met. */
  readonly injected: Readonly<Partial<Record<FaultKind, number>>>
  readonly restarts: number
  /** How often a job went on from a checkpoint. */
  readonly restores: number
  readonly processes: number
  readonly checkpoints: number
  /** Real time. */
  readonly durationMs: number
  /** Rows of each output in the undisturbed run: a job that puts nothing out proves nothing. */
  readonly rows: Readonly<Record<string, number>>
  readonly failures: readonly SimulationFailure[]
}
