/**
 * What can go wrong in a simulated run of a job, and the choice of it by name.
 */
import { MillraceError } from '../../../mailbox/errors.ts'
import { describeValue } from '../../build-error.ts'

/**
 * A kind of fault.
 *
 * - `actor`: user code of a subtask throws, in any turn.
 * - `operation`: something asynchronous of a subtask fails: a read, a write, a call of async I/O.
 * - `slot`: a thread dies.
 * - `process`: the process dies, as by `kill -9`, and is started again with `resume`. What it had written to the disk is there.
 * - `power`: the same for the whole machine: of what was not synced, nothing or any part is on the disk, torn writes included.
 * - `disk-error`: one call of the disk fails with `EIO`.
 * - `disk-full`: for a while, whatever needs room on the disk fails with `ENOSPC`.
 * - `control`: messages between the coordinator and one slot take long.
 * - `time`: time jumps, by up to an hour.
 */
export type FaultKind = (typeof FAULT_KINDS)[number]

/** All kinds. */
export const FAULT_KINDS = [
  'actor',
  'operation',
  'slot',
  'process',
  'power',
  'disk-error',
  'disk-full',
  'control',
  'time',
] as const

/** Kinds that end the process, or may end it: what it held in memory is lost. */
export const ENDS_PROCESS: readonly FaultKind[] = ['process', 'power', 'disk-error', 'disk-full']

/** Checks a list of kinds; undefined: all. Errors: `INVALID_FAULTS`. */
export function checkedFaults(faults: unknown, where: string): readonly FaultKind[] {
  if (faults === undefined) return FAULT_KINDS
  const unknown = Array.isArray(faults)
    ? faults.find((kind) => !(FAULT_KINDS as readonly unknown[]).includes(kind))
    : faults
  if (unknown === undefined) return [...new Set(faults as FaultKind[])]
  throw new MillraceError(
    'INVALID_FAULTS',
    `${where}: expected a list of ${FAULT_KINDS.join(', ')}, got ${describeValue(unknown)}`,
  )
}
