/**
 * What a simulator lets go wrong: asked before every step, on the simulator's thread.
 */

/** How far a simulated run has come, in steps of each kind. */
export interface StepCounts {
  /** All steps. */
  readonly steps: number
  /** Messages of the control plane that have arrived. */
  readonly controls: number
}

/** Something that goes wrong. Numbers called `pick` are in [0, 1) and choose among what there is. */
export type StepFault =
  /** The actor whose turn is chosen next throws, at the begin of its turn or at its end. */
  | { readonly kind: 'actor'; readonly atEnd: boolean }
  /** The asynchronous operation of a slot whose end is chosen next has failed. */
  | { readonly kind: 'operation' }
  /** A thread dies. Of what it has told the coordinator, the last part may be lost. */
  | { readonly kind: 'slot'; readonly pick: number; readonly keep: number }
  /** Everything stops and is forgotten. */
  | { readonly kind: 'process' }
  /** Time jumps. */
  | { readonly kind: 'time'; readonly spanMs: number }
  /** What the coordinator and one slot say to each other takes long. */
  | { readonly kind: 'control'; readonly pick: number; readonly steps: number }

/** Decides what goes wrong, and when. */
export interface StepFaults {
  /** Faults that are due before the next step; each is returned once. */
  due(counts: StepCounts): readonly StepFault[]
}

/** The error of user code that a simulator makes throw. */
export class InjectedError extends Error {
  override readonly name = 'InjectedError'
}
