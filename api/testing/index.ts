/**
 * What tests of jobs and actors import from `millrace/testing`: the simulator and a clock that stands still.
 */
export { ManualClock } from '../../runtime/manual-clock.ts'
export { Simulator } from '../../runtime/simulator.ts'
export type { SimulatorOptions } from '../../runtime/simulator.ts'
