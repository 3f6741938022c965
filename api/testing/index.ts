/**
 * What tests of jobs and actors import from `millrace/testing`: the simulator and a clock that stands still.
 */
export { HARNESS_MODES, operatorHarness, twoInputHarness } from './operator-harness.ts'
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
} from './operator-harness.ts'
export type { HarnessStreams } from './harness-graph.ts'
export { ManualClock } from '../../runtime/manual-clock.ts'
export { Simulator } from '../../runtime/simulator.ts'
export type { SimulatorOptions } from '../../runtime/simulator.ts'
