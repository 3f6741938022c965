/** All deliberate faults, but those of increments, which have a test of their own. */
import { BARRIERS } from './barriers.ts'
import { COORDINATING } from './coordinating.ts'
import type { Fault } from './fault.ts'
import { FILE_SINKS } from './file-sinks.ts'
import { RESTORING } from './restoring.ts'

/** See the heads of their files. */
export const FAULTS: readonly Fault[] = [...RESTORING, ...BARRIERS, ...COORDINATING, ...FILE_SINKS]
