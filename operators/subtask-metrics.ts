/**
 * What a subtask has done so far, in figures. Asked for a few times per second at the most, never per record.
 */
import type { Load } from '../runtime/load-meter.ts'
import type { SubtaskMetrics, SubtaskParts, SubtaskState } from './subtask-parts.ts'

/** What only the subtask itself knows. */
export interface SubtaskFigures {
  readonly state: SubtaskState
  readonly recordsIn: number
  readonly bytesIn: number
  readonly watermark: number
  readonly load: Load
}

/** The metrics of the subtask that these are the parts and figures of. */
export function subtaskMetrics(parts: SubtaskParts, figures: SubtaskFigures): SubtaskMetrics {
  const { identity, slot, channels, sinks, counters } = parts
  const { load } = figures
  const totalMs = load.busyMs + load.idleMs + load.backpressuredMs
  let recordsOut = 0
  let bytesOut = 0
  for (const channel of channels) {
    recordsOut += channel.recordCount
    bytesOut += channel.byteCount
  }
  let recordsWritten = 0
  let packedSurplus = 0
  for (const sink of sinks) {
    recordsWritten += sink.recordCount
    packedSurplus += sink.packedSurplus
  }
  return {
    taskName: identity.taskName,
    taskId: identity.taskId,
    subtaskIndex: identity.index,
    slot: slot.index,
    state: figures.state,
    recordsIn: figures.recordsIn + packedSurplus,
    recordsOut: recordsOut + recordsWritten,
    recordsWritten,
    bytesIn: figures.bytesIn,
    bytesOut,
    watermark: figures.watermark,
    busy: totalMs === 0 ? 0 : load.busyMs / totalMs,
    idle: totalMs === 0 ? 1 : load.idleMs / totalMs,
    backpressured: totalMs === 0 ? 0 : load.backpressuredMs / totalMs,
    counters: Object.fromEntries([...counters].map(([name, { value }]) => [name, value])),
  }
}
