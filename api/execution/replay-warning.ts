/**
 * Says once, when a job starts, which of its sources make it lose records at a restart. On the main thread.
 */
import { Simulator } from '../../runtime/simulator.ts'
import type { JobGraph } from '../graph.ts'
import type { ResolvedOptions } from './run-options.ts'

/**
 * Warns of the sources that cannot be read again, if the job makes checkpoints and so promises that nothing is lost. Silent in the
 * simulator, which runs the same job many times.
 */
export function warnOfLostRecords(graph: JobGraph, options: ResolvedOptions): void {
  if (options.checkpoints === undefined || options.host instanceof Simulator) return
  const names = graph.nodes.flatMap(({ name, operator }) =>
    operator.kind === 'source' && operator.source.replayable === false ? [`"${name}"`] : [],
  )
  if (names.length === 0) return
  const which = names.length === 1 ? `The source ${names[0]}` : `The sources ${names.join(', ')}`
  process.emitWarning(
    `${which} cannot be read again: when the job goes on from a checkpoint, what was read behind it is lost (at most once).`,
  )
}
