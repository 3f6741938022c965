/**
 * What a job shape is: a small job over a seeded input, and the answer that it must give, found by other means than the engine.
 */
import type { JobDefinition } from '../../../api/index.ts'
import type { ReadFiles } from '../../../api/testing/index.ts'

/** A kind of job. */
export interface Shape {
  readonly name: string
  /** Makes the input from `random`, a job over it, and the answer. The same numbers make the same. */
  make(random: () => number): ShapeCase
}

/** A job over one input. */
export interface ShapeCase {
  readonly job: JobDefinition
  /** The rows of each output, in any order. */
  readonly expected: Readonly<Record<string, readonly object[]>>
  /**
   * By output, the field of its rows that may be larger than expected where records count again after a failure, as at-least-once allows; the
   * other fields say which row it is. Default: none may.
   */
  readonly grows?: Readonly<Record<string, string>>
  /** The parallelism of the first process, the second one, and so on. Default: one for all, by seed. */
  readonly parallelism?: readonly number[]
  /** Reads what the job's sinks write onto the simulated disk. Default: they write nothing. */
  readonly readFiles?: ReadFiles
}
