/**
 * What a run of a job takes for the world outside: the machine and what the user wrote, or what a simulation puts in their place.
 */
import type { DirectoryStoreOptions } from '../../checkpoint/store/directory-store.ts'
import type { CheckpointStatistics } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import type { JobGraph } from '../graph.ts'

/** See the head of this file. */
export interface Surroundings {
  /** Where directories of checkpoints lie. */
  readonly storage: DirectoryStoreOptions
  /** The graph that runs, made of the one that the user has built: the same nodes and edges, other operators. */
  readonly adapt: (graph: JobGraph) => JobGraph
  /** Hears of each checkpoint that has ended. */
  readonly onCheckpoint?: (statistics: CheckpointStatistics) => void
}

/** The machine, and the graph as it is. */
export const REAL_SURROUNDINGS: Surroundings = { storage: {}, adapt: (graph) => graph }
