/**
 * What tests of jobs and actors import from `millrace/testing`: the operator harness, expectations of whole pipelines, scripted
 * sources, the simulator, and a clock that stands still.
 */
export { operatorHarness, twoInputHarness } from './operator-harness.ts'
export { HARNESS_MODES } from './harness-types.ts'
export type {
  AnyHarness,
  HarnessItem,
  HarnessMode,
  HarnessOptions,
  HarnessSnapshot,
  LogLine,
  OperatorHarness,
  OutputsOf,
  StateEntry,
  TwoInputHarness,
} from './harness-types.ts'
export type { HarnessStreams } from './harness-graph.ts'
export { ManualClock } from '../../runtime/manual-clock.ts'
export { Simulator } from '../../runtime/simulator.ts'
export type { SimulatorOptions } from '../../runtime/simulator.ts'
export { expectStream } from './expect-stream.ts'
export type { ExpectOptions, StreamExpectation } from './expect-stream.ts'
export { fromScript, script } from './script.ts'
export type { Script, ScriptStep } from './script.ts'
export { simulateJob } from './simulate/simulate-job.ts'
export { FAULT_KINDS } from './simulate/fault-kinds.ts'
export type { FaultKind } from './simulate/fault-kinds.ts'
export type { OrderKeys, ReadFiles } from './simulate/outside-world.ts'
export type { SeedResult, SimulationFailure, SimulationReport } from './simulate/report.ts'
export type { Outputs, SimulatedCheckpoints, SimulateOptions } from './simulate/simulate-options.ts'
