/** The ways in which checkpoints are made, each of which every shape runs with. */
import type { CheckpointOptions } from '../../api/index.ts'

/** A way, by its name on the command line. */
export type Mode = 'aligned' | 'unaligned' | 'timeout' | 'at-least-once'

/** What `runJob` is told for each. */
export const MODES: Readonly<
  Record<Mode, Pick<CheckpointOptions, 'mode' | 'unaligned' | 'alignedTimeoutMs'>>
> = {
  aligned: { mode: 'exactly-once', unaligned: false },
  unaligned: { mode: 'exactly-once', unaligned: true },
  timeout: { mode: 'exactly-once', unaligned: true, alignedTimeoutMs: 12 },
  'at-least-once': { mode: 'at-least-once' },
}

/** The names of all of them. */
export const MODE_NAMES = Object.keys(MODES) as readonly Mode[]
